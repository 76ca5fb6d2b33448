import type { Gap } from './banners.ts'

type Known = {
  /** Prints filled into it when we looked last. */
  seen: number
  /** Prints of it that the tape has been given. */
  given: number
}

/**
 * Which gaps have been filled since they were looked at before: their prints were received by
 * nobody, so that neither the stream nor a question for what was received brings them.
 */
export class GapFills {
  readonly #known = new Map<string, Known>()

  /** Gaps, with more prints than the tape was given, to which no more come for now. */
  due(gaps: readonly Gap[]): readonly Gap[] {
    const due = gaps.filter(({ gap_id, filled }) => {
      const known = this.#known.get(gap_id)
      // what was filled before the tape began is in what it began with
      if (known === undefined) this.#known.set(gap_id, { seen: filled, given: filled })
      const isDue = known !== undefined && filled === known.seen && filled > known.given
      if (known !== undefined) known.seen = filled
      return isDue
    })
    for (const { gap_id, filled } of due) this.#known.get(gap_id)!.given = filled
    for (const id of this.#known.keys()) {
      if (!gaps.some(({ gap_id }) => gap_id === id)) this.#known.delete(id)
    }
    return due
  }

  /** The store did not answer: the gap is due again. */
  failed(gap: Gap): void {
    const known = this.#known.get(gap.gap_id)
    if (known !== undefined) known.given = 0
  }
}
