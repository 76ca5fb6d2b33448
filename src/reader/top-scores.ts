export type Scored = { readonly id: number; readonly score: number }

/**
 * The `count` ids of the highest scores, best first; of equal scores those that came first. Holds
 * 2 x `count` at a time, however many there are.
 */
export function topScores(
  ids: Iterable<number>,
  count: number,
  scoreOf: (id: number) => number,
): Scored[] {
  if (count <= 0) return []
  const top: Scored[] = []
  let floor = Number.NEGATIVE_INFINITY
  for (const id of ids) {
    const score = scoreOf(id)
    if (score <= floor) continue
    top.push({ id, score })
    if (top.length < 2 * count) continue
    floor = cut(top, count)
  }
  cut(top, count)
  return top
}

/** Leaves the best `count`, in order; gives the score of the last of them. */
function cut(top: Scored[], count: number): number {
  top.sort((a, b) => b.score - a.score)
  top.length = Math.min(top.length, count)
  return top.at(-1)?.score ?? Number.NEGATIVE_INFINITY
}
