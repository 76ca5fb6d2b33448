/** What a query asks of a row, and the values of its places. */
export class Conditions {
  readonly values: unknown[] = []
  readonly #texts: string[] = []

  /** `condition` of a value, given its place in the text; null: there is no such condition. */
  add<T>(value: T | null, condition: (place: string) => string): void {
    if (value === null) return
    this.values.push(value)
    this.#texts.push(condition(`$${this.values.length}`))
  }

  get where(): string {
    return this.#texts.length === 0 ? '' : `WHERE ${this.#texts.join(' AND ')}`
  }

  copy(): Conditions {
    const copy = new Conditions()
    copy.values.push(...this.values)
    copy.#texts.push(...this.#texts)
    return copy
  }
}
