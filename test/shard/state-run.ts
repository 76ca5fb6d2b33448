import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { Router, type SealedSlab } from '../../src/reader/router.ts'
import { UnusedProfiles } from '../../src/reader/unused-profiles.ts'
import { Classifier, type ClassifierOptions } from '../../src/shard/classifier.ts'
import { knowledgeIn } from '../../src/shard/shard-state.ts'
import { EVENT_SLAB_BYTES, EventSlab } from '../../src/slab/event-slab.ts'
import { ROW_SLAB_BYTES, RowSlab } from '../../src/slab/row-slab.ts'
import { SlabPool } from '../../src/slab/slab-pool.ts'
import type { TapeFrame } from '../model/types.ts'

export type Saved = {
  readonly dictionary: Uint8Array
  readonly profiles: Uint8Array
  readonly shards: readonly Uint8Array[]
  /** Reading clock of each connection. */
  readonly clocks: readonly number[]
}

/** What one call of a shard gave, rows as columns by name. */
export type Output = { readonly rows: readonly unknown[]; readonly [name: string]: unknown }

export type StateRunOptions = ClassifierOptions & {
  readonly symbols: ReadonlySet<string> | '*'
  readonly shards: number
  /** What earlier sessions have learnt, as the engine gives it to the router. */
  readonly learnt?: ReadonlyMap<string, Uint8Array>
}

/** Decoder, router and classifiers in one thread, which can be saved after any frame. */
export class StateRun {
  readonly #dictionary: Dictionary
  readonly #decoder: FrameDecoder
  readonly #router: Router
  readonly #profiles: UnusedProfiles
  readonly #pool: SlabPool
  readonly classifiers: readonly Classifier[]
  /** All that came out of each call of each shard, in order. */
  readonly output: Output[] = []
  readonly #clocks: number[]
  #wantsProfiles = false

  constructor(options: StateRunOptions, saved?: Saved) {
    const { symbols, shards, learnt, ...rest } = options
    this.#clocks = [...(saved?.clocks ?? [Number.NaN, Number.NaN])]
    this.#dictionary = new Dictionary({ watched: symbols, contractsMax: 100_000 })
    if (saved !== undefined) this.#dictionary.load(saved.dictionary)
    this.#decoder = new FrameDecoder({ dictionary: this.#dictionary })
    this.classifiers = Array.from({ length: shards }, () => new Classifier(rest))
    this.#pool = new SlabPool(shards + 2, EVENT_SLAB_BYTES)
    const send = (shard: number, sealed: SealedSlab) => this.#send(shard, sealed)
    this.#profiles =
      saved === undefined ? new UnusedProfiles(learnt ?? []) : UnusedProfiles.load(saved.profiles)
    this.#router = new Router(this.#dictionary, this.#pool, shards, 2, send, this.#profiles)
    this.#router.passTime(this.#clocks)
    saved?.shards.forEach((bytes, shard) => {
      this.classifiers[shard]!.load(bytes)
      this.#router.skipKnown(shard, knowledgeIn(bytes))
    })
  }

  feed({ recv, frame, clock: own }: TapeFrame, wantsProfiles = false): void {
    this.#wantsProfiles = wantsProfiles
    const clock = own ?? Math.max(recv, ...this.#clocks.filter((each) => each > 0))
    this.#decoder.decode(Buffer.from(frame), false, recv)
    const connection = frame.length % 2 // any rule that is the same in each run
    this.#clocks[connection] = clock
    const stamp = { recv, clock, connection, readAt: 0 }
    this.#router.route(this.#decoder.columns, 0, stamp)
    for (let shard = 0; shard < this.classifiers.length; shard++) this.#router.seal(shard)
  }

  end(): void {
    this.classifiers.forEach((classifier, shard) => {
      classifier.sink.offer(new ArrayBuffer(ROW_SLAB_BYTES))
      classifier.closeEverything()
      this.#collect(shard, classifier)
    })
  }

  save(): Saved {
    return {
      dictionary: this.#dictionary.save(),
      profiles: this.#profiles.save(),
      shards: this.classifiers.map((classifier) => classifier.save()),
      clocks: [...this.#clocks],
    }
  }

  #send(shard: number, sealed: SealedSlab): void {
    const classifier = this.classifiers[shard]!
    if (sealed.definitions !== null) classifier.define(sealed.definitions)
    classifier.sink.offer(new ArrayBuffer(ROW_SLAB_BYTES))
    if (sealed.slab !== null) {
      const next = classifier.read(new EventSlab(sealed.slab), 0, sealed.rows)
      if (next < sealed.rows) throw new Error('a slab was not read to its end')
      this.#pool.release(sealed.slab)
    }
    classifier.closeQuiet(sealed.clocks)
    this.#collect(shard, classifier)
  }

  #collect(shard: number, classifier: Classifier): void {
    this.output.push({
      shard,
      rows: classifier.sink.take().map(({ buffer, rows }) => columnsOf(new RowSlab(buffer), rows)),
      cancels: classifier.takeCancels(),
      requotes: classifier.takeRequotes(),
      counts: classifier.takeCounts(),
      premium: classifier.takePremium(),
      held: classifier.held,
      pending: classifier.pending,
      profiles: this.#wantsProfiles ? classifier.takeProfiles() : [],
    })
  }
}

/** Every column of a row slab by its name, as far as it is filled. */
function columnsOf(slab: RowSlab, rows: number): Record<string, unknown> {
  const columns = Object.entries(slab).filter(([, column]) => ArrayBuffer.isView(column))
  return Object.fromEntries(columns.map(([name, column]) => [name, column.slice(0, rows)]))
}
