import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'

/** The API key that tests use; it must never come back in an event or an error. */
export const KEY = 'key/that"must-stay_secret 1'

export type StatusEvent = { ev: 'status'; status: string; message: string }

export function status(name: string, message: string): StatusEvent {
  return { ev: 'status', status: name, message }
}

export const CONNECTED = status('connected', 'Connected Successfully')
export const AUTHENTICATED = status('auth_success', 'authenticated')
export const MAX_CONNECTIONS = status(
  'max_connections',
  'Maximum number of websocket connections exceeded. You have reached the connection limit for ' +
    'your account. Please contact support at https://polygon.io/contact to increase your limit.',
)

/** A print as the vendor's documentation shows it, with its own sequence. */
export function print(q: number): object {
  return { ev: 'T', sym: 'O:SPY251219C00650000', x: 302, p: 1.54, s: 1, c: [209], t: 1, q }
}

/** The server's side of one connection. */
export class Peer {
  readonly ws: WebSocket
  readonly socket: Socket
  /** What the client sent, parsed. */
  readonly said: { action: string; params: string }[] = []
  pings = 0
  #wake: (() => void) | undefined

  constructor(ws: WebSocket, request: IncomingMessage) {
    this.ws = ws
    this.socket = request.socket
    ws.on('message', (data) => {
      this.said.push(JSON.parse(data.toString()))
      this.#wake?.()
    })
    ws.on('ping', () => this.pings++)
    ws.on('error', () => {})
  }

  send(...events: object[]): void {
    this.ws.send(JSON.stringify(events))
  }

  /** Resolves with message `index`; never, if the client does not send it. */
  async heard(index: number): Promise<{ action: string; params: string }> {
    for (;;) {
      const message = this.said[index]
      if (message !== undefined) return message
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The handshake as documented, up to the first subscribe and its acknowledgements. */
  async accept(): Promise<void> {
    this.send(CONNECTED)
    await this.heard(0)
    this.send(AUTHENTICATED)
    const { params } = await this.heard(1)
    this.send(...params.split(',').map((topic) => status('success', `subscribed to: ${topic}`)))
  }

  /** Topics that the client holds, from everything it said. */
  topics(): string[] {
    const held = new Set<string>()
    for (const { action, params } of this.said) {
      for (const topic of params.split(',')) {
        if (action === 'subscribe') held.add(topic)
        if (action === 'unsubscribe') held.delete(topic)
      }
    }
    return [...held].sort()
  }
}

export type Vendor = {
  readonly url: string
  /** Connections in the order in which they came. */
  readonly peers: Peer[]
  close(): Promise<void>
}

/**
 * A vendor on loopback. `behaviours[i]` plays connection i; the last one plays all that follow.
 */
export async function startVendor(
  behaviours: ((peer: Peer) => unknown)[],
  options: ServerOptions = {},
): Promise<Vendor> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  await once(server, 'listening')
  const peers: Peer[] = []
  server.on('connection', (ws, request) => {
    const peer = new Peer(ws, request)
    const behave = behaviours[Math.min(peers.length, behaviours.length - 1)]
    peers.push(peer)
    void behave?.(peer)
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/options`,
    peers,
    close: async () => {
      for (const peer of peers) peer.ws.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
