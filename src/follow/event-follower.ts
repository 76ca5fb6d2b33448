import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveEvent } from '../domain/live-flow.ts'
import {
  countSlices,
  oldestWriterMs,
  type Query,
  readVersions,
  SLICE_MS,
  startAt,
} from './event-rows.ts'

const POLL_MS = 500
/** Versions that are committed this long after they were stamped are told still. */
const LOOK_BACK_MS = 10_000
/** How far back a long transaction of a writer may keep us. */
const LOOK_BACK_MS_MAX = 10 * 60_000
/** Versions that are counted at once; a look goes on behind them until it has reached the newest. */
const COUNTED_MAX = 20_000
/** Versions that are read and told at once. */
const PAGE_ROWS = 1_000
/**
 * Versions in the time that is looked back at whose names are kept, about 150 bytes each. Where
 * there are more, the oldest are not looked at again: what commits there later is missed.
 */
const TOLD_MAX = 100_000
/** Longest wait while the database is away. */
const RETRY_MS_MAX = 5_000

export type EventFollowerOptions = {
  readonly query: Query
  /** Time between two looks. */
  readonly pollMs?: number
  /** Versions recorded at this time or later are told, epoch ms. */
  readonly since: number
  /** Told each version (event_id, revision) once; up to 1,000 at a time. */
  readonly onEvents: (events: readonly LiveEvent[]) => void
  /** Told once when the database cannot be asked; it is tried again for ever. */
  readonly onProblem: (message: string) => void
}

/**
 * Follows the log of events: flow_events and flow_event_revisions. Versions come in the order of
 * recorded_at, but for those whose transaction committed late: they come when they are seen. A look
 * counts the versions of each slice of the last 10 s (longer while a transaction that writes runs
 * that long) and reads the slices that have more than were told. A database that is away delays it
 * only. Versions stamped by a clock more than 10 s behind ours are missed.
 */
export class EventFollower {
  readonly #options: EventFollowerOptions
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  /** By slice of recorded_at: names of the versions that were told. */
  readonly #told = new Map<number, Set<string>>()
  #toldCount = 0
  /** Nothing before it is looked at any more, epoch ms. */
  #floor: number
  #upTo: number
  #isInTrouble = false

  constructor(options: EventFollowerOptions) {
    this.#options = options
    this.#floor = Math.floor(options.since)
    this.#upTo = options.since
    this.#done = this.#run()
  }

  /** Versions committed before this were told, epoch ms. */
  get upTo(): number {
    return this.#upTo
  }

  /** Resolves once the look under way has ended; nothing is told after the call. */
  stop(): Promise<void> {
    this.#stopping.abort()
    return this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { pollMs = POLL_MS, onProblem } = this.#options
    let failures = 0
    while (!signal.aborted) {
      let waitMs = pollMs
      try {
        await this.#look()
        failures = 0
        this.#isInTrouble = false
      } catch (error) {
        waitMs = Math.min(RETRY_MS_MAX, pollMs * 2 ** Math.min(failures++, 10))
        if (!this.#isInTrouble && !signal.aborted) onProblem(troubleText(error))
        this.#isInTrouble = true
      }
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Looks through all that may have new versions, up to the newest. */
  async #look(): Promise<void> {
    const { query } = this.#options
    const startedAt = Date.now()
    const backMs = Math.min(LOOK_BACK_MS_MAX, LOOK_BACK_MS + (await oldestWriterMs(query)))
    let from = this.#floor
    for (;;) {
      const counts = await countSlices(query, from, COUNTED_MAX)
      const counted = counts.reduce((sum, { count }) => sum + count, 0)
      const isCut = counted === COUNTED_MAX
      // the last slice of a count that was cut may have more: the next count begins with it
      const whole = isCut && counts.length > 1 ? counts.slice(0, -1) : counts
      for (const run of grown(whole, (slice) => this.#told.get(slice)?.size ?? 0)) {
        await this.#read(run.from * SLICE_MS, run.until * SLICE_MS)
        if (this.#stopping.signal.aborted) return
      }
      const end = isCut ? (whole.at(-1)!.slice + 1) * SLICE_MS : startedAt
      this.#forget(Math.min(end, startedAt - backMs))
      this.#upTo = Math.max(this.#upTo, end)
      if (!isCut || this.#stopping.signal.aborted) return
      from = end
    }
  }

  async #read(from: number, until: number): Promise<void> {
    let cursor = startAt(Math.max(from, this.#floor))
    for (;;) {
      const rows = await readVersions(this.#options.query, cursor, until, PAGE_ROWS)
      if (this.#stopping.signal.aborted) return
      const fresh = rows.filter((row) => this.#note(row))
      if (fresh.length > 0) this.#options.onEvents(fresh)
      if (rows.length < PAGE_ROWS) return
      cursor = rows.at(-1)!
    }
  }

  /** False: it was told. */
  #note({ recorded_at, event_id, revision }: LiveEvent): boolean {
    const slice = Math.floor(recorded_at / SLICE_MS)
    let names = this.#told.get(slice)
    if (names === undefined) {
      names = new Set()
      this.#told.set(slice, names)
    }
    const name = `${event_id} ${revision}`
    if (names.has(name)) return false
    names.add(name)
    this.#toldCount++
    return true
  }

  /** Slices that end before `floor` are not looked at again, nor the oldest ones of too many. */
  #forget(floor: number): void {
    let next = Math.max(this.#floor, floor - (floor % SLICE_MS))
    const slices = [...this.#told.keys()].sort((a, b) => a - b)
    for (const slice of slices) {
      const end = (slice + 1) * SLICE_MS
      if (end > next && this.#toldCount <= TOLD_MAX) break
      this.#toldCount -= this.#told.get(slice)!.size
      this.#told.delete(slice)
      next = Math.max(next, end)
    }
    this.#floor = next
  }
}

/** Runs of neighbouring slices that have more versions than were told. `until` is exclusive. */
function grown(
  counts: readonly { readonly slice: number; readonly count: number }[],
  toldOf: (slice: number) => number,
): { from: number; until: number }[] {
  const runs: { from: number; until: number }[] = []
  for (const { slice, count } of counts) {
    // one that alone reaches what is counted may have more than that
    if (count <= toldOf(slice) && count < COUNTED_MAX) continue
    const last = runs.at(-1)
    if (last?.until === slice) last.until++
    else runs.push({ from: slice, until: slice + 1 })
  }
  return runs
}

function troubleText(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error)
  return `the events of the database cannot be read (${reason}); tried again until they can`
}
