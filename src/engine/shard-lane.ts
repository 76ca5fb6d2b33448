import type { SealedSlab } from '../reader/router.ts'
import type { ShardHandle } from '../shard/handle.ts'
import { PROFILES_A_CALL, type ShardResult } from '../shard/task.ts'
import type { SlabPool } from '../slab/slab-pool.ts'

/** Empty row slabs that a shard is given ahead, so that it need not come back for each. */
const ROW_SLABS_AHEAD = 2

export type LaneEvents = {
  /** Whether the writer has room for what a call may bring besides rows. */
  mayRun(): boolean
  /**
   * A call came back. The event slab has been released already; rows and cancels are the
   * owner's.
   */
  onResult(result: ShardResult, readAt: number): void
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
  readonly #queue: SealedSlab[] = []
  #from = 0
  #isRunning = false
  #isDraining = false
  #isWaiting = false
  #empties = 0
  #wantsProfiles = false
  /** Prints held in the shard. */
  held = 0
  /** Those of them that wait for an NBBO over REST. */
  pending = 0

  constructor(shard: ShardHandle, eventSlabs: SlabPool, rowSlabs: SlabPool, events: LaneEvents) {
    this.#shard = shard
    this.#eventSlabs = eventSlabs
    this.#rowSlabs = rowSlabs
    this.#events = events
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

  enqueue(sealed: SealedSlab): void {
    this.#queue.push(sealed)
    this.pump()
  }

  /** The next call brings the size profiles that have changed; in a drain the last call does. */
  wantProfiles(): void {
    this.#wantsProfiles = true
    if (this.#isDraining) this.pump() // nothing else may come that would
  }

  /** From here on each call closes every window. The queue must hold all slabs there will be. */
  drain(): void {
    this.#isDraining = true
    this.pump()
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
    this.#shard
      .run({
        definitions: next?.definitions ?? null,
        slab: next?.slab ?? null,
        from: this.#from,
        rows: next?.rows ?? 0,
        clocks: next?.clocks ?? new Float64Array(0),
        rowSlabs,
        isDrain: this.#isDraining && this.#queue.length <= 1,
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

  #finish(sealed: SealedSlab | undefined, result: ShardResult): void {
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
        this.#queue.shift()
        this.#from = 0
        if (result.slab !== null) this.#eventSlabs.release(result.slab)
      }
    }
    this.#events.onResult(result, sealed?.readAt ?? Number.NaN)
    this.pump()
    if (this.isIdle) this.#events.onIdle()
  }
}
