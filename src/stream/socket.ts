import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { hangUp } from '../metrics/limits.ts'
import { STREAM_PROTOCOL } from '../metrics/upgrade.ts'
import { Message } from './message.ts'
import { type EndReason, GOODBYE_MS, type Outlet } from './outlet.ts'

/** Clients only listen: nothing but control frames is expected of them. */
const PAYLOAD_BYTES_MAX = 125
/** Pings that a client may send between two beats. */
const PINGS_MAX = 60

/** Close codes: 1001 going away, 1008 policy, 1013 try again later (RFC 6455, IANA registry). */
const CLOSES: Readonly<Record<EndReason, readonly [code: number, reason: string]>> = {
  stopping: [1001, 'the engine stops'],
  slow: [1013, 'too slow: expected a client that reads what it is sent'],
}

/** Takes WebSocket connections on requests that were let in. */
export function socketServer(): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: PAYLOAD_BYTES_MAX,
    handleProtocols: (offered) => (offered.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : false),
  })
  server.on('wsClientError', (error: Error, socket: Duplex) => {
    hangUp(socket, '400 Bad Request', `expected a WebSocket handshake: ${error.message}`)
  })
  return server
}

/** Completes the handshake. `onOpen` is not told where it fails. */
export function openSocket(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onOpen: (outlet: Outlet) => void,
): void {
  server.handleUpgrade(request, socket, head, (client) => onOpen(new SocketOutlet(client, socket)))
}

class SocketOutlet implements Outlet {
  readonly #client: WebSocket
  readonly #socket: Duplex
  #isAlive = true
  #pings = 0

  constructor(client: WebSocket, socket: Duplex) {
    this.#client = client
    this.#socket = socket
    client.on('error', () => {}) // close says the same
    client.on('pong', () => {
      this.#isAlive = true
    })
    client.on('ping', () => {
      if (++this.#pings > PINGS_MAX) client.terminate()
    })
    client.on('message', () => client.close(1008, 'expected no messages of a client'))
    this.#tellTime()
  }

  get buffered(): number {
    return this.#client.bufferedAmount
  }

  send(messages: readonly Message[]): void {
    // one system call for all of them
    this.#socket.cork()
    for (const { frame } of messages) this.#client.send(frame, { binary: false }, ignore)
    this.#socket.uncork()
  }

  beat(): void {
    this.#pings = 0
    if (!this.#isAlive) {
      this.#client.terminate()
      return
    }
    this.#isAlive = false
    this.#client.ping(undefined, undefined, ignore)
    this.#tellTime()
  }

  /** A page in a browser does not hear of pings. */
  #tellTime(): void {
    this.send([new Message({ type: 'beat', data: { at: Date.now() } })])
  }

  end(why: EndReason): void {
    this.#client.close(...CLOSES[why])
    setTimeout(() => this.#client.terminate(), GOODBYE_MS).unref()
  }

  onGone(told: () => void): void {
    this.#client.once('close', told)
  }
}

/** What cannot be sent any more goes with the connection, whose end is told. */
function ignore(): void {}
