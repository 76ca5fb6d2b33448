import { describe, expect, it } from 'vitest'
import { AverageScope, Sentiment, Side, TradeType } from '../../src/domain/labels.ts'
import { FLAG_SWEEP } from '../../src/slab/row-slab.ts'
import { EventAssembler, type FlowEvent } from '../../src/writer/events.ts'
import { definitionsOf, NONE, PLAIN, type Row, slabOf } from './rows.ts'

const TICKERS = ['O:SPXW251219C06475000', 'O:SPY251219P00500000']
const AT = PLAIN.time

function assembler(rules: 'opra' | 'seed' = 'opra'): EventAssembler {
  const events = new EventAssembler({
    rules,
    minSize: 10,
    tickerOf: (contract) => TICKERS[contract]!,
  })
  events.define(definitionsOf([], [[219], ['MLTI', 209], [209]]))
  return events
}

function taken(rows: readonly Partial<Row>[], rules: 'opra' | 'seed' = 'opra'): FlowEvent[] {
  const out: FlowEvent[] = []
  assembler(rules).take(slabOf(rows), 0, rows.length, out)
  return out
}

/** Legs of one event of contract 0 on these exchanges, 4 ms apart, named by the first. */
function legs(exchanges: readonly number[], change: Partial<Row> = {}): Partial<Row>[] {
  return exchanges.map((exchange, place) => ({
    time: AT + 4 * place,
    eventTime: AT,
    arrival: 11 + place,
    eventArrival: 11,
    sequence: 901 + place,
    eventLegs: exchanges.length,
    eventSpan: 4 * (exchanges.length - 1),
    exchange,
    size: 20 * (place + 1),
    price: 10_000 * (place + 1),
    side: Side.Buy,
    sentiment: Sentiment.Bullish,
    tradeType: TradeType.Split,
    ...change,
  }))
}

describe('rows of the shards become events', () => {
  it('the legs of a sweep one event, with all that they add up to', () => {
    const rows = legs([302, 308, 302], { tradeType: TradeType.Sweep, flags: FLAG_SWEEP })
    expect(taken(rows)).toEqual([
      {
        event_id: `O:SPXW251219C06475000-${AT}-11`,
        kind: 'SWEEP',
        symbol: 'SPX',
        contract_ticker: 'O:SPXW251219C06475000',
        side: 'BUY',
        sentiment: 'BULLISH',
        started_at: AT,
        ended_at: AT + 8,
        span_ms: 8,
        leg_count: 3,
        legs: [
          { sequence: 901, timestamp: AT, arrival: 11, price: 1, size: 20, exchange: 'CBOE' },
          { sequence: 902, timestamp: AT + 4, arrival: 12, price: 2, size: 40, exchange: 'ISE' },
          { sequence: 903, timestamp: AT + 8, arrival: 13, price: 3, size: 60, exchange: 'CBOE' },
        ].map((leg) => ({ contract: TICKERS[0], ...leg })),
        total_size: 120,
        total_premium: '28000',
        vwap: '2.333333',
        exchanges: ['CBOE', 'ISE'],
        sweep_windows_ms: [50, 100, 250, 500],
        why: '3 prints bought within 8 ms on 2 exchanges (CBOE, ISE): 120 contracts, $28,000 premium',
      },
    ])
  })

  it('the legs of a split one event of that kind, also when each is a block or an ISO print', () => {
    for (const tradeType of [TradeType.Split, TradeType.Block, TradeType.Sweep]) {
      const [event, ...others] = taken(legs([302, 302], { tradeType, flags: FLAG_SWEEP }))
      expect(others).toEqual([])
      expect(event).toMatchObject({ kind: 'SPLIT', leg_count: 2, sweep_windows_ms: [] })
    }
  })

  it('an absent exchange counts as one of its own, an absent sequence is none', () => {
    const [event] = taken(legs([NONE, 302], { sequence: Number.NaN }))
    expect(event).toMatchObject({ kind: 'SWEEP', exchanges: ['CBOE'] })
    expect(event!.legs.map((leg) => [leg.exchange, leg.sequence])).toEqual([
      [null, null],
      ['CBOE', null],
    ])
  })

  it('a block that is no leg an event of its own, with the average that made it one', () => {
    const row = {
      tradeType: TradeType.Block,
      arrival: 5,
      size: 180,
      side: Side.Mid,
      multiplier: 10,
    }
    const averaged = { averageSum: 1_920, averageCount: 64, averageScope: AverageScope.Contract }
    const [large, relative] = taken([
      { ...row, size: 600 },
      { ...row, ...averaged },
    ])
    expect(large).toMatchObject({
      kind: 'BLOCK',
      leg_count: 1,
      side: 'MID',
      sentiment: 'NEUTRAL',
      event_id: `O:SPXW251219C06475000-${AT}-5`,
      why: 'one print of 600 contracts: 500 or more',
      total_premium: '273000',
      vwap: '45.5',
    })
    expect(relative!.why).toBe(
      'one print of 180 contracts: 6 times the average of 30 over the last 64 prints of the contract',
    )
  })

  it('a print with the ISO condition that is no leg an event of its own', () => {
    const [event] = taken([{ tradeType: TradeType.Sweep, flags: FLAG_SWEEP, conditions: 1 }])
    expect(event).toMatchObject({ kind: 'SWEEP', leg_count: 1, sweep_windows_ms: [] })
    expect(event!.why).toBe('one ISO print of 250 contracts')
  })

  it('under seed a print with the condition of a sweep, which is named', () => {
    const [event] = taken([{ tradeType: TradeType.Sweep, conditions: 2 }], 'seed')
    expect(event!.why).toBe('one print of 250 contracts with the condition MLTI')
  })

  it('any other print none', () => {
    const types = [TradeType.Split, TradeType.Large, TradeType.Regular]
    expect(taken(types.map((tradeType) => ({ tradeType })))).toEqual([])
  })
})

