import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../e2e/flow-process.ts'
import { json, type RestServer, startRest } from '../reader/rest-server.ts'
import { CONNECTED, type Peer, startVendor, status, type Vendor } from '../reader/vendor-server.ts'
import { CONTRACTS, type LoadFrame, LoadTape, WATCHED } from './load-tape.ts'

/** Frames go out in bursts, as the vendor's do. */
const BURST_MS = 8
const BURST_FRAMES = 6
const SOCKET_BYTES_MAX = 1024 * 1024

/**
 * A vendor that plays one tape to whoever is connected, and waits with the next frame while the
 * connection that it belongs to is missing. What it has sent it never sends again.
 */
export class LoadVendor {
  readonly tape: LoadTape
  readonly vendor: Vendor
  readonly #rest: RestServer
  readonly #subscribed = new Set<Peer>()
  /** Frames sent so far. */
  sent = 0
  /** How far it may play, by `sent`. */
  #goal = 0
  #refused: string | null = null
  #isClosed = false
  #next: LoadFrame | null = null

  private constructor(tape: LoadTape, vendor: Vendor, rest: RestServer) {
    this.tape = tape
    this.vendor = vendor
    this.#rest = rest
  }

  static async start(seed: number): Promise<LoadVendor> {
    const found: { it?: LoadVendor } = {}
    const vendor = await startVendor([(peer) => found.it!.#welcome(peer)])
    const rest = await startRest([
      (response, request) => {
        const asked = new URL(request.url ?? '', 'http://127.0.0.1')
        const listed = CONTRACTS[asked.searchParams.get('underlying_ticker') ?? ''] ?? []
        const isListing = asked.pathname.includes('/reference/options/contracts')
        const results = isListing ? listed.map((ticker) => ({ ticker })) : []
        json({ status: 'OK', results })(response, request)
      },
    ])
    found.it = new LoadVendor(new LoadTape(seed), vendor, rest)
    void found.it.#play()
    return found.it
  }

  /** Settings of an engine that reads it; over two connections, or over one. */
  settings(connections: 1 | 2): Record<string, string> {
    const own = { FLOW_FEED_URL: this.vendor.url, FLOW_SYMBOLS: WATCHED.join(',') }
    if (connections === 1) return own
    return {
      ...own,
      MASSIVE_API_KEY: 'a-key-of-the-load',
      FLOW_REST_URL: this.#rest.url,
      FLOW_SUBSCRIBE: 'contracts',
      FLOW_SYMBOLS_PER_CONNECTION: '1',
    }
  }

  /** Plays the tape, so many frames at most. */
  play(frames = Number.POSITIVE_INFINITY): void {
    this.#goal = this.sent + frames
  }

  pause(): void {
    this.#goal = 0
  }

  /** Plays until so many more frames were sent. */
  async playFrames(frames: number): Promise<void> {
    this.play(frames)
    const goal = this.#goal
    await eventually(`${frames} frames sent`, () => this.sent >= goal)
  }

  /** From here on every key is refused, with these words. */
  refuse(words: string): void {
    this.#refused = words
  }

  /** The connection that is subscribed; the newest. */
  get peer(): Peer {
    const peer = [...this.#subscribed].at(-1)
    if (peer === undefined) throw new Error('nobody is subscribed')
    return peer
  }

  /** Sends frames at once, ahead of the rest of the tape. False: somebody is not connected. */
  send(frames: readonly LoadFrame[]): boolean {
    return frames.every((frame) => this.#send(frame))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.vendor.close()
    await this.#rest.close()
  }

  async #welcome(peer: Peer): Promise<void> {
    if (this.#refused !== null) {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', this.#refused))
      return
    }
    await peer.accept()
    this.#subscribed.add(peer)
    peer.ws.on('close', () => this.#subscribed.delete(peer))
  }

  async #play(): Promise<void> {
    while (!this.#isClosed) {
      for (let i = 0; i < BURST_FRAMES && this.sent < this.#goal; i++) {
        this.#next ??= this.tape.next()
        if (!this.#send(this.#next)) break
        this.#next = null
      }
      await sleep(BURST_MS)
    }
  }

  #send({ over, text }: LoadFrame): boolean {
    const own = `T.${CONTRACTS[over]![0]!}`
    const peer = [...this.#subscribed].findLast(({ said }) =>
      said.some(({ params }) => params.includes('T.*') || params.includes(own)),
    )
    if (peer === undefined || peer.ws.readyState !== peer.ws.OPEN) return false
    if (peer.ws.bufferedAmount > SOCKET_BYTES_MAX) return false
    peer.ws.send(text)
    this.sent++
    return true
  }
}
