/**
 * p-values corrected for how many there are (S. Holm, A simple sequentially rejective multiple test
 * procedure, Scandinavian Journal of Statistics 6 (1979) 65): the chance that one or more of the
 * corrected ones is below a level by chance alone is at most that level, however they depend.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, at) => at).sort((a, b) => pValues[a]! - pValues[b]!)
  const corrected = new Array<number>(pValues.length).fill(1)
  let largest = 0
  for (const [rank, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, pValues[at]! * (pValues.length - rank)))
    corrected[at] = largest
  }
  return corrected
}
