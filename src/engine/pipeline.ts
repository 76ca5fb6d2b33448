import { FrameDecoder } from '../reader/decode.ts'
import { Dictionary } from '../reader/dictionary.ts'
import { isEvidence } from '../reader/evidence-decode.ts'
import { Intake } from '../reader/intake.ts'
import { type FrameStamp, Router, type SealedSlab } from '../reader/router.ts'
import type { UnusedProfiles } from '../reader/unused-profiles.ts'
import type { ClassifierOptions } from '../shard/classifier.ts'
import { COUNT_HELD_MS_MAX } from '../shard/counts.ts'
import { type ShardHandle, startShard } from '../shard/handle.ts'
import { LOOKUP_HOLD_MS } from '../shard/pending.ts'
import { knowledgeIn } from '../shard/shard-state.ts'
import type { ShardResult } from '../shard/task.ts'
import { EVENT_SLAB_BYTES, KIND_QUOTE } from '../slab/event-slab.ts'
import { ROW_SLAB_BYTES } from '../slab/row-slab.ts'
import { SlabPool } from '../slab/slab-pool.ts'
import type { Committed } from '../writer/messages.ts'
import { Definer } from './definer.ts'
import {
  ownBytes,
  type PipelineOptions,
  profilesFor,
  type SavedPipeline,
} from './pipeline-state.ts'
import { PostedPlaces } from './posted-places.ts'
import { ShardLane, type ShardState } from './shard-lane.ts'

/** An open slab waits this long for more rows when its shard has nothing to do. */
const SEAL_MS = 1
/** How often held prints of quiet underlyings are looked at. */
const TICK_MS = 50
const HELD_WINDOWS_MAX = 10

/** Frames in, rows to the writer: the two rings and who moves them. */
export class Pipeline {
  readonly dictionary: Dictionary
  readonly decoder: FrameDecoder
  readonly #options: PipelineOptions
  readonly #eventSlabs: SlabPool
  readonly #rowSlabs: SlabPool
  readonly #shards: readonly ShardHandle[]
  readonly #lanes: readonly ShardLane[]
  readonly #router: Router
  readonly #profiles: UnusedProfiles
  readonly #intake: Intake
  #sealTimer: NodeJS.Timeout | null = null
  readonly #ticker: NodeJS.Timeout
  readonly #definer: Definer
  /** By shard: who waits for the state behind the slab that is sealed next. */
  readonly #onState: (((state: ShardState) => void) | null)[] = []
  #onProgress: (() => void) | null = null
  #lastRecv = Number.NaN
  #lastReadAt = 0
  /** Cancels and late quotes at the writer: they hold no slab, so they are counted. */
  #correctionsWaiting = 0
  readonly #posted = new PostedPlaces()

