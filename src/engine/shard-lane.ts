import type { SealedSlab } from '../reader/router.ts'
import type { ShardHandle } from '../shard/handle.ts'
import { PROFILES_A_CALL, type ShardResult } from '../shard/task.ts'
import type { SlabPool } from '../slab/slab-pool.ts'

/** Empty row slabs that a shard is given ahead, so that it need not come back for each. */
const ROW_SLABS_AHEAD = 2

/** What a call without a slab has read. */
const NOTHING_READ = { readAt: Number.NaN, place: Number.NaN }

/** `onState`: the state of the shard is wanted behind this slab. */
type Queued = SealedSlab & { readonly onState: ((state: ShardState) => void) | null }

/** Bytes of Classifier.save, and how many ms the shard stood still for them. */
export type ShardState = {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly saveMs: number
  /** Prints held in it. */
  readonly held: number
}

export type LaneEvents = {
  /** Whether the writer has room for what a call may bring besides rows. */
  mayRun(): boolean
  /**
   * A call came back. The event slab has been released already; rows and cancels are the
   * owner's.
   */
  onResult(result: ShardResult, sealed: Pick<SealedSlab, 'readAt' | 'place'>): void
  /** Nothing is queued and nothing runs: an open slab may as well be sent. */
  onIdle(): void
  /** The thread died, or the rules threw: a bug, and the engine cannot go on. */
  onError(error: unknown): void
}

/**
 * The way of one shard's slabs: a queue in order, one call at a time, and the supply of row slabs.
 * A slab that came back half read stays first and waits until a row slab is free.
 */
export class ShardLane {
  readonly #shard: ShardHandle
  readonly #eventSlabs: SlabPool
  readonly #rowSlabs: SlabPool
  readonly #events: LaneEvents
  readonly #queue: Queued[] = []
  #from = 0
  #isRunning = false
  #isDraining = false
  #isWaiting = false
  #empties = 0
  #wantsProfiles = false
  #restored: Uint8Array<ArrayBuffer> | null
  /** Prints held in the shard. */
  held = 0
  /** Those of them that wait for an NBBO over REST. */
  pending = 0

  /** `restored`: what the shard goes on from, which goes with the first call. */
  constructor(
    shard: ShardHandle,
    eventSlabs: SlabPool,
    rowSlabs: SlabPool,
    events: LaneEvents,
    restored: Uint8Array<ArrayBuffer> | null = null,
  ) {
    this.#shard = shard
    this.#eventSlabs = eventSlabs
    this.#rowSlabs = rowSlabs
    this.#events = events
    this.#restored = restored
  }

  get isIdle(): boolean {
    return !this.#isRunning && this.#queue.length === 0 && !this.#isWaiting
  }

  /** Nothing queued, running, waiting or held, and no size profiles still to come. */
  get isEmpty(): boolean {
    return this.isIdle && this.held === 0 && !this.#wantsProfiles
  }

  /** When the oldest event of the queue was read, epoch ms; Infinity: none. */
  get oldestReadAt(): number {
    const readAt = this.#queue.find((sealed) => sealed.rows > 0)?.readAt
    return readAt ?? Number.POSITIVE_INFINITY
  }

  /** FrameStamp.place of the oldest event of the queue; Infinity: none. */
  get oldestPlace(): number {
    return this.#queue.find((sealed) => sealed.rows > 0)?.place ?? Number.POSITIVE_INFINITY
  }

  /** `onState` is told the state of the shard as of the end of this slab, once it is taken. */
  enqueue(sealed: SealedSlab, onState: ((state: ShardState) => void) | null = null): void {
    this.#queue.push({ ...sealed, onState })
    this.pump()
  }

  /** The next call brings the size profiles that have changed; in a drain the last call does. */
  wantProfiles(): void {
    this.#wantsProfiles = true
    if (this.#isDraining) this.pump() // nothing else may come that would
  }

  /** Until goOn() each call closes every window. The queue must hold all slabs there will be. */
  drain(): void {
    this.#isDraining = true
    this.pump()
  }

  /** Every window is closed; windows may open again. */
  goOn(): void {
    this.#isDraining = false
  }

  /** Starts the next call if there is one to make; called again when a row slab has come free. */
  pump(): void {
    if (this.#isRunning || !this.#events.mayRun()) return
    const next = this.#queue[0]
    const hasMore = this.#isDraining && (this.held > 0 || this.#wantsProfiles)
    const hasWork = next !== undefined || this.#isWaiting || hasMore
    if (!hasWork) return
    const rowSlabs: ArrayBuffer[] = []
    while (this.#empties + rowSlabs.length < ROW_SLABS_AHEAD) {
      const buffer = this.#rowSlabs.acquire()
      if (buffer === undefined) break
      rowSlabs.push(buffer)
    }
    // without room a call can only come back as it went; a tick or a first row may need none
    if (this.#empties + rowSlabs.length === 0) return
    this.#isRunning = true
    const restored = this.#restored
    this.#restored = null
    this.#shard
      .run({
        restored,
        definitions: next?.definitions ?? null,
        slab: next?.slab ?? null,
        from: this.#from,
        rows: next?.rows ?? 0,
        clocks: next?.clocks ?? new Float64Array(0),
        rowSlabs,
        isDrain: this.#isDraining && this.#queue.length <= 1,
        wantsState: next !== undefined && next.onState !== null,
        wantsProfiles: this.#takeWish(),
      })
      .then(
        (result) => this.#finish(next, result),
        (cause: unknown) => this.#events.onError(new Error('a shard died', { cause })),
      )
      .catch((error: unknown) => this.#events.onError(error))
  }

  #takeWish(): boolean {
    if (!this.#wantsProfiles || (this.#isDraining && this.#queue.length > 0)) return false
    this.#wantsProfiles = false
    return true
  }

  #finish(sealed: Queued | undefined, result: ShardResult): void {
    this.#isRunning = false
    this.held = result.held
    this.pending = result.pending
    this.#isWaiting = result.isWaiting
    this.#empties = result.empties
    if (result.profiles.length === PROFILES_A_CALL) this.#wantsProfiles = true
    if (sealed !== undefined) {
      if (result.next < sealed.rows) {
        this.#from = result.next
        this.#queue[0] = { ...sealed, definitions: null, slab: result.slab }
      } else {
        this.#from = 0
        const isDone = sealed.onState === null || result.state !== null
        if (isDone) this.#queue.shift()
        else this.#queue[0] = { ...sealed, definitions: null, slab: null, rows: 0 } // asks again
        if (result.slab !== null) this.#eventSlabs.release(result.slab)
      }
    }
    this.#events.onResult(result, sealed ?? NOTHING_READ)
    const { state, saveMs } = result
    if (state !== null) sealed?.onState?.({ bytes: state, saveMs, held: result.held })
    this.pump()
    if (this.isIdle) this.#events.onIdle()
  }
}
