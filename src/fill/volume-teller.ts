import type { Client } from 'pg'
import { receivedTo } from './gap-queue.ts'
import {
  correctVolume,
  dueVolumes,
  noteTold,
  type PendingVolume,
  untoldVolumes,
} from './late-volumes.ts'
import type { FromFiller, Told } from './messages.ts'

/** What an earlier process has read may wait for its window this long behind its mark. */
const HELD_MS_MAX = 600_000

/** Tells the shards of filled volumes, and gives them to the rows that came before the telling. */
export class VolumeTeller {
  readonly #tell: (message: FromFiller) => void
  readonly #startedAt = Date.now()
  #asked: { readonly about: PendingVolume; answer(toldAt: number | null): void } | null = null
  #telling: Promise<unknown> = Promise.resolve()

  constructor(tell: (message: FromFiller) => void) {
    this.#tell = tell
  }

  /** An answer to what was asked on a connection that was lost since is left out. */
  handleTold({ gapId, ticker, toldAt }: Told): void {
    const about = this.#asked?.about
    if (about?.gapId === gapId && about.ticker === ticker) this.#asked!.answer(toldAt)
  }

  /** Resolves when what was told is noted, or cannot be. */
  async settled(): Promise<void> {
    await this.#telling.catch(() => {}) // who tells hears of it
  }

  /** Everything received before is stored when rows are loaded from here on, epoch ms. */
  async storedTo(client: Client): Promise<number> {
    const to = await receivedTo(client)
    // the marks of a process that reads its journal again tell when it was read again
    return to >= this.#startedAt ? to : to - HELD_MS_MAX
  }

  /** Goes on with what is on record, until the next would have to wait. */
  async turn(client: Client, signal: AbortSignal): Promise<void> {
    for (const pending of await untoldVolumes(client)) {
      signal.throwIfAborted()
      const telling = this.#tellOne(client, pending)
      this.#telling = telling
      if (!(await telling)) break
    }
    const to = await receivedTo(client)
    if (to <= this.#startedAt) return
    for (const told of await dueVolumes(client, to)) {
      signal.throwIfAborted()
      await correctVolume(client, told)
    }
  }

  /** Gives whether the shard was told: not while the feed is not there. */
  async #tellOne(client: Client, pending: PendingVolume): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.#asked = { about: pending, answer: resolve }
    this.#tell({ kind: 'volume', ...pending })
    const toldAt = await promise
    if (toldAt === null) return false
    await noteTold(client, pending, toldAt)
    const { gapId, ticker } = pending
    this.#tell({ kind: 'noted', gapId, ticker })
    return true
  }
}