  constructor(options: PipelineOptions) {
    const { limits } = options
    this.#options = options
    this.dictionary = new Dictionary({ watched: options.watched, contractsMax: limits.contracts })
    this.#definer = new Definer(this.dictionary)
    const restored = options.restored ?? null
    if (restored !== null) this.dictionary.load(restored.dictionary)
    const known = restored?.shards.map((bytes) => knowledgeIn(bytes)) ?? []
    this.decoder = new FrameDecoder({ dictionary: this.dictionary })
    this.#eventSlabs = new SlabPool(limits.eventSlabs, EVENT_SLAB_BYTES)
    this.#rowSlabs = new SlabPool(limits.rowSlabs, ROW_SLAB_BYTES)
    const classifier: ClassifierOptions = {
      ...options.classifier,
      heldMax: limits.heldPrints,
      printLogRows: limits.printLogRows,
      quoteRowsMax: limits.quoteRows,
    }
    this.#shards = Array.from({ length: options.shards }, () =>
      startShard(classifier, options.onError),
    )
    this.#lanes = this.#shards.map(
      (shard, i) =>
        new ShardLane(
          shard,
          this.#eventSlabs,
          this.#rowSlabs,
          {
            mayRun: () => this.#correctionsWaiting < limits.cancels,
            onResult: (result, sealed) => this.#take(result, sealed, i),
            onIdle: () => this.#laneIdle(i),
            onError: options.onError,
          },
          restored === null ? null : ownBytes(restored.shards[i]!),
        ),
    )
    this.#profiles = profilesFor(options)
    this.#router = new Router(
      this.dictionary,
      this.#eventSlabs,
      options.shards,
      options.connections,
      (shard, sealed) => this.#lanes[shard]!.enqueue(sealed, this.#takeState(shard)),
      this.#profiles,
    )
    for (const [shard, had] of known.entries()) this.#router.skipKnown(shard, had)
    if (restored !== null) this.#router.passTime(restored.clocks.subarray(0, options.connections))
    this.#intake = new Intake(this.decoder, this.#router, options)
    this.#ticker = setInterval(() => this.#tickHeld(), TICK_MS).unref()
  }

  /**
   * Resolves once everything pushed so far is classified, as far as it is not held, and its rows
   * are posted; a restored shard has taken over its state then.
   */
  async flush(): Promise<void> {
    await this.#until(() => !this.#intake.isBlocked)
    for (const shard of this.#lanes.keys()) this.#router.seal(shard)
    await this.#until(() => this.#lanes.every((lane) => lane.isIdle))
  }

  get isBlocked(): boolean {
    return this.#intake.isBlocked
  }

  /** No print is held or on its way. */
  get isQuiet(): boolean {
    return this.#lanes.every((lane, i) => lane.isEmpty && !this.#router.hasRows(i))
  }

  /** Free event slabs. */
  get credits(): number {
    return this.#eventSlabs.free
  }

  /** FrameStamp.place of the oldest frame that is not classified; Infinity: all are. */
  get oldestPlace(): number {
    const parts = [this.#intake, this.#router, ...this.#lanes]
    return Math.min(...parts.map((part) => part.oldestPlace))
  }

  /** The same of the frame that brought the oldest row slab that is not stored. */
  get oldestPosted(): number {
    return Math.min(this.#posted.oldest, this.oldestPlace)
  }

  /** Prints held in all shards. */
  get held(): number {
    return this.#lanes.reduce((sum, { held }) => sum + held, 0)
  }

  /**
   * Everything received before this has been posted or is accounted for, epoch ms. A print is held
   * for at most 4W and W more, or as long as an NBBO is waited for; twice that is held back here.
   */
  receivedTo(now: number): number {
    const { windowMs } = this.#options.classifier
    const heldMs = Math.max(HELD_WINDOWS_MAX * windowMs, 2 * LOOKUP_HOLD_MS)
    const since = this.held > 0 ? this.#lastReadAt - heldMs : now
    const read = [this.#intake, this.#router, ...this.#lanes].map((part) => part.oldestReadAt)
    return Math.min(now, since, ...read)
  }

  push(bytes: Uint8Array, isBinary: boolean, stamp: FrameStamp): void {
    this.#intake.push(bytes, isBinary, stamp)
    if (!isEvidence(bytes)) {
      // evidence comes also while the feed is away: prints held then are older than it
      this.#lastRecv = stamp.recv
      this.#lastReadAt = stamp.readAt
    }
    this.#sealTimer ??= setTimeout(() => this.#sealOpen(), SEAL_MS)
  }

  /** The reading clocks where no frame moves them on; left out while frames wait. */
  passTime(clocks: readonly number[]): void {
    if (!this.#intake.isBlocked) this.#router.passTime(clocks)
  }

  /** Prints that wait for an NBBO over REST, in all shards. */
  get pending(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.pending, 0)
  }

  /** Asks for the size profiles that have changed; they come with a later result. */
  wantProfiles(): void {
    for (const lane of this.#lanes) lane.wantProfiles()
  }

  /** Row slabs, cancels and late quotes that the writer has stored. */
  release({ slabs, cancels, requotes }: Pick<Committed, 'slabs' | 'cancels' | 'requotes'>): void {
    for (const { buffer } of slabs) this.#rowSlabs.release(buffer)
    this.#posted.release(slabs.length)
    this.#correctionsWaiting -= cancels + requotes
    for (const lane of this.#lanes) lane.pump()
  }

  /**
   * The state as of the frame that was pushed last: what is pushed meanwhile is not in it. When it
   * resolves, every row of the frames before has been posted. Only while no frame waits, and one
   * at a time. `onSaved` is told when all results of a shard up to there have come.
   */
  async save(onSaved: (shard: number) => void = () => {}): Promise<SavedPipeline> {
    if (this.isBlocked) throw new Error('a state is saved between two frames')
    const dictionary = this.dictionary.save()
    const { clocks } = this.#router
    const states = this.#lanes.map((_, shard) => {
      const { promise, resolve } = Promise.withResolvers<ShardState>()
      this.#onState[shard] = (state) => {
        onSaved(shard)
        resolve(state)
      }
      this.#router.seal(shard)
      return promise
    })
    const profiles = this.#profiles.save() // the sealing has taken what the frames asked for
    const shards = await Promise.all(states)
    const saveMs = shards.map((state) => state.saveMs)
    const held = shards.reduce((sum, state) => sum + state.held, 0)
    const bytes = shards.map((state) => state.bytes)
    return { dictionary, profiles, clocks, shards: bytes, saveMs, held }
  }

  /** Resolves when every frame pushed is classified, every window closed and every row posted. */
  async drain(): Promise<void> {
    await this.#until(() => !this.#intake.isBlocked)
    this.#lanes.forEach((lane, shard) => {
      if (this.#router.hasRows(shard)) this.#router.seal(shard)
      lane.drain()
    })
    await this.#until(() => this.#lanes.every((lane) => lane.isEmpty))
    for (const lane of this.#lanes) lane.goOn()
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker)
    clearTimeout(this.#sealTimer ?? undefined)
    await Promise.all(this.#shards.map((shard) => shard.close()))
  }

  #takeState(shard: number): ((state: ShardState) => void) | null {
    const onState = this.#onState[shard] ?? null
    this.#onState[shard] = null
    return onState
  }

  #take(
    result: ShardResult,
    { readAt, place }: Pick<SealedSlab, 'readAt' | 'place'>,
    shard: number,
  ) {
    this.#options.onResult(result, readAt, shard)
    this.#posted.read(place)
    const { writer } = this.#options
    const { filled, requotes, cancels } = result
    if (filled.length + requotes.length + cancels.length > 0) this.#definer.tell(writer)
    const heldMs = result.counts[COUNT_HELD_MS_MAX]!
    // a tick brings no event of its own: what it let go was read as long ago as it was held
    const newestReadAt = Number.isNaN(readAt) ? result.classifiedAt : readAt
    for (const { buffer, rows } of filled) {
      const oldestReadAt = newestReadAt - heldMs
      writer.post({ buffer, rows, oldestReadAt, classifiedAt: result.classifiedAt })
      this.#posted.post()
    }
    if (requotes.length > 0) writer.requote(requotes)
    if (cancels.length > 0) writer.cancel(cancels)
    this.#correctionsWaiting += requotes.length + cancels.length
    this.#intake.resume()
    this.#onProgress?.()
  }

  #sealOpen(): void {
    this.#sealTimer = null
    const { columns } = this.decoder
    if (columns.rows > 0 && columns.kind[0]! <= KIND_QUOTE) {
      this.#options.onLag(this.#lastRecv - columns.time[0]!)
    }
    this.#lanes.forEach((lane, shard) => {
      if (lane.isIdle && this.#router.hasRows(shard)) this.#router.seal(shard)
    })
  }

  /** While a shard works, its open slab fills; when it has nothing left, that one is next. */
  #laneIdle(shard: number): void {
    if (this.#sealTimer === null && this.#router.hasRows(shard)) this.#router.seal(shard)
    this.#onProgress?.()
  }

  #tickHeld(): void {
    if (this.#intake.isBlocked) return
    this.#lanes.forEach((lane, shard) => {
      if (lane.held > 0 && lane.isIdle) this.#router.seal(shard)
    })
  }

  #until(isDone: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onProgress = () => {
      if (!isDone()) return
      this.#onProgress = null
      resolve()
    }
    this.#onProgress()
    return promise
  }
}
