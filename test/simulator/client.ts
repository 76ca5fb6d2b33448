import { WebSocket } from 'ws'

/** A real client of the simulator that keeps all it is sent. */
export class Client {
  readonly socket: WebSocket
  /** Text frames, in order. */
  readonly texts: string[] = []
  readonly binaries: Buffer[] = []
  readonly errors: Error[] = []
  closeCode = 0
  pongs = 0

  constructor(url: string, options: { perMessageDeflate?: boolean } = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.binaries.push(data)
      else this.texts.push(data.toString())
    })
    this.socket.on('error', (error) => this.errors.push(error))
    this.socket.on('pong', () => this.pongs++)
    this.socket.on('close', (code) => {
      this.closeCode = code
    })
  }

  send(action: string, params: string): void {
    this.socket.send(JSON.stringify({ action, params }))
  }

  /** Resolves once `count` text frames are here, or the connection has ended. */
  async frames(count: number): Promise<readonly string[]> {
    await until(() => this.texts.length >= count || this.closeCode !== 0)
    return this.texts
  }

  async closed(): Promise<number> {
    await until(() => this.closeCode !== 0)
    return this.closeCode
  }

  /** Auth and subscribe, each after the answer to the one before. */
  async subscribe(params: string, key = 'key'): Promise<void> {
    await this.frames(1)
    this.send('auth', key)
    await this.frames(2)
    this.send('subscribe', params)
    await this.frames(3)
  }

  /** Frames after the handshake of subscribe(). */
  get data(): readonly string[] {
    return this.texts.slice(3)
  }

  /** Waits for the answer to a ping: what was sent before it is here. */
  async settled(): Promise<void> {
    const before = this.pongs
    this.socket.ping()
    await until(() => this.pongs > before || this.closeCode !== 0)
  }
}

export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never happened: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