describe('an event whose rows come in parts', () => {
  const first = legs([302, 308, 323])
  // the same times and arrivals, of another contract: another shard's
  const second = legs([301, 301], { contract: 1, side: Side.Sell })
  const order: [string, readonly Partial<Row>[][]][] = [
    ['slab after slab', [[first[0]!], [first[1]!], [first[2]!]]],
    [
      'with rows of another shard between',
      [[first[0]!, second[0]!], [first[1]!], [second[1]!, first[2]!]],
    ],
    [
      'with single prints between',
      [
        [first[0]!, { arrival: 99 }],
        [first[1]!, { arrival: 98 }, first[2]!],
      ],
    ],
  ]
  it.each(order)('is complete with its last leg: %s', (_, slabs) => {
    const events = assembler()
    const found = slabs.map((rows) => {
      const out: FlowEvent[] = []
      events.take(slabOf(rows), 0, rows.length, out)
      return out
    })
    const whole = found.at(-1)!.find((event) => event.contract_ticker === TICKERS[0])
    expect(whole!.legs.map((leg) => leg.arrival)).toEqual([11, 12, 13])
    expect(found.slice(0, -1).flat()).toEqual([])
  })

  it('takes only the rows that it is given', () => {
    const events = assembler()
    const slab = slabOf([...first, ...second])
    const out: FlowEvent[] = []
    events.take(slab, 0, 2, out)
    expect(out).toEqual([])
    events.take(slab, 2, 4, out)
    expect(out.map((event) => event.leg_count)).toEqual([3])
    events.take(slab, 4, 5, out)
    expect(out.map((event) => event.leg_count)).toEqual([3, 2])
  })

  it('is given up when a thousand others began after it', () => {
    const events = assembler()
    const out: FlowEvent[] = []
    const begun = Array.from({ length: 1_025 }, (_, n) => ({
      ...first[0]!,
      eventTime: AT + n,
      eventLegs: 2,
    }))
    events.take(slabOf(begun), 0, begun.length, out)
    events.take(slabOf([begun[1]!, begun[0]!]), 0, 2, out)
    expect(out.map((event) => event.event_id)).toEqual([`${TICKERS[0]}-${AT + 1}-11`])
  })
})
