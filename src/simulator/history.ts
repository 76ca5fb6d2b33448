import { wireEventsOf } from './wire-events.ts'

/** Kept for REST; the oldest frames go first. */
const HISTORY_BYTES_MAX = 64 * 1024 * 1024

type Entry = { readonly number: number; readonly frame: string | Buffer }

/** A print or quote as REST looks at it. */
export type PastEvent = Readonly<Record<string, unknown>> & { readonly t: number }

/** The latest frames that went over the wire, or would have: what REST has of the past. */
export class History {
  #entries: Entry[] = []
  #bytes = 0
  #next = 1
  readonly #bytesMax: number

  constructor(bytesMax: number = HISTORY_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Number of the latest frame; a page that continues asks for nothing after its own. */
  get latest(): number {
    return this.#next - 1
  }

  add(frame: string | Buffer): void {
    this.#entries.push({ number: this.#next++, frame })
    this.#bytes += frame.length
    if (this.#bytes <= this.#bytesMax) return
    // a quarter at once, so that adding stays cheap
    let drop = 0
    while (this.#bytes > this.#bytesMax * 0.75) this.#bytes -= this.#entries[drop++]!.frame.length
    this.#entries = this.#entries.slice(drop)
  }

  /** Events of one kind and ticker in the order of their time, up to frame number `last`. */
  find(kind: 'T' | 'Q', ticker: string, last: number): PastEvent[] {
    const found: PastEvent[] = []
    for (const { number, frame } of this.#entries) {
      if (number > last) break
      if (!frame.includes(ticker)) continue
      for (const event of wireEventsOf(frame.toString())) {
        if (event.kind !== kind || event.ticker !== ticker) continue
        const past = JSON.parse(event.json) as PastEvent
        if (Number.isSafeInteger(past.t)) found.push(past)
      }
    }
    return found.sort((a, b) => a.t - b.t)
  }
}
