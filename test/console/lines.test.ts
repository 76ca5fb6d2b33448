import { describe, expect, test } from 'vitest'
import * as lines from '../../src/console/lines.ts'
import type { NotablePrint } from '../../src/console/notable.ts'

const TIME_PREFIX = '[12:34:56] '.length

const BLOCK: NotablePrint = {
  symbol: 'SPX',
  contractTicker: 'O:SPXW251219C06475000',
  strikeMills: 6_475_000,
  isCall: true,
  size: 250,
  priceTicks: 455_000,
  premiumDollars: 1_137_500,
  tradeType: 'BLOCK',
  sentiment: 'BULLISH',
}

const STATISTICS: lines.Statistics = {
  uptimeMs: 300_000,
  processed: 1248,
  stored: 342,
  sweeps: 18,
  blocks: 12,
  errors: 0,
  lastTradeMs: Date.UTC(2025, 10, 24, 19, 35, 42),
}

describe('a notable print', () => {
  test('reads like the original', () => {
    expect(lines.notablePrint(BLOCK).text).toBe('^ SPX 6475C 250 @ $45.50 ($1.1M premium) BLOCK')
  })

  test('has a mark for its direction and no word for a regular one', () => {
    const print = { ...BLOCK, isCall: false, strikeMills: 645_500, tradeType: 'REGULAR' } as const
    expect(lines.notablePrint({ ...print, sentiment: 'BEARISH' }).text).toBe(
      'v SPX 645.5P 250 @ $45.50 ($1.1M premium)',
    )
    expect(lines.notablePrint({ ...print, sentiment: 'NEUTRAL' }).text).toMatch(/^- /)
  })

  test('has the same facts as fields', () => {
    expect(lines.notablePrint(BLOCK)).toMatchObject({
      msg: 'print',
      fields: {
        symbol: 'SPX',
        contract_ticker: 'O:SPXW251219C06475000',
        size: 250,
        price: 45.5,
        premium: 1_137_500,
        trade_type: 'BLOCK',
        sentiment: 'BULLISH',
      },
    })
  })

  test('is followed by the rest of its second in sum', () => {
    const digest = { prints: [BLOCK], restCount: 1320, restPremiumDollars: 48_260_000 }
    expect(lines.notablePrints(digest).map(({ text }) => text)).toEqual([
      '^ SPX 6475C 250 @ $45.50 ($1.1M premium) BLOCK',
      '  and 1,320 more ($48.2M premium)',
    ])
    expect(lines.notablePrints({ ...digest, restCount: 0 })).toHaveLength(1)
  })
})

describe('statistics', () => {
  test('read like the original, with the market time', () => {
    expect(lines.statistics(STATISTICS).text.split('\n')).toEqual([
      'Statistics:',
      '  Uptime: 5 minutes',
      '  Trades processed: 1,248',
      '  Trades stored: 342 (27.4%)',
      '  Sweeps detected: 18',
      '  Blocks detected: 12',
      '  Errors: 0',
      '  Last trade: 2:35:42 PM ET',
    ])
  })

  test('make sense before the first print', () => {
    const none = { ...STATISTICS, uptimeMs: 0, processed: 0, stored: 0, lastTradeMs: null }
    const { text } = lines.statistics(none)
    expect(text).toContain('Uptime: 0 seconds')
    expect(text).toContain('Trades stored: 0 (0.0%)')
    expect(text).toContain('Last trade: none yet')
  })

  test('are numbers for programs', () => {
    expect(lines.statistics(STATISTICS).fields).toEqual({
      uptime_seconds: 300,
      trades_processed: 1248,
      trades_stored: 342,
      sweeps_detected: 18,
      blocks_detected: 12,
      errors: 0,
      last_trade: STATISTICS.lastTradeMs,
    })
  })
})

test('the drained line has the account as its fields', () => {
  const account = { received: 9000, filtered: 1, below_min_size: 8999, stored: 0 }
  const line = lines.drained(account)
  expect([line.msg, line.fields]).toEqual(['drained', account])
  expect(line.text.split('\n')).toContain('  below min size: 8,999')
})

describe('start-up', () => {
  test('says what the original said', () => {
    const symbols = ['SPX', 'NDX', 'SPY', 'QQQ', 'IWM']
    const text = [
      lines.watching(symbols),
      lines.minTradeSize(10),
      lines.database('postgres://flow@localhost/flow'),
      lines.connecting('socket.massive.com', 0),
      lines.connected('socket.massive.com', 0),
      lines.authenticated(0),
      lines.subscribing(symbols, 0),
      lines.subscribed(symbols, 0),
    ].map((line) => line.text)
    expect(text.join('\n').split('\n')).toEqual([
      'Watching symbols: SPX, NDX, SPY, QQQ, IWM',
      'Min trade size: 10 contracts',
      'Database: postgres://flow@localhost/flow',
      'Connecting to socket.massive.com...',
      'Connected to socket.massive.com',
      'Authentication successful',
      'Subscribing to 5 symbols...',
      '  Subscribed to SPX trades',
      '  Subscribed to NDX trades',
      '  Subscribed to SPY trades',
      '  Subscribed to QQQ trades',
      '  Subscribed to IWM trades',
    ])
  })

  test('stays short for thousands of symbols and for all of them', () => {
    const many = Array.from({ length: 4000 }, (_, i) => `S${i}`)
    expect(lines.watching(many).text).toBe('Watching symbols: S0, S1, S2, S3 and 3,996 more')
    const subscribed = lines.subscribed(many, 0).text.split('\n')
    expect(subscribed).toHaveLength(21)
    expect(subscribed.at(-1)).toBe('  Subscribed to 3,980 more')
    expect(lines.subscribed('*', 0).text).toContain('all trades')
    expect(lines.watching('*').text).toBe('Watching symbols: all')
  })

  test('names a connection only when it is not the first', () => {
    expect(lines.connected('h', 3).text).toBe('Connected to h (connection 3)')
    expect(lines.connected('h', 3).fields).toEqual({ host: 'h', connection: 3 })
  })
})

test('every line fits a terminal of 60 columns', () => {
  const many = Array.from({ length: 4000 }, (_, i) => `SYMB${i}`.slice(0, 6))
  const largest = { ...BLOCK, symbol: 'GOOGL', strikeMills: 12_345_500, size: 12_500 }
  const all = [
    lines.banner('10.20.30'),
    lines.demo(),
    lines.watching(many),
    lines.connecting('socket.massive.com', 0),
    lines.subscribing(many, 12),
    lines.subscribed(many, 12),
    lines.notablePrint({ ...largest, tradeType: 'REGULAR' }),
    lines.notablePrint(BLOCK),
    lines.statistics({ ...STATISTICS, processed: 123_456_789, stored: 123_456_789 }),
    lines.listening('http://127.0.0.1:65535'),
  ]
  for (const line of all) {
    const [first, ...more] = line.text.split('\n')
    expect(first!.length + TIME_PREFIX, first).toBeLessThanOrEqual(60)
    for (const text of more) expect(text.length, text).toBeLessThanOrEqual(60)
  }
})
