/** Items in order of their time; of equal times, in the order in which they came. */
export class TimeQueue<T extends { readonly time: number }> {
  readonly #items: T[] = []

  push(item: T): void {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.time >= item.time) low = middle + 1
      else high = middle
    }
    // kept latest first, so that the next one is taken from the end; few wait at any time
    this.#items.splice(low, 0, item)
  }

  /** Time of the next item, Infinity when there is none. */
  get time(): number {
    return this.#items.at(-1)?.time ?? Number.POSITIVE_INFINITY
  }

  take(): T {
    return this.#items.pop()!
  }
}
