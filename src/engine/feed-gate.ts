/** Why nothing may be read: no slab is free, the journal is full, or a part is built again. */
export type HoldCause = 'pipeline' | 'journal' | 'rebuild'

/** What is paused and resumed. */
type Held = { pause(): void; resume(): void }

/** Holds the feed for as long as there is any cause to. */
export class FeedGate {
  readonly #causes = new Set<HoldCause>()
  #feed: Held | null = null
  #changed = Promise.withResolvers<void>()

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
    if (this.#causes.size === 1) this.#feed?.pause()
  }

  release(cause: HoldCause): void {
    if (!this.#causes.delete(cause)) return
    if (this.#causes.size === 0) this.#feed?.resume()
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** Resolves once something was released. */
  get released(): Promise<void> {
    return this.#changed.promise
  }
}
