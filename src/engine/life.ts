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
  /** Ends what waits for a part that is dead. */
  readonly ending: AbortController
}

export function newLife(): Life {
  const dead = Promise.withResolvers<PartDied>()
  return { engine: null, snapshots: null, dead, ending: new AbortController() }
}
