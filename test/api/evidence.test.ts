import { describe, expect, it } from 'vitest'
import { type Change, cross, evidence, REASONS, unfollowed } from './explained.ts'
import { UNQUOTED, VERSION, windowOf } from './stored-print.ts'

describe('unusual volume', () => {
  it.each<[string, Change, string, string]>([
    [
      'more than the open interest',
      { open_interest: 899, is_unusual_volume: true },
      'open_interest',
      "the contract's volume of the day, 900 with this print, exceeds its open interest, 899",
    ],
    [
      'as much as the open interest',
      { open_interest: 900 },
      'open_interest',
      "the contract's volume of the day, 900 with this print, does not exceed its open interest, 900",
    ],
    [
      'five times the average',
      { average_size: 20, is_unusual_volume: true, is_block: true, trade_type: 'BLOCK' },
      'average',
      'open interest is unknown; size 100 >= 5A = 100',
    ],
    [
      'less than that',
      { average_size: 20.125, trade_type: 'LARGE' },
      'average',
      'open interest is unknown; size 100 < 5A = 100.625',
    ],
    [
      'neither known',
      { average_size: null, average_prints: 0 },
      'none',
      'open interest is unknown, and there is no average',
    ],
  ])('%s', (_, change, rule, because) => {
    const found = evidence(change)
    expect(found.unusualVolume).toMatchObject({ rule, because, follows: true, dayVolume: 900 })
    expect(unfollowed(found)).toEqual([])
  })
})

describe('the customer side', () => {
  it.each<[string, Change, string, boolean | null]>([
    ['quote_best', {}, 'price above the midpoint of the NBBO', true],
    [
      'trade_size_ex',
      { size: 20, premium: 91_200, customer_side: 'SELL' },
      "exactly the ask size of the print's venue: a customer's resting offer was filled",
      true,
    ],
    [
      'trade_size_ex',
      { size: 10, premium: 45_600 },
      "exactly the bid size of the print's venue: a customer's resting bid was filled",
      true,
    ],
    [
      'depth_best',
      {
        price: 45.4,
        premium: 454_000,
        side: 'MID',
        sentiment: 'NEUTRAL',
        aggressiveness: 'PASSIVE',
      },
      'at the midpoint, and the ask size of the NBBO is larger than its bid size',
      true,
    ],
    [
      'tick_all',
      { ...UNQUOTED, customer_side: 'SELL' },
      'price below the last different price of the contract',
      null,
    ],
  ])('by %s says what that means', (rule, change, because, follows) => {
    const found = evidence({ customer_confidence: 0.5, ...change, customer_rule: rule })
    expect(found.customerSide).toEqual({
      label: change.customer_side ?? 'BUY',
      rule,
      because,
      follows,
      confidence: change.customer_confidence === undefined ? 0.5 : change.customer_confidence,
      note: "the customer's side, not the aggressor's",
    })
  })

  it('that no rule could tell says so, and a rule that cannot have held too', () => {
    expect(evidence(UNQUOTED).customerSide.because).toContain('no rule of the published stack')
    expect(evidence({ ...cross, conditions: ['SLCN'] }).customerSide.because).toContain('policy')
    expect(evidence({ customer_side: 'SELL' }).customerSide.follows).toBe(false)
    expect(evidence({ customer_rule: 'trade_size_ex' }).customerSide.follows).toBe(false)
  })
})

describe('the rest of the evidence', () => {
  it('names conditions, their groups and what decided', () => {
    expect(evidence({ conditions: ['ISOI', 'MLET', '999', 'ODD'] }).conditions).toEqual({
      conditions: [
        { text: 'ISOI', id: 219, name: 'Intermarket Sweep Order', group: 'ISO' },
        {
          text: 'MLET',
          id: 232,
          name: 'Multi Leg auto-electronic trade',
          group: 'multi-leg, stock-tied',
        },
        { text: '999', id: 999, name: null, group: 'regular' },
        { text: 'ODD', id: null, name: null, group: 'regular' },
      ],
      group: 'multi-leg, stock-tied',
      side: 'UNKNOWN',
      mayBeLeg: false,
      isMultiLeg: true,
      isLate: false,
      because: 'group multi-leg, stock-tied decided: side UNKNOWN, no leg of a sweep or split',
    })
  })

  it('has no windows under seed', () => {
    const { conditions } = evidence({ rules: 'seed', conditions: ['ISOI'] })
    expect(conditions).toMatchObject({ group: 'ISO', side: 'from quote', mayBeLeg: false })
    expect(conditions.because).toBe('group ISO: side from the quote, no windows under seed')
  })

  it('gives quote, premium, percentiles, underlying, days and latency', () => {
    const found = evidence({ multiplier: 150, premium: 684_000, revision: 1, quote_source: 'rest' })
    expect(found.quote).toEqual({
      usable: true,
      bid: 45.2,
      ask: 45.6,
      bidSize: 10,
      askSize: 20,
      ageMs: 35,
      source: 'rest',
      mid: 45.4,
      spread: 0.4,
      isAboveAsk: false,
      isBelowBid: false,
    })
    expect(found.premium).toEqual({
      dollars: 684_000,
      multiplier: 150,
      because: '45.6 x 100 contracts x 150 shares',
      follows: true,
    })
    expect(found.percentiles.because).toBe(
      'warming up: 150 of 200 prints in contracts about as liquid',
    )
    const ranks = { size_percentile: 99.5, premium_percentile: 98, percentile_sample: 4000 }
    expect(evidence(ranks).percentiles).toEqual({
      size: 99.5,
      premium: 98,
      sample: 4000,
      because: 'share that was smaller of 4,000 prints in contracts about as liquid',
    })
    expect(found.underlying).toMatchObject({ price: 6512.25, source: 'parity' })
    expect(found.dte).toMatchObject({ days: 28, follows: true })
    expect(found.latency.ms).toBe(12)
    expect(found.rules.because).toBe(
      'rule set opra; revised 1 time, by quotes that came late or fills of gaps',
    )
    expect(evidence({ premium: 1 }).premium.follows).toBe(false)
    expect(evidence({ dte: 27 }).dte.follows).toBe(false)
    expect(evidence({ received_at: null }).latency.ms).toBe(null)
  })

  it('of a row without a rule set claims nothing that the row does not hold', () => {
    const found = evidence({
      rules: null,
      average_size: null,
      average_prints: null,
      average_scope: null,
      percentile_sample: null,
      day_volume: null,
      trade_type: 'BLOCK',
      is_block: true,
    })
    expect(found.side).toMatchObject({ rule: 'at_or_above_ask', follows: true })
    for (const name of REASONS.slice(1)) {
      expect(found[name as 'side']).toMatchObject({ rule: 'unknown', follows: null })
    }
    expect(found.average.because).toBe('not kept with the row')
    expect(found.percentiles.because).toBe('not kept with the row')
  })

  it('takes the venues of a sweep of which a leg is gone from its event', () => {
    const window = { ...windowOf(3, ['CBOE']), legsAtClose: 4, event: VERSION }
    const sweep = { trade_type: 'SWEEP', is_sweep: true, aggressiveness: 'AGGRESSIVE' } as const
    const found = evidence({ ...sweep, conditions: ['ISOI'], event_legs: 4 }, window)
    expect(found.tradeType.because).toBe(
      'leg of a sweep of 4 prints on 2 exchanges (3 of them are still stored)',
    )
    expect(found.tradeType.rule).toBe('sweep_leg')
  })
})
