/** Why nothing may be read: no slab is free, the journal takes no more, or a part is built again. */
export type HoldCause = 'pipeline' | 'journal' | 'rebuild'

/** Long enough that the vendor may cut the line: told. */
const LONG_MS = 5_000

const WHY: Readonly<Record<HoldCause, string>> = {
  pipeline: 'the database does not keep up, and no slab is free',
  journal: 'the journal takes no more, as the warning before says',
  rebuild: 'a part of the engine is built again',
}

/** What is paused and resumed. */
type Held = { pause(): void; resume(): void }

/** Holds the feed for as long as there is any cause to; `tell` hears of what takes long. */
export class FeedGate {
  readonly #tell: (message: string) => void
  readonly #causes = new Set<HoldCause>()
  #feed: Held | null = null
  #changed = Promise.withResolvers<void>()
  #heldAt = 0
  #timer: NodeJS.Timeout | undefined
  #isTold = false

  constructor(tell: (message: string) => void) {
    this.#tell = tell
  }

  /** From here on this feed is held; at once, if there is a cause. */
  follow(feed: Held): void {
    this.#feed = feed
    if (this.#causes.size > 0) feed.pause()
  }

  isHeld(cause: HoldCause): boolean {
    return this.#causes.has(cause)
  }

  hold(cause: HoldCause): void {
    this.#causes.add(cause)
    if (this.#causes.size > 1 || this.#timer !== undefined) return
    this.#feed?.pause()
    this.#heldAt = performance.now()
    this.#timer = setTimeout(() => this.#tellWhy(), LONG_MS).unref()
  }

  release(cause: HoldCause): void {
    if (!this.#causes.delete(cause)) return
    if (this.#causes.size === 0) {
      this.#feed?.resume()
      this.#tellEnd()
    }
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** Resolves once something was released. */
  get released(): Promise<void> {
    return this.#changed.promise
  }

  #tellWhy(): void {
    this.#isTold = true
    const why = [...this.#causes].map((cause) => WHY[cause]).join('; ')
    this.#tell(
      `nothing is read for ${LONG_MS / 1000} s: ${why}. The vendor cuts a line that is not read, ` +
        'and what it sends meanwhile is then a gap',
    )
  }

  #tellEnd(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isTold) {
      const seconds = Math.round((performance.now() - this.#heldAt) / 1000)
      this.#tell(`reading goes on after ${seconds} s`)
    }
    this.#isTold = false
  }
}
