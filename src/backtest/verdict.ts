import type { Test } from './backtest.ts'
import { percentPoints, pText, signed } from './number-text.ts'
import { CONFIDENCE } from './signal.ts'

export type Verdict = {
  readonly kind: 'better' | 'worse' | 'mixed' | 'no evidence' | 'not judged'
  /** One sentence for a person. */
  readonly text: string
}

type Measure = { readonly name: string; readonly test: Test; readonly change: string }

/** What may be said of a detector: only what chance alone hardly explains, after correction. */
export function verdictOf(
  reason: string | null,
  tests: { readonly winRate: Test; readonly expectancy: Test } | null,
): Verdict {
  if (tests === null) return { kind: 'not judged', text: `${reason}; nothing is claimed` }
  const { winRate, expectancy } = tests
  const measures: readonly Measure[] = [
    { name: 'win rate', test: winRate, change: percentPoints(winRate.difference) },
    { name: 'expectancy', test: expectancy, change: signed(expectancy.difference) },
  ]
  const found = measures.filter(({ test }) => test.pCorrected <= 1 - CONFIDENCE)
  if (found.length === 0) {
    const [likeliest] = [...measures].sort((a, b) => a.test.pValue - b.test.pValue)
    const { name, change, test } = likeliest!
    const times = Math.max(1, Math.round(test.pValue * 100))
    return {
      kind: 'no evidence',
      text:
        `no evidence: ${name} ${change}, and chance alone does as much in about ${times} of 100 ` +
        `cases (p ${pText(test.pValue)}, corrected ${pText(test.pCorrected)})`,
    }
  }
  const ups = found.filter(({ test }) => test.difference > 0).length
  const kind = ups === found.length ? 'better' : ups === 0 ? 'worse' : 'mixed'
  const parts = found.map(({ name, change, test }) => {
    const times = Math.ceil(test.pValue * 10_000)
    return (
      `${name} ${change}, chance alone does as much in ${times} of 10,000 cases ` +
      `(p ${pText(test.pValue)}, corrected ${pText(test.pCorrected)})`
    )
  })
  const how = 'beyond what its mix of LONG and SHORT makes'
  return { kind, text: `${kind} ${how}: ${parts.join('; ')}` }
}
