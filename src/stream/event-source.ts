import type { ServerResponse } from 'node:http'
import { SECURITY_HEADERS } from '../metrics/limits.ts'
import type { Message } from './message.ts'
import { type EndReason, GOODBYE_MS, type Outlet } from './outlet.ts'

/** How long an EventSource waits before it comes again. */
const RETRY_MS = 3000
/** From then on TCP asks a silent peer whether it is there. */
const KEEP_ALIVE_MS = 30_000

/** Server-sent events: one long answer over HTTP. */
export class EventSourceOutlet implements Outlet {
  readonly #response: ServerResponse

  /** Begins the answer. `position`: where to go on if it breaks off before the first event. */
  constructor(response: ServerResponse, position: number) {
    this.#response = response
    // it may last for ever, and a reader that stalls is noticed by what is buffered
    response.socket?.setTimeout(0)
    response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
    response.on('error', () => {}) // close says the same
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'X-Accel-Buffering': 'no',
    })
    response.write(`retry: ${RETRY_MS}\nid: ${position}\n\n`)
  }

  get buffered(): number {
    return this.#response.writableLength
  }

  send(messages: readonly Message[]): void {
    this.#response.write(messages.map(({ block }) => block).join(''))
  }

  beat(position: number | null): void {
    this.#response.write(position === null ? ': beat\n\n' : `: beat\nid: ${position}\n\n`)
  }

  end(why: EndReason): void {
    if (why === 'slow') {
      this.#response.destroy() // what is said now would wait behind all that it has not taken
      return
    }
    this.#response.end(': the engine stops\n\n')
    setTimeout(() => this.#response.destroy(), GOODBYE_MS).unref()
  }

  onGone(told: () => void): void {
    this.#response.once('close', told)
  }
}
