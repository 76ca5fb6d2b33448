import type { Log } from '../console/log.ts'
import type { Journal } from '../journal/journal.ts'
import type { Position } from '../journal/position.ts'
import { type Snapshot, type SnapshotHeader, writeSnapshot } from '../journal/snapshot-file.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Writer } from '../writer/handle.ts'
import type { FeedGate } from './feed-gate.ts'
import type { Meter, MeterMark } from './meter.ts'
import type { Pipeline } from './pipeline.ts'

const PERIOD_MS = 60_000
/** A large state holds its shards up for longer: no more than a 200th of the time goes into it. */
const STILL_TIMES = 200
const PERIOD_MS_MAX = 10 * 60_000
/** How often it is looked whether it is time. */
const LOOK_MS = 1000
const BYTES_MS = 1000

export type SnapshotsOptions = {
  readonly dir: string
  readonly journal: Journal
  /** The pipeline has all that lies before this in the journal, and nothing behind it. */
  readonly given: () => Position
  readonly pipeline: Pipeline
  readonly writer: Pick<Writer, 'settled'>
  readonly meter: Pick<Meter, 'mark' | 'markShard'>
  /** It is on the disk; what had been counted up to it. */
  readonly onSaved: (position: Position, mark: MeterMark) => void
  readonly gate: FeedGate
  readonly header: SnapshotHeader
  /** Of the snapshot that was restored; null: none was. */
  readonly restored: Position | null
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Puts the whole state by, every minute unless it is large, so that the next start reads no more
 * than that of the journal, and drops what no snapshot needs.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #timers: readonly NodeJS.Timeout[]
  /** Positions of the two newest snapshots. */
  #kept: readonly Position[]
  #saving: Promise<void> | null = null
  #writing: Promise<void> = Promise.resolve()
  #isClosed = false
  #hasFailed = false
  #nextAt = performance.now() + PERIOD_MS

  constructor(options: SnapshotsOptions) {
    this.#options = options
    this.#kept = options.restored === null ? [] : [options.restored]
    const { journal, metrics } = options
    this.#timers = [
      setInterval(() => this.#look(), LOOK_MS).unref(),
      setInterval(() => metrics.spoolBytes.set(journal.bytes), BYTES_MS).unref(),
    ]
  }

  /** The one that is under way, or a new one. Never throws: a failure is told, and tried again. */
  save(): Promise<void> {
    this.#saving ??= this.#save()
      .catch((error: Error) => {
        if (this.#isClosed || this.#hasFailed) return
        this.#hasFailed = true
        this.#options.log.error('the state could not be saved; tried again in a minute', error)
      })
      .finally(() => {
        this.#saving = null
      })
    return this.#saving
  }

  /** One that holds all there is now: waits for one that is under way first. */
  async saveNow(): Promise<void> {
    await this.#saving
    await this.save()
  }

  /** The journal is full: the first frees what lies before the one before, the second the rest. */
  async makeRoom(): Promise<void> {
    const { gate } = this.#options
    for (let i = 0; i < 2 && gate.isHeld('journal') && !this.#isClosed; i++) await this.saveNow()
  }

  /** No more of them. One that is being written is waited for, one that still forms is not. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#writing.catch(() => {}) // told by save()
  }

  #look(): void {
    if (performance.now() < this.#nextAt) return
    this.#nextAt = performance.now() + PERIOD_MS
    void this.save()
  }

  async #save(): Promise<void> {
    const { journal, given, pipeline, writer, gate, log, meter } = this.#options
    while (pipeline.isBlocked && !this.#isClosed) await gate.released
    if (this.#isClosed) return
    const startedAt = performance.now()
    const position = given()
    const mark = meter.mark()
    const { saveMs, ...state } = await pipeline.save((shard) => meter.markShard(mark, shard))
    // rows of the frames before are in no later replay: they must be in the table
    const stored = await writer.settled()
    await journal.sync()
    if (this.#isClosed) return
    this.#writing = this.#write({ position, stored, ...state }, mark)
    await this.#writing
    this.#hasFailed = false
    const stillMs = Math.max(...saveMs)
    const periodMs = Math.min(Math.max(PERIOD_MS, STILL_TIMES * stillMs), PERIOD_MS_MAX)
    this.#nextAt = startedAt + periodMs
    const bytes = state.shards.reduce((sum, { length }) => sum + length, state.dictionary.length)
    const ms = Math.round(performance.now() - startedAt)
    log.info('state saved', { bytes, ms, shard_ms: Math.round(stillMs) })
  }

  async #write(snapshot: Omit<Snapshot, 'header'>, mark: MeterMark): Promise<void> {
    const { dir, journal, header, metrics, onSaved } = this.#options
    const { position } = snapshot
    await writeSnapshot(dir, { ...snapshot, header })
    onSaved(position, mark)
    this.#kept = [...this.#kept.slice(-1), position]
    if (this.#kept.length === 2) await journal.dropBefore(this.#kept[0]!)
    metrics.spoolBytes.set(journal.bytes)
  }
}
