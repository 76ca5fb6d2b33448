/** Prints that are kept to choose from; of more the smallest goes. */
const KEPT_MAX = 100

type Kept = { readonly at: number; readonly premium: number; readonly text: string }

/** The lines of the largest prints of the last while. */
export class TopPrints {
  readonly #forMs: number
  #kept: Kept[] = []

  /** `forMs`: how long a print counts. */
  constructor(forMs: number) {
    this.#forMs = forMs
  }

  /** `premium` dollars; `at`: now, epoch ms. */
  add(premium: number, text: string, at: number): void {
    this.#kept.push({ at, premium, text })
    if (this.#kept.length <= KEPT_MAX) return
    this.#kept.sort((a, b) => b.premium - a.premium).pop()
  }

  /** At most `max` of them, the largest first; `now` epoch ms. */
  largest(max: number, now: number): string[] {
    this.#kept = this.#kept.filter(({ at }) => now - at < this.#forMs)
    return [...this.#kept]
      .sort((a, b) => b.premium - a.premium)
      .slice(0, max)
      .map(({ text }) => text)
  }
}
