import { expect, it } from 'vitest'
import { topScores } from '../../src/reader/top-scores.ts'
import { Random } from '../../src/simulator/random.ts'

it('gives what sorting all of them gives, and looks at each once', () => {
  const random = new Random(3)
  for (const count of [0, 1, 7, 50, 300]) {
    const scores = Array.from({ length: 250 }, () => random.int(-40, 40))
    let looked = 0
    const top = topScores(scores.keys(), count, (id) => {
      looked++
      return scores[id]!
    })
    const sorted = scores.map((score, id) => ({ id, score })).sort((a, b) => b.score - a.score)
    expect(top).toEqual(sorted.slice(0, count))
    expect(looked).toBe(count === 0 ? 0 : scores.length)
  }
})
