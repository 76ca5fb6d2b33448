import { type Inputs, venuesAtClose } from './inputs.ts'
import { plain, plural } from './phrases.ts'

/** What the print is a leg of, as its window closed, and how much of that is still there. */
export function legWords({ row, isSweepLeg, window }: Inputs): string {
  const legs = row.event_legs ?? 0
  const now = window?.event?.legCount ?? window?.legs.length ?? 0
  const on = (venues: readonly string[]): string => ` on ${plural(venues.length, 'exchange')}`
  const atClose = venuesAtClose(window)
  const then = `leg of a ${isSweepLeg ? 'sweep' : 'split'} of ${plural(legs, 'print')}`
  const where = atClose === null ? '' : on(atClose)
  if (now === legs) return then + where
  const left = atClose === null ? on(window?.exchanges ?? []) : ''
  return `${then}${where} (${plain(now)} of them are still stored${left})`
}

/** Why it is a block; to be asked only of one. */
export function blockWords({ row, sum, count }: Inputs): string {
  if (row.size >= 500) return `size ${plain(row.size)} >= 500`
  const floor = row.rules === 'seed' ? '' : ' and >= 100'
  return `size ${plain(row.size)} >= 5A = ${times(5, sum, count)}${floor}`
}

/** Why it is large. */
export function largeWords({ row, sum, count }: Inputs): string {
  const floor = row.rules === 'seed' ? '' : ' and >= 50'
  return `size ${plain(row.size)} >= 2A = ${times(2, sum, count)}${floor}`
}

/** Which rule of a block it misses. */
export function notBlockWords({ row, sum, count }: Inputs): string {
  const size = `size ${plain(row.size)} < 500`
  if (count === 0) return `${size}, and there is no average`
  return row.size * count >= 5 * sum
    ? `${size}, and < 100 though it is >= 5A = ${times(5, sum, count)}`
    : `${size}, and < 5A = ${times(5, sum, count)}`
}

/** Which rule of a large print it misses. */
export function notLargeWords({ row, sum, count }: Inputs): string {
  if (count === 0) return `size ${plain(row.size)} < 500, and there is no average`
  return row.size * count >= 2 * sum
    ? `size ${plain(row.size)} < 50, though it is >= 2A = ${times(2, sum, count)}`
    : `size ${plain(row.size)} < 2A = ${times(2, sum, count)}`
}

/** A multiple of the average in contracts; three decimals tell any fraction from a whole size. */
export function times(factor: number, sum: number, count: number): string {
  return plain(Math.round((1000 * factor * sum) / count) / 1000)
}
