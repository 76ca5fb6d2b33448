import { describe, expect, it } from 'vitest'
import { contextText } from '../../src/commands/context-text.ts'
import { contextOf } from '../../src/flow/context.ts'
import type { FlowSums } from '../../src/flow/scores.ts'
import { sums } from './sums.ts'

const AT = Date.UTC(2025, 10, 21, 15, 30)

function textOf(over: Partial<FlowSums>, age = 1_000): string {
  const flow = { sums: sums(over), newest: AT - age, gaps: [], since: AT - 86_400_000 }
  const asked = { symbol: 'SPX', window: 'medium', at: AT, staleMs: 900_000 } as const
  return contextText(contextOf(flow, asked)!)
}

describe('the text of a context', () => {
  const bought = { trades: 100, volume: 1000, premium: 9e6, buy_premium: 9e6, bullish_premium: 9e6 }

  it.each<[string, Partial<FlowSums>, number, RegExp]>([
    ['WAIT of what is stale', bought, 3_600_000, /WAIT: the flow is stale$/m],
    [
      'WAIT of few prints',
      { ...bought, trades: 2 },
      0,
      /WAIT: too little is known \(confidence\)$/m,
    ],
    ['NEUTRAL', { ...bought, bullish_premium: 0, buy_premium: 0 }, 0, /NEUTRAL: it leans no way$/m],
    ['FADE_FLOW', { ...bought, trades: 5000 }, 0, /FADE_FLOW: small orders lean one way/],
  ])('gives the reason of %s', (_, over, age, expected) => {
    expect(textOf(over, age)).toMatch(expected)
  })

  it('draws no aggressiveness where no premium has a side', () => {
    const text = textOf({ trades: 100, volume: 1000, premium: 9e6 })
    expect(text).toMatch(/^aggressiveness {5}not known: no premium has a side$/m)
    expect(textOf(bought)).toMatch(/^aggressiveness +[█░]{20} +50$/m)
  })
})
