import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy on one port that can be taken away and brought back: a server that is away. */
export class SwitchedProxy {
  #target: URL
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port = 0

  constructor(url: string) {
    this.#target = new URL(url)
  }

  /** `url` with the proxy's port; known once it has been up. */
  get url(): string {
    const url = new URL(this.#target)
    url.port = `${this.#port}`
    return url.href
  }

  /** `url`: another server behind the same port from here on. */
  async up(url?: string): Promise<void> {
    if (url !== undefined) this.#target = new URL(url)
    this.#server = createServer((client) => {
      const upstream = connect(Number(this.#target.port), this.#target.hostname)
      client.pipe(upstream).pipe(client)
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as { port: number }).port
  }

  /** Cuts every connection and refuses new ones. */
  async down(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
