import { randomUUID } from 'node:crypto'
import type { Gap } from '../writer/messages.ts'

/** Recorded again when the writer died; it stores them within ms, so few are enough. */
const ENDED_MAX = 20

/**
 * Intervals in which prints may have been missed, a row of flow_gaps each: written when a gap opens
 * and again when it ends, so that a crash in between leaves it on record.
 */
export class GapRecorder {
  readonly #record: (gaps: readonly Gap[]) => void
  readonly #onSeconds: (seconds: number) => void
  readonly #open = new Map<number, Gap>()
  /** The latest that have ended. */
  #ended: readonly Gap[] = []

  constructor(record: (gaps: readonly Gap[]) => void, onSeconds: (seconds: number) => void) {
    this.#record = record
    this.#onSeconds = onSeconds
  }

  /** A connection has lost its feed since `startedAt` (epoch ms). One that is open goes on. */
  begin(connection: number, startedAt: number, symbols: readonly string[], reason: string): void {
    if (this.#open.has(connection)) return
    const gap: Gap = {
      gapId: randomUUID(),
      startedAt,
      endedAt: null,
      symbols,
      reason,
      filled: 0,
      status: 'open',
    }
    this.#open.set(connection, gap)
    this.#record([gap])
  }

  /** The connection is subscribed again. */
  end(connection: number, endedAt: number): void {
    const gap = this.#open.get(connection)
    if (gap === undefined) return
    this.#open.delete(connection)
    const ended = { ...gap, endedAt: Math.max(endedAt, gap.startedAt), status: 'unfilled' }
    this.#ended = [...this.#ended.slice(1 - ENDED_MAX), ended]
    this.#record([ended])
    this.#onSeconds(Math.max(0, endedAt - gap.startedAt) / 1000)
  }

  /** The writer died and may have lost some: all that may not be on record yet. */
  recordAgain(): void {
    const gaps = [...this.#ended, ...this.#open.values()]
    if (gaps.length > 0) this.#record(gaps)
  }

  /** The engine ends: what comes after is the next start's gap. */
  endAll(endedAt: number): void {
    for (const connection of [...this.#open.keys()]) this.end(connection, endedAt)
  }
}
