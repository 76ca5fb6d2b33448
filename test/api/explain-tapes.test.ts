import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { explainPrint } from '../../src/api/evidence.ts'
import { askedPrint } from '../../src/api/trade.ts'
import type { Evidence, Explained, StoredPrint } from '../../src/domain/evidence.ts'
import { flow, killLeftovers } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'

const TAPE = 'vix-2016-06-01-morning.frames.jsonl.gz'
const FILE = fileURLToPath(new URL(`../fixtures/tapes/${TAPE}`, import.meta.url))

type Stored = Extract<Explained, { status: 'stored' }>

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(killLeftovers)
afterAll(() => postgres.stop())

/** The tape, stored by the engine. */
async function replayed(rules: string): Promise<string> {
  const url = await postgres.freshDatabase()
  const settings = { DATABASE_URL: url, FLOW_RULES: rules, FLOW_SYMBOLS: 'VIX', FLOW_SHARDS: '2' }
  const run = await flow(['replay', FILE], settings)
  expect([run.code, run.stderr]).toEqual([0, ''])
  return url
}

/** Every stored print of the tape as it is explained. */
async function explainAll(database: Database): Promise<Stored[]> {
  const rows = await database.query<{ contract: string; sequence: string }>(
    'SELECT contract_ticker AS contract, sequence FROM options_flow_history ORDER BY 1, 2',
    [],
  )
  const all: Stored[] = []
  for (const { contract, sequence } of rows) {
    const explained = await explainPrint(database, askedPrint(contract, sequence, '2016-06-01'))
    if (explained.status === 'stored') all.push(explained)
  }
  return all
}

// rules.md once more, from nothing but what the evidence states; prices in cents, all whole

const cents = (dollars: number) => Math.round(dollars * 100)

function sideOf({ quote, conditions }: Evidence, price: number): string {
  if (!quote.usable || conditions.side === 'UNKNOWN') return 'UNKNOWN'
  if (cents(price) >= cents(quote.ask)) return 'BUY'
  if (cents(price) <= cents(quote.bid)) return 'SELL'
  const twice = 2 * cents(price) - cents(quote.bid) - cents(quote.ask)
  return twice > 0 ? 'BUY' : twice < 0 ? 'SELL' : 'MID'
}

function typeOf({ average, conditions, rules, window }: Evidence, size: number): string {
  const isOpra = rules.set === 'opra'
  const multiple = average.size === null ? 0 : size / average.size
  const isBlock = size >= 500 || (multiple >= 5 && (size >= 100 || !isOpra))
  const isLarge = multiple >= 2 && (size >= 50 || !isOpra)
  const legs = window?.legs.length ?? 1
  if (isOpra && legs > 1 && new Set(window!.legs.map((leg) => leg.exchange)).size > 1) {
    return 'SWEEP'
  }
  if (isOpra && conditions.group === 'ISO') return 'SWEEP'
  if (isBlock) return 'BLOCK'
  return isOpra && legs > 1 ? 'SPLIT' : isLarge ? 'LARGE' : 'REGULAR'
}

function sentimentOf(evidence: Evidence, trade: StoredPrint): string {
  const { quote } = evidence
  const isOpra = evidence.rules.set === 'opra'
  const side = sideOf(evidence, trade.price)
  const up = isOpra ? side === 'BUY' : quote.usable && quote.isAboveAsk
  const down = isOpra ? side === 'SELL' : quote.usable && quote.isBelowBid
  if (!up && !down) return 'NEUTRAL'
  return up === (trade.option_type === 'call') ? 'BULLISH' : 'BEARISH'
}

function aggressivenessOf(evidence: Evidence, { price, trade_type }: StoredPrint): string {
  const { quote } = evidence
  if (!quote.usable) return 'NORMAL'
  const above = cents(price) - cents(quote.ask)
  const below = cents(quote.bid) - cents(price)
  const spread = cents(quote.ask) - cents(quote.bid)
  if (evidence.rules.set === 'seed') {
    if (10 * above > spread || 10 * below > spread) return 'AGGRESSIVE'
    return above >= 0 || below >= 0 ? 'PASSIVE' : 'NORMAL'
  }
  if (sideOf(evidence, price) === 'UNKNOWN') return 'NORMAL'
  if (above > 0 || below > 0) return 'AGGRESSIVE'
  if (above < 0 && below < 0) return 'PASSIVE'
  return trade_type === 'SWEEP' ? 'AGGRESSIVE' : 'NORMAL'
}

function unusualOf({ average, unusualVolume }: Evidence, size: number): boolean {
  const { dayVolume, openInterest } = unusualVolume
  if (openInterest !== null) return dayVolume! > openInterest
  return average.size !== null && size / average.size >= 5
}

