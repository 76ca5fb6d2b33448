import { applyTally, newCounts } from './decode-counts.ts'
import type { Dictionary } from './dictionary.ts'
import { EventColumns } from './event-columns.ts'
import { EventRows } from './event-rows.ts'
import { decodeEvidence, isEvidence } from './evidence-decode.ts'
import { decodeGeneric, type StatusEvent } from './generic-decode.ts'
import { FrameScanner } from './scan.ts'

/**
 * Vendor frames to rows. A frame is scanned as bytes; one that the scanner does not understand is
 * read again, from its start, with JSON.parse, and gives the same rows and counts either way.
 */
export class FrameDecoder {
  /** The frame's prints and quotes, in event order. Valid until the next decode. */
  readonly columns = new EventColumns()
  readonly counts = newCounts()
  readonly #rows: EventRows
  readonly #scanner: FrameScanner
  #statuses: StatusEvent[] = []

  constructor(options: { dictionary: Dictionary }) {
    this.#rows = new EventRows(options.dictionary, this.columns)
    this.#scanner = new FrameScanner(this.#rows)
  }

  /** The frame's status events, in order. Valid until the next decode. */
  get statuses(): readonly StatusEvent[] {
    return this.#statuses
  }

  /**
   * Fills `columns` and `statuses` from one frame received at `recv` (epoch ms; NaN: no receive
   * time). False: the frame is malformed, counts as such, and leaves no row. Contracts that a
   * malformed frame named keep their ids.
   */
  decode(frame: Uint8Array, isBinary: boolean, recv: number): boolean {
    this.#forget()
    this.#rows.recv = recv
    if (!isBinary) {
      if (isEvidence(frame)) return this.#evidence(frame)
      if (this.#scanner.scan(frame)) return this.#accept()
      this.#forget()
      if (decodeGeneric(frame, this.#rows, this.#statuses)) return this.#accept()
      this.#forget()
    }
    this.counts.framesMalformed++
    return false
  }

  /** An event that is set aside instead, as a frame of its own: counted, if it is a print. */
  leaveOut(event: Uint8Array): void {
    if (!/"ev"\s*:\s*"T"/.test(Buffer.from(event).toString('latin1'))) return
    this.counts.received++
    this.counts.dropped.set_aside++
  }

  #evidence(frame: Uint8Array): boolean {
    const { dictionary, tally } = this.#rows
    if (decodeEvidence(frame, dictionary, this.columns, tally)) return this.#accept()
    this.#forget()
    this.counts.framesMalformed++
    return false
  }

  #accept(): true {
    applyTally(this.counts, this.#rows.tally)
    return true
  }

  #forget(): void {
    this.columns.clear()
    this.#rows.tally.fill(0)
    if (this.#statuses.length > 0) this.#statuses = []
  }
}
