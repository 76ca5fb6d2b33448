import type { Engine } from './engine.ts'
import type { PartDied } from './part-died.ts'
import type { Snapshots } from './snapshots.ts'

/** One life of pipeline and writer, which die together. */
export type Life = {
  /** Null while it is started. */
  engine: Engine | null
  /** Null until all that came before is in the pipeline. */
  snapshots: Snapshots | null
  readonly dead: PromiseWithResolvers<PartDied>
  /** Who died first; null: it lives. */
  died: PartDied | null
  /** The start of the engine, which ends also when the life does. */
  starting: Promise<unknown>
  /** Ends what waits for a part that is dead. */
  readonly ending: AbortController
}

export function newLife(): Life {
  const dead = Promise.withResolvers<PartDied>()
  const starting = Promise.resolve()
  const ending = new AbortController()
  return { engine: null, snapshots: null, dead, died: null, starting, ending }
}