/** The labels of the row, and those that the stated evidence gives. */
function bothWays({ trade, evidence }: Stored): [object, object] {
  const { size, price } = trade
  const side = sideOf(evidence, price)
  const stated = {
    side,
    trade_type: typeOf(evidence, size),
    sentiment: sentimentOf(evidence, trade),
    aggressiveness: aggressivenessOf(evidence, trade),
    is_unusual_volume: unusualOf(evidence, size),
    is_above_ask: evidence.quote.usable && cents(price) > cents(evidence.quote.ask),
    is_below_bid: evidence.quote.usable && cents(price) < cents(evidence.quote.bid),
    premium: (cents(price) * size * evidence.premium.multiplier) / 100,
    legs: evidence.window === null ? null : evidence.window.legs.length,
  }
  const stored: Record<string, unknown> = { ...stated }
  for (const name of Object.keys(stated)) {
    if (name !== 'legs') stored[name] = trade[name as keyof StoredPrint]
  }
  stored.legs = trade.event_legs ?? (evidence.window === null ? null : 1)
  return [stored, stated]
}

describe.each([
  { rules: 'opra', types: ['BLOCK', 'LARGE', 'REGULAR', 'SPLIT', 'SWEEP'] },
  { rules: 'seed', types: ['BLOCK', 'LARGE', 'REGULAR'] },
])('every stored print of the VIX tape under $rules', ({ rules, types }) => {
  let database: Database
  let all: Stored[]
  beforeAll(async () => {
    database = openDatabase(await replayed(rules))
    all = await explainAll(database)
  })
  afterAll(() => database.close())

  it('is found by contract and sequence, with its own rule set', () => {
    expect(all.length).toBe(rules === 'opra' ? 599 : 561)
    expect(new Set(all.map(({ evidence }) => evidence.rules.set))).toEqual(new Set([rules]))
    expect([...new Set(all.map(({ trade }) => trade.trade_type))].sort()).toEqual(types)
  })

  it('has the labels that its stated evidence gives', () => {
    const [stored, stated] = [
      all.map((one) => bothWays(one)[0]),
      all.map((one) => bothWays(one)[1]),
    ]
    expect(stated).toEqual(stored)
  })

  it('is told by the rules themselves to follow from the row', () => {
    const unfollowed = all.flatMap(({ trade, evidence }) =>
      Object.entries(evidence)
        .filter(([, found]) => (found as { follows?: boolean | null } | null)?.follows === false)
        .map(([name]) => `${trade.contract_ticker} ${trade.sequence} ${name}`),
    )
    expect(unfollowed).toEqual([])
    // a tick test needs a price that the row does not hold; all else is checked
    const unchecked = all.filter(
      ({ evidence: { customerSide } }) =>
        customerSide.follows === null && customerSide.rule !== 'tick_all',
    )
    expect(unchecked).toEqual([])
  })

  it('has its event in the events, with itself among the legs', () => {
    const events = all.filter(({ evidence }) => evidence.window !== null)
    expect(events.length).toBeGreaterThan(40)
    for (const { trade, evidence } of events) {
      const { window } = evidence
      expect(window!.event).toMatchObject({ revision: 1, reason: 'found', side: trade.side })
      expect(window!.legs.filter(({ isThis }) => isThis)).toHaveLength(1)
      expect(window!.event!.legCount).toBe(window!.legs.length)
    }
  })
})

describe('flow explain', () => {
  const asked = ['O:VIX160720P00019000', '494715859']
  let url: string
  beforeAll(async () => {
    url = await replayed('opra')
  })
  const explain = (...args: string[]) => flow(['explain', ...args], { DATABASE_URL: url })

  it('tells a person in about 30 lines that fit a terminal, with exit code 0', async () => {
    const { code, stdout, stderr } = await explain(...asked)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(32)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
    for (const words of [
      'O:VIX160720P00019000, sequence 494715859',
      'VIX 19 put, expires 2016-07-20 (49 days)',
      '453 @ $2.90 on CBOE at 2016-06-01 10:27:24.525 New York, received 5 ms later',
      'premium $131,370 (2.9 x 453 contracts x 100 shares)',
      'trade type      SPLIT       leg of a split of 8 prints on 1 exchange',
      'side            SELL        price at or below the bid',
      'quote           $2.90 x $2.95 (1477 x 13458), mid 2.925, spread 0.05, 0 ms old',
    ]) {
      expect(stdout).toContain(words)
    }
  })

  it('gives the answer of the API with --json', async () => {
    const { code, stdout } = await explain(...asked, '--date', '2016-06-01', '--json')
    const database = openDatabase(url)
    const answer = await explainPrint(database, askedPrint(asked[0]!, asked[1]!, ''))
    await database.close()
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(answer)
  })

  it.each([
    ['another date', [...asked, '--date', '2016-06-02'], 1, /^flow: no stored print .+2016-06-02/],
    ['another sequence', [asked[0]!, '1'], 1, /^flow: no stored print .+FLOW_MIN_SIZE/],
    ['no contract', ['VIX', '1'], 2, /^flow: contract: expected a ticker such as/],
    ['no sequence', [asked[0]!, 'x'], 2, /^flow: sequence: expected a whole number .+came x/],
    ['no date', [...asked, '--date', 'today'], 2, /^flow: date: expected .+came today/],
  ])('of %s is one line on standard error', async (_, args, code, line) => {
    const run = await explain(...args)
    expect(run.stderr).toMatch(line)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect([run.code, run.stdout]).toEqual([code, ''])
  })

  it('on a database without our tables says what to do', async () => {
    const empty = await postgres.freshDatabase()
    const run = await flow(['explain', ...asked], { DATABASE_URL: empty })
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('run flow migrate')
  })
})
