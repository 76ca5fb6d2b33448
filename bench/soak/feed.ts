import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { FeedTold } from './feed-server.ts'

/** The feed is busy with its prints; one that does not answer so long has ended. */
const ANSWER_MS_MAX = 60_000

/** The feed's process, and what it tells. */
export class Feed {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(rate: number, quotes: number): Promise<{ feed: Feed; port: number }> {
    const child = fork(new URL('./feed-server.ts', import.meta.url), [String(rate), String(quotes)])
    const [told] = (await once(child, 'message')) as [FeedTold]
    return { feed: new Feed(child), port: told.port }
  }

  async ask(word: 'ask' | 'stop'): Promise<FeedTold> {
    this.#child.send(word)
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const [told] = (await once(this.#child, 'message', { signal })) as [FeedTold]
    return told
  }

  close(): void {
    this.#child.disconnect()
  }
}
