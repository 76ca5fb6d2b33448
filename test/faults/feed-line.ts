import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the line does with bytes. */
export type LineState =
  | 'open'
  /** Whoever is connected hears nothing more, either way, and nobody is told. */
  | 'dead'
  /** A few bytes at a time come from the vendor. */
  | 'slow'

const SLOW_BYTES = 700
const SLOW_MS = 4

/** The line between the engine and its vendor, with what can happen to one. */
export class FeedLine {
  /** Of connections that are made from now on. */
  state: LineState = 'open'
  readonly #target: URL
  readonly #server: Server
  readonly #open = new Set<Line>()

  private constructor(target: URL, server: Server) {
    this.#target = target
    this.#server = server
  }

  /** A line to a ws:// address. */
  static async to(url: string): Promise<FeedLine> {
    const server = createServer({ allowHalfOpen: true })
    const line = new FeedLine(new URL(url), server)
    server.on('connection', (client) => line.#take(client))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get url(): string {
    const url = new URL(this.#target)
    url.port = `${(this.#server.address() as { port: number }).port}`
    return url.href
  }

  /** Connections that were made so far and are not closed. */
  get connections(): number {
    return this.#open.size
  }

  /** Ends every connection without a word of the protocol. */
  cut(): void {
    for (const line of this.#open) line.destroy()
  }

  /** Changes the connections that there are; new ones come as `state` says. */
  turn(state: LineState): void {
    for (const line of this.#open) line.state = state
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #take(client: Socket): void {
    const vendor = connect(Number(this.#target.port), this.#target.hostname)
    const line = new Line(client, vendor, this.state)
    this.#open.add(line)
    client.on('close', () => {
      this.#open.delete(line)
      line.destroy()
    })
  }
}

class Line {
  state: LineState
  readonly #client: Socket
  readonly #vendor: Socket

  constructor(client: Socket, vendor: Socket, state: LineState) {
    this.#client = client
    this.#vendor = vendor
    this.state = state
    for (const socket of [client, vendor]) socket.on('error', () => {})
    vendor.on('close', () => {
      if (this.state !== 'dead') client.destroy()
    })
    void this.#pump(client, vendor, false)
    void this.#pump(vendor, client, true)
  }

  destroy(): void {
    this.#client.destroy()
    this.#vendor.destroy()
  }

  async #pump(from: Socket, to: Socket, mayBeSlow: boolean): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; ) {
          if (this.state === 'dead') break
          const isSlow = mayBeSlow && this.state === 'slow'
          const end = isSlow ? at + SLOW_BYTES : chunk.length
          to.write(chunk.subarray(at, end))
          at = end
          if (isSlow) await sleep(SLOW_MS)
        }
      }
      if (this.state !== 'dead') to.end()
    } catch {
      // it was cut
    }
  }
}
