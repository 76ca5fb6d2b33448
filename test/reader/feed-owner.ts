import { expect, vi } from 'vitest'
import { FeedSession } from '../../src/reader/session.ts'
import type { SessionEvent, SessionOptions } from '../../src/reader/session-events.ts'
import { KEY } from './vendor-server.ts'

export type Frame = {
  readonly data: Buffer
  readonly isBinary: boolean
  readonly recv: number
  readonly clock: number
}

type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

/** A Wednesday, 11:00 New York. */
export const IN_MARKET_HOURS = Date.UTC(2026, 10, 18, 16)
/** The Saturday after. */
export const ON_A_WEEKEND = Date.UTC(2026, 10, 21, 16)

/** A session with an owner that decodes each frame with JSON.parse and keeps everything. */
export class FeedOwner {
  readonly session: FeedSession
  readonly events: SessionEvent[] = []
  readonly frames: Frame[] = []
  /** Sequences of the prints, in order. */
  readonly sequences: number[] = []

  constructor(url: string, options: Partial<SessionOptions> = {}) {
    this.session = new FeedSession({
      url,
      apiKey: KEY,
      connection: 3,
      topics: ['T.*'],
      reconnectMinMs: 1,
      silenceMs: 60_000,
      random: () => 0,
      onFrame: (_connection, data, isBinary, recv, clock) => {
        this.frames.push({ data, isBinary, recv, clock })
        this.#decode(data)
      },
      ...options,
      onEvent: (event) => {
        this.events.push(event)
        options.onEvent?.(event)
      },
    })
  }

  all<T extends SessionEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type)
  }

  /** Waits until `count` events of a type have come and returns all of them. */
  async until<T extends SessionEvent['type']>(type: T, count = 1): Promise<EventOf<T>[]> {
    await eventually(() => expect(this.all(type).length).toBeGreaterThanOrEqual(count))
    return this.all(type)
  }

  #decode(data: Buffer): void {
    let events: unknown
    try {
      events = JSON.parse(data.toString())
    } catch {
      return
    }
    if (!Array.isArray(events)) return
    for (const event of events) {
      if (event.ev === 'status') this.session.handleStatus(event.status, event.message)
      if (event.ev === 'T') this.sequences.push(event.q)
    }
    if (events.some((event) => event.ev === 'T')) this.session.noteData()
  }
}

/** Retries an expectation until it holds; a minute of patience, so that speed decides nothing. */
export function eventually(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation, { interval: 2, timeout: 50_000 })
}
