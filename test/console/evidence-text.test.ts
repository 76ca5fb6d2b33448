import { describe, expect, it } from 'vitest'
import { evidenceOf } from '../../src/api/evidence.ts'
import { evidenceText } from '../../src/console/evidence-text.ts'
import type { CancelFacts, StoredPrint, WindowEvidence } from '../../src/domain/evidence.ts'
import { BOUGHT, TICKER, UNQUOTED, VERSION, windowOf } from '../api/stored-print.ts'

const CANCEL: CancelFacts = {
  timestamp: BOUGHT.timestamp + 9000,
  sequence: 900,
  receivedAt: null,
  price: 45.6,
  size: 100,
  exchange: 'CBOE',
  removed: { timestamp: BOUGHT.timestamp, sequence: 42 },
  wasStored: true,
  because: 'cancelled; the stored row was removed',
}

const OTHER = { timestamp: BOUGHT.timestamp, arrival: 3, price: 45.5, size: 11, exchange: null }

function text(
  change: Partial<StoredPrint>,
  window: WindowEvidence | null = null,
  others = 0,
  cancels: readonly CancelFacts[] = [],
): string {
  const trade = { ...BOUGHT, ...change }
  const evidence = evidenceOf(trade, window)
  const rest = Array.from({ length: others }, () => OTHER)
  return evidenceText({ status: 'stored', trade, evidence, others: rest, cancels })
}

describe('the text of flow explain', () => {
  it('tells the print, its labels and their evidence', () => {
    expect(text({}).split('\n')).toEqual([
      'O:SPXW251219C06475000, sequence 42',
      'SPX 6475 call, expires 2025-12-19 (28 days)',
      '100 @ $45.60 on CBOE at 2025-11-21 10:00:00.000 New York, received 12 ms later',
      'premium $456,000 (45.6 x 100 contracts x 100 shares)',
      '',
      '  trade type      REGULAR     size 100 < 2A = 160',
      '  side            BUY         price at or above the ask',
      '  sentiment       BULLISH     a call bought',
      '  aggressiveness  NORMAL      at the quote, and no sweep',
      '  customer side   BUY         quote_best, price above the midpoint of the NBBO (published accuracy',
      "                              63.7 %); the customer's side, not the aggressor's",
      '  unusual volume  no          open interest is unknown; size 100 < 5A = 400',
      '',
      '  quote           $45.20 x $45.60 (10 x 20), mid 45.4, spread 0.4, 35 ms old, from the feed',
      '  average size    80, mean size of the last 64 prints of the contract before it: LARGE from 160,',
      '                  BLOCK from 400',
      '  percentiles     warming up: 150 of 200 prints in contracts about as liquid',
      '  conditions      no condition: group regular: side from the quote, may be a leg of a sweep or split',
      '  underlying      $6,512.25, put-call parity over fresh quoted pairs',
      '  rules           rule set opra; labels as they were stored',
      '  event           none',
      '',
    ])
  })

  it('tells what there is not in words', () => {
    const bare = text({
      ...UNQUOTED,
      received_at: null,
      exchange: null,
      underlying_price: null,
      average_size: null,
    })
    expect(bare).toContain('on an unknown exchange at 2025-11-21 10:00:00.000 New York\n')
    expect(bare).toContain('quote           no usable quote: none known at its time')
    expect(bare).toContain('underlying      unknown: ')
    expect(bare).toContain('average size    none: fewer than 16 prints')
    expect(bare).not.toMatch(/null|NaN|undefined/)
  })

  it('names rules that hold beside the trade type, a REST quote, the place of the price', () => {
    const wide = text({
      trade_type: 'SWEEP',
      aggressiveness: 'AGGRESSIVE',
      is_sweep: true,
      is_block: true,
      size: 600,
      premium: 2_742_000,
      price: 45.7,
      conditions: ['ISOI'],
      quote_source: 'rest',
      size_percentile: 99.51,
      premium_percentile: 98,
      percentile_sample: 5000,
    })
    const both = wide.replace(/\s+/g, ' ')
    expect(both).toContain('is_block yes size 600 >= 500')
    expect(both).not.toContain('is_sweep')
    expect(both).toContain('from REST; above the ask')
    expect(both).toContain('ISOI (Intermarket Sweep Order); group ISO')
    expect(both).toContain('unusual volume no open interest is unknown; size 600 >= 5A = 400 (that')
    expect(both).toContain('gives yes: the row holds another label)')
    expect(both).toContain('size 99.51, premium 98: share that was smaller of 5,000 prints')
  })

  it('tells of an event with its revisions, and stays near 30 lines with all of it', () => {
    const earlier = [1, 2, 3, 4].map((revision) => ({ ...VERSION, revision, legCount: 9 }))
    const event = { ...VERSION, revision: 5, isVoid: true, legCount: 9 }
    const window = { ...windowOf(9, ['CBOE', 'ISE']), event, earlier }
    const sweep = { trade_type: 'SWEEP', is_sweep: true, is_block: true, event_legs: 9 }
    const all = text({ ...sweep, size: 600 }, window, 7, [CANCEL])
    expect(all).toContain(`event           ${TICKER}-${BOUGHT.timestamp}-7: 9 legs within 40 ms`)
    expect(all).toContain('SWEEP, revision 5 (cancel); a sweep at 50, 100, 250, 500 ms too; void')
    expect(all).toContain('before: revision 4 (cancel), SWEEP of 9')
    expect(all).not.toContain('before: revision 2')
    expect(all).toContain('- 10:00:00.000 100 @ $45.60 CBOE, sequence 42 (this print)')
    expect(all).toContain('and 5 more legs')
    expect(all).toContain('others          7 more of this day with the same sequence:')
    expect(all).toContain('- 10:00:00.000 11 @ $45.50 ?\n')
    expect(all.trimEnd().split('\n').length).toBeLessThanOrEqual(42)
  })

  it('tells of an event of one print without a list of its legs', () => {
    const event = { ...VERSION, kind: 'BLOCK', legCount: 1, spanMs: 0, sweepWindowsMs: [] }
    const alone = text({}, { ...windowOf(1, ['CBOE']), legsAtClose: null, event })
    expect(alone).toContain(
      `event           ${TICKER}-${BOUGHT.timestamp}-7: one leg, this print\n`,
    )
    expect(alone).toContain('BLOCK, revision 2 (cancel)\n')
    expect(alone).not.toContain('(this print)')
  })

  it('of a cancelled print says so', () => {
    expect(evidenceText({ status: 'cancelled', cancels: [CANCEL] })).toBe(
      '  cancel          100 @ $45.60 on CBOE, sent at 2025-11-21 10:00:09.000 New York: cancelled; the\n' +
        '                  stored row was removed\n',
    )
  })
})
