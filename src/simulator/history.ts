import { type WireEvent, wireEventsOf } from './wire-events.ts'

/** Kept for REST; the oldest events go first. */
const HISTORY_BYTES_MAX = 64 * 1024 * 1024
/** What an event costs beside its text. */
const EVENT_BYTES = 100

/** A print or quote as REST looks at it: read when it is on the page that is asked for. */
export type PastEvent = {
  /** Vendor time, epoch ms. */
  readonly time: number
  /** Larger than that of every event that came before it. */
  readonly id: number
  /** The event as it is on the wire. */
  readonly read: () => Readonly<Record<string, unknown>>
}

/** Where an event is; `text` is shared by all events of a frame. */
type Place = {
  readonly number: number
  readonly time: number
  readonly id: number
  readonly text: string
  readonly start: number
  readonly end: number
}

/**
 * The latest events of a source, whoever has subscribed to them: what REST has of the past, by
 * ticker, because an engine asks for the quote of one contract many times a second.
 */
export class History {
  readonly #byTicker = new Map<string, Place[]>()
  #frames: { readonly number: number; readonly bytes: number }[] = []
  /** Frames of a tape as they came: most tapes are never asked about. */
  #unread: { readonly number: number; readonly frame: Buffer }[] = []
  #bytes = 0
  #next = 1
  #nextId = 1
  readonly #bytesMax: number

  constructor(bytesMax: number = HISTORY_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Number of the latest frame; a page that continues asks for nothing after its own. */
  get latest(): number {
    return this.#next - 1
  }

  addFrame(frame: Buffer): void {
    this.#unread.push({ number: this.#next++, frame })
    this.#bytes += frame.length
    this.#forget()
  }

  addEvents(events: readonly WireEvent[]): void {
    this.#keep(this.#next++, events)
    this.#forget()
  }

  /**
   * Events of one kind and ticker up to frame number `last`, in order of their time; of equal
   * times in the order in which they came.
   */
  find(kind: 'T' | 'Q', ticker: string, last: number): PastEvent[] {
    for (const { number, frame } of this.#unread.splice(0)) {
      this.#bytes -= frame.length
      this.#keep(number, wireEventsOf(frame.toString()))
    }
    this.#forget()
    const places = this.#byTicker.get(kind + ticker) ?? []
    return places
      .filter(({ number }) => number <= last)
      .sort((a, b) => a.time - b.time)
      .map(({ time, id, text, start, end }) => ({
        time,
        id,
        read: () => JSON.parse(text.slice(start, end)) as Record<string, unknown>,
      }))
  }

  #keep(number: number, events: readonly WireEvent[]): void {
    const text = events.map(({ json }) => json).join('')
    let start = 0
    for (const { kind, ticker, time, json } of events) {
      const end = start + json.length
      const place = { number, time, id: this.#nextId++, text, start, end }
      start = end
      if (Number.isNaN(time)) continue
      const places = this.#byTicker.get(kind + ticker)
      if (places === undefined) this.#byTicker.set(kind + ticker, [place])
      else places.push(place)
    }
    const bytes = text.length + EVENT_BYTES * events.length
    this.#frames.push({ number, bytes })
    this.#bytes += bytes
  }

  #forget(): void {
    if (this.#bytes <= this.#bytesMax) return
    // a quarter at once, so that adding stays cheap
    const wanted = this.#bytesMax * 0.75
    this.#frames = dropWhile(this.#frames, ({ bytes }) => {
      const isTooMuch = this.#bytes > wanted
      if (isTooMuch) this.#bytes -= bytes
      return isTooMuch
    })
    this.#unread = dropWhile(this.#unread, ({ frame }) => {
      const isTooMuch = this.#bytes > wanted
      if (isTooMuch) this.#bytes -= frame.length
      return isTooMuch
    })
    const first = this.#frames[0]?.number ?? this.#next
    for (const [key, places] of this.#byTicker) {
      if (places[0]!.number >= first) continue
      const kept = dropWhile(places, ({ number }) => number < first)
      if (kept.length === 0) this.#byTicker.delete(key)
      else this.#byTicker.set(key, kept)
    }
  }
}

/** The items from the first one on that is not to go. */
function dropWhile<T>(items: readonly T[], isToGo: (item: T) => boolean): T[] {
  let from = 0
  while (from < items.length && isToGo(items[from]!)) from++
  return items.slice(from)
}
