/** Bounds of time, both included, epoch ms; null: none. */
export type Slice = { readonly from: number | null; readonly to: number | null }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A session goes by in a few, and a weekend in some 20 that hold nothing. */
const STEP_MS = 3 * HOUR_MS
const STEPS = 40
/** What is older than this is asked for at once. */
const LAST_MS = 400 * 24 * HOUR_MS

/**
 * The time from `since` to `until` (epoch ms, both included; null: no bound) in slices, the newest
 * first. There is no index by time alone, and what has to be sorted for the newest prints should be
 * the last minutes and not the whole table. `now`: most prints lie before it, epoch ms.
 */
export function* slices(
  since: number | null,
  until: number | null,
  now: number,
): Generator<Slice, void> {
  let to = until
  let from = Math.min(until ?? now, now)
  for (const width of widths()) {
    from -= width
    if (from <= (since ?? Number.NEGATIVE_INFINITY)) break
    yield { from, to }
    to = from - 1
  }
  yield { from: since, to }
}

function* widths(): Generator<number, void> {
  yield 10 * MINUTE_MS
  yield 50 * MINUTE_MS
  for (let n = 0; n < STEPS; n++) yield STEP_MS
  for (let width = 2 * STEP_MS; width < LAST_MS; width *= 2) yield width
}
