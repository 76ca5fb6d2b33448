/**
 * Which frame brought each row slab that is at the writer, by its place in the journal, in the
 * order in which they were posted and come back.
 */
export class PostedPlaces {
  readonly #places: number[] = []
  #last = Number.NaN

  /** The oldest frame of the slab that a shard has read; NaN: it read none. */
  read(place: number): void {
    // what is let go without a slab was brought by earlier frames
    if (!Number.isNaN(place)) this.#last = place
  }

  /** A row slab of that call is posted. */
  post(): void {
    this.#places.push(this.#last)
  }

  /** So many row slabs came back. */
  release(slabs: number): void {
    this.#places.splice(0, slabs)
  }

  /** Infinity: none is at the writer. */
  get oldest(): number {
    return this.#places[0] ?? Number.POSITIVE_INFINITY
  }
}
