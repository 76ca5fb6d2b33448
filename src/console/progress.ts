import { count, duration } from './words.ts'

export type ProgressUnit = 'MiB' | 'contexts'

const MIB = 1024 * 1024
const SECOND_MS = 1000

/** How far something is: in words for a person, at the pace that it had so far. */
export function progressOf({
  unit,
  done,
  total,
  from,
  ms,
}: {
  readonly unit: ProgressUnit
  /** Bytes of the unit MiB, else whole things; of `total`. */
  readonly done: number
  readonly total: number
  /** What was done at the beginning. */
  readonly from: number
  /** Since the beginning. */
  readonly ms: number
}): { readonly done: string; readonly rate: string; readonly left: string } {
  const show = (value: number): string =>
    unit === 'MiB' ? (value / MIB).toFixed(1) : count(Math.round(value))
  const perMs = ms > 0 ? (done - from) / ms : 0
  return {
    done: `${show(done)}/${show(total)} ${unit}`,
    rate: `${show(perMs * SECOND_MS)} ${unit}/s`,
    left: perMs > 0 ? duration(secondsUp(Math.max(0, total - done) / perMs)) : 'unknown time',
  }
}

/**
 * From where on a pace counts: from the first that is heard, and anew where less is done than
 * before, for then something else has begun.
 */
export class Pace {
  #from = 0
  #startedAt = 0
  #done = Number.POSITIVE_INFINITY

  at(done: number, now: number): { readonly from: number; readonly ms: number } {
    if (done < this.#done) {
      this.#from = done
      this.#startedAt = now
    }
    this.#done = done
    return { from: this.#from, ms: now - this.#startedAt }
  }
}

/** As long as it takes, and no second less: what has just begun has not `0 seconds` to go. */
function secondsUp(ms: number): number {
  return Math.ceil(ms / SECOND_MS) * SECOND_MS
}
