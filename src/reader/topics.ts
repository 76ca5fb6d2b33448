import { subscribeMessage, TOPICS_PER_MESSAGE, unsubscribeMessage } from './vendor.ts'

/** Topics that one connection may ask for: every contract of the largest sets of underlyings. */
export const TOPICS_MAX = 1_000_000

/**
 * The topics that a connection should hold, and what is still to be said to the server about them.
 * Wishes outlive the connection; a new one has everything to ask for again. Unsubscribes go out
 * before subscribes, so that a swap stays within the vendor's caps.
 */
export class Topics {
  readonly #wanted: Set<string>
  #toAdd = new Set<string>()
  #toDrop = new Set<string>()

  constructor(topics: readonly string[]) {
    this.#wanted = new Set(topics)
    this.#assertMax()
  }

  get size(): number {
    return this.#wanted.size
  }

  /** The server on the other side holds nothing. */
  forgetServer(): void {
    this.#toAdd = new Set(this.#wanted)
    this.#toDrop = new Set()
  }

  add(topics: readonly string[]): void {
    for (const topic of topics) {
      if (this.#wanted.has(topic)) continue
      this.#wanted.add(topic)
      // an unsubscribe that was not sent yet is taken back: the server still holds the topic
      if (!this.#toDrop.delete(topic)) this.#toAdd.add(topic)
    }
    this.#assertMax()
  }

  remove(topics: readonly string[]): void {
    for (const topic of topics) {
      if (!this.#wanted.delete(topic)) continue
      if (!this.#toAdd.delete(topic)) this.#toDrop.add(topic)
    }
  }

  /** The next message to send, or undefined when the server has been told everything. */
  nextMessage(): string | undefined {
    if (this.#toDrop.size > 0) return unsubscribeMessage(take(this.#toDrop))
    if (this.#toAdd.size > 0) return subscribeMessage(take(this.#toAdd))
    return undefined
  }

  #assertMax(): void {
    if (this.#wanted.size <= TOPICS_MAX) return
    throw new Error(
      `one feed connection may ask for ${TOPICS_MAX} topics, was asked for ${this.#wanted.size}: ` +
        'lower FLOW_SYMBOLS_PER_CONNECTION or watch fewer symbols',
    )
  }
}

/** Removes up to one message's worth of topics, oldest first. */
function take(topics: Set<string>): string[] {
  const taken: string[] = []
  for (const topic of topics) {
    if (taken.length === TOPICS_PER_MESSAGE) break
    taken.push(topic)
    topics.delete(topic)
  }
  return taken
}
