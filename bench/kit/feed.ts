import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { FrameStamp } from '../../src/reader/router.ts'
import { FeedSession } from '../../src/reader/session.ts'
import type { Shape } from './tape.ts'

/** The tape server, in a process of its own. */
export class FeedServer {
  readonly #child: ChildProcess
  readonly #port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async start(): Promise<FeedServer> {
    const child = fork(new URL('./feed-server.ts', import.meta.url))
    const [port] = (await once(child, 'message')) as [number]
    return new FeedServer(child, port)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Encodes the tape of this shape now, so that no run waits for it. */
  async build(shape: Shape): Promise<void> {
    this.#child.send(shape)
    await once(this.#child, 'message')
  }

  /** Where at least `prints` prints come from, at a rate (prints a second) or as fast as can be. */
  url(shape: Shape, prints: number, rate = 0): string {
    const query = `per=${shape.prints}&quotes=${shape.quotes}&prints=${prints}&rate=${rate}`
    return `ws://127.0.0.1:${this.#port}/?${query}`
  }

  stop(): void {
    this.#child.disconnect()
  }
}

export type FrameTarget = {
  push(data: Buffer, isBinary: boolean, stamp: FrameStamp): void
}

/** One session of the engine's own reader; `told` gets the words of the tape server. */
export function openSession(url: string, target: FrameTarget): FeedSession {
  const session = new FeedSession({
    url,
    apiKey: 'bench',
    connection: 0,
    topics: ['T.*'],
    reconnectMinMs: 60_000,
    silenceMs: 600_000,
    onFrame: (connection, data, isBinary, recv, clock) =>
      target.push(data, isBinary, { recv, clock, connection, readAt: recv }),
    onEvent: (event) => {
      if (event.type === 'fatal') throw new Error(event.message)
    },
  })
  session.start()
  return session
}
