import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveEvent } from '../domain/live-flow.ts'
import {
  countSlices,
  countVersions,
  oldestWriterMs,
  type Query,
  readVersions,
  SLICE_MS,
  type SliceCount,
  startAt,
} from './event-rows.ts'
import { FOLLOW_LIMITS, type FollowLimits } from './limits.ts'

const POLL_MS = 500
/** Versions that are committed this long after they were stamped are told still. */
const LOOK_BACK_MS = 10_000
/** How far back a long transaction of a writer may keep us. */
const LOOK_BACK_MS_MAX = 10 * 60_000
/** Versions that are read and told at once. */
const PAGE_ROWS = 1_000
/** Longest wait while the database is away. */
const RETRY_MS_MAX = 5_000

/** Versions that were committed too late to be told. Times are those of recorded_at, epoch ms. */
export type MissedVersions = { readonly count: number; readonly from: number; readonly to: number }

/** A time that is not looked at again although something may be committed there still. */
type GivenUp = { readonly from: number; readonly until: number; readonly told: number }

export type EventFollowerOptions = {
  readonly query: Query
  /** Time between two looks. */
  readonly pollMs?: number
  /** Versions recorded at this time or later are told, epoch ms. */
  readonly since: number
  /** Told each version (event_id, revision) once; up to 1,000 at a time. */
  readonly onEvents: (events: readonly LiveEvent[]) => void
  /** Told what was committed behind more than `toldMax` newer ones, once no more can come there. */
  readonly onMissed: (missed: MissedVersions) => void
  /** Told once when the database cannot be asked, which is tried again for ever; and what is missed. */
  readonly onProblem: (message: string) => void
  readonly limits?: FollowLimits
}

/**
 * Follows the log of events: flow_events and flow_event_revisions. Versions come in the order of
 * recorded_at, but for those whose transaction committed late: they come when they are seen. A look
 * counts the versions of each slice of the last 10 s (longer while a transaction that writes runs
 * that long) and reads the slices that have more than were told. A database that is away delays it
 * only. Versions stamped by a clock more than 10 s behind ours are missed, and those committed
 * behind 100,000 newer ones; the latter are counted.
 */
export class EventFollower {
  readonly #options: EventFollowerOptions
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  /** By slice of recorded_at: names of the versions that were told. */
  readonly #told = new Map<number, Set<string>>()
  #toldCount = 0
  /** The oldest first, one for each look of 10 min at most. */
  readonly #givenUp: GivenUp[] = []
  readonly #limits: FollowLimits
  /** Nothing before it is looked at any more, epoch ms. */
  #floor: number
  #upTo: number
  #isInTrouble = false

  constructor(options: EventFollowerOptions) {
    this.#options = options
    this.#limits = options.limits ?? FOLLOW_LIMITS
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
    const startedAt = Date.now()
    const writerMs = await oldestWriterMs(this.#options.query)
    const backTo = startedAt - Math.min(LOOK_BACK_MS_MAX, LOOK_BACK_MS + writerMs)
    for (let from: number | null = this.#floor; from !== null; ) {
      const { counts, next } = await this.#count(from)
      for (const run of grown(counts, (slice) => this.#told.get(slice)?.size ?? 0)) {
        await this.#read(run.from * SLICE_MS, run.until * SLICE_MS)
        if (this.#stopping.signal.aborted) return
      }
      const end = Math.min(next ?? startedAt, startedAt)
      this.#forget(Math.min(end, backTo))
      this.#upTo = Math.max(this.#upTo, end)
      from = next
    }
    await this.#settle(backTo)
  }

  /** Slices from `from` on, and where to go on behind them, epoch ms; null: these were all. */
  async #count(from: number): Promise<{ counts: readonly SliceCount[]; next: number | null }> {
    const { query } = this.#options
    const { countedMax, toldMax } = this.#limits
    const counts = await countSlices(query, from, countedMax)
    const counted = counts.reduce((sum, { count }) => sum + count, 0)
    if (counted < countedMax) return { counts, next: null }
    // the last slice of a count that was cut may have more
    const { slice } = counts.at(-1)!
    if (counts.length > 1) return { counts: counts.slice(0, -1), next: slice * SLICE_MS }
    const next = (slice + 1) * SLICE_MS
    return { counts: [{ slice, count: await countVersions(query, from, next, toldMax + 1) }], next }
  }

  /** Tells what was committed late in times that were given up and end before `backTo`. */
  async #settle(backTo: number): Promise<void> {
    const { query, onMissed, onProblem } = this.#options
    const { toldMax } = this.#limits
    for (let oldest = this.#givenUp[0]; oldest !== undefined; oldest = this.#givenUp[0]) {
      const { from, until, told } = oldest
      if (until > backTo) return
      const count = (await countVersions(query, from, until, told + toldMax)) - told
      if (this.#stopping.signal.aborted) return
      this.#givenUp.shift()
      if (count <= 0) continue
      onMissed({ count, from, to: until })
      onProblem(missedText(count, toldMax))
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
    const due = Math.max(this.#floor, floor - (floor % SLICE_MS))
    let next = due
    let told = 0
    const slices = [...this.#told.keys()].sort((a, b) => a - b)
    for (const slice of slices) {
      const end = (slice + 1) * SLICE_MS
      if (end > due && this.#toldCount <= this.#limits.toldMax) break
      const { size } = this.#told.get(slice)!
      this.#toldCount -= size
      this.#told.delete(slice)
      if (end > due) told += size
      next = Math.max(next, end)
    }
    if (next > due) this.#givenUp.push({ from: due, until: next, told })
    this.#floor = next
  }
}

/** Runs of neighbouring slices that have more versions than were told. `until` is exclusive. */
function grown(
  counts: readonly SliceCount[],
  toldOf: (slice: number) => number,
): { from: number; until: number }[] {
  const runs: { from: number; until: number }[] = []
  for (const { slice, count } of counts) {
    if (count <= toldOf(slice)) continue
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

function missedText(versions: number, toldMax: number): string {
  const why = `were committed behind more than ${toldMax} newer ones and are not told`
  return `${versions} versions of events ${why}; the database has them`
}
