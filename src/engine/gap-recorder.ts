import { randomUUID } from 'node:crypto'
import type { Gap } from '../writer/messages.ts'

/**
 * Intervals in which prints may have been missed, a row of flow_gaps each: written when a gap opens
 * and again when it ends, so that a crash in between leaves it on record.
 */
export class GapRecorder {
  readonly #record: (gaps: readonly Gap[]) => void
  readonly #onSeconds: (seconds: number) => void
  readonly #open = new Map<number, Gap>()

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
    this.#record([{ ...gap, endedAt: Math.max(endedAt, gap.startedAt), status: 'unfilled' }])
    this.#onSeconds(Math.max(0, endedAt - gap.startedAt) / 1000)
  }

  /** The engine ends: what comes after is the next start's gap. */
  endAll(endedAt: number): void {
    for (const connection of [...this.#open.keys()]) this.end(connection, endedAt)
  }
}
