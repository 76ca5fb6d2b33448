import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newYorkDay, startOfNewYorkDay } from '../../src/domain/new-york.ts'
import { type ContractFill, type Filled, fillContract } from '../../src/fill/fill-contract.ts'
import { killLeftovers } from '../e2e/flow-process.ts'
import { rowTexts } from '../e2e/table.ts'
import { addGap, DIFFERENT, replay, tableOf } from '../fill/day.ts'
import { cut, inArchiveOrder, linesOf, tapesOf, VIX } from '../fill/vix-tape.ts'
import { drift } from '../rollup/drift.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'

const LINES = inArchiveOrder(linesOf(VIX))
const TAPES = tapesOf(LINES)
const FROM = Date.UTC(2016, 5, 1, 13, 45)
const TO = Date.UTC(2016, 5, 1, 14, 20)
const DAY = newYorkDay(FROM)
const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const
const SCOPE = { inserts: { from: FROM - 5000, to: TO + 5000 }, gaps: [{ from: FROM, to: TO }] }

let postgres: TestPostgres
/** A database that had the whole tape. */
let whole: string
const filled: string[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
  whole = await postgres.freshDatabase()
  await replay(whole, LINES)
}, 120_000)
afterEach(async () => {
  await killLeftovers()
  for (const url of filled.splice(0)) expect(await drift(url)).toEqual([])
})
afterAll(() => postgres.stop())

/** A database that was away for 35 minutes, with the gap on record. */
async function gapped(): Promise<string> {
  const url = await postgres.freshDatabase()
  await replay(url, cut(LINES, FROM, TO))
  await addGap(url, 'gap', FROM, TO)
  filled.push(url)
  return url
}

function fillOf(place: number): ContractFill {
  return {
    ...TAPES[place]!,
    day: DAY,
    scope: SCOPE,
    rules: RULES,
    gaps: [{ gapId: 'gap', ...SCOPE.inserts }],
  }
}

async function fillAll(url: string, places = [...TAPES.keys()]): Promise<Filled> {
  const sum = { known: 0, filled: 0, revised: 0, missedVolume: 0 }
  await withClient(url, async (client) => {
    for (const place of places) {
      const filled = await fillContract(client, fillOf(place))
      for (const name of Object.keys(sum) as (keyof Filled)[]) sum[name] += filled[name]
    }
  })
  return sum
}

/** Events as their rows add up to them, and as flow_events has them. */
const NAIVE_SQL = `
SELECT * FROM (SELECT coalesce(event_id, contract_ticker || '-' || timestamp || '-' || arrival) AS id,
  count(*)::integer AS legs, sum(size)::integer AS size, trim_scale(sum(premium))::text AS premium,
  min(timestamp)::text AS started, (max(timestamp) - min(timestamp))::integer AS span,
  CASE WHEN count(*) = 1 THEN min(trade_type)
    WHEN count(DISTINCT exchange) > 1 THEN 'SWEEP' ELSE 'SPLIT' END AS kind
FROM options_flow_history WHERE event_id IS NOT NULL OR trade_type IN ('BLOCK', 'SWEEP')
GROUP BY 1) AS events ORDER BY id COLLATE "C"`
const EVENTS_SQL = `
SELECT event_id AS id, leg_count AS legs, total_size::integer AS size,
  trim_scale(total_premium)::text AS premium, started_at::text AS started, span_ms AS span, kind
FROM flow_events WHERE NOT is_void ORDER BY event_id COLLATE "C"`

describe('a fill of a gap in a real tape', { timeout: 120_000 }, () => {
  it('gives the table of an engine that was never away, and events that its rows add up to', async () => {
    const url = await gapped()
    const before = await rowTexts(url, DIFFERENT)
    const filled = await fillAll(url)
    const wanted = await tableOf(whole)
    expect(before.length).toBeLessThan((await rowTexts(whole, DIFFERENT)).length)
    expect(await tableOf(url)).toEqual(wanted)
    expect(await query(url, EVENTS_SQL)).toEqual(await query(url, NAIVE_SQL))
    expect(filled.filled).toBeGreaterThan(100)
    expect(filled.revised).toBeGreaterThan(100)
    const [gap] = await query<{ filled: number }>(url, 'SELECT filled FROM flow_gaps')
    expect(gap!.filled).toBe(filled.filled)
    const [done] = await query<{ n: string; prints: string }>(
      url,
      'SELECT count(*) AS n, sum(prints) AS prints FROM flow_fills',
    )
    expect(done).toEqual({ n: `${TAPES.length}`, prints: `${filled.filled}` })
  })

  it('changes nothing when it is done again', async () => {
    const url = await gapped()
    await fillAll(url)
    const table = await rowTexts(url)
    const events = await query(url, 'SELECT * FROM flow_events ORDER BY event_id')
    expect(await fillAll(url)).toMatchObject({ filled: 0, revised: 0 })
    expect(await rowTexts(url)).toEqual(table)
    expect(await query(url, 'SELECT * FROM flow_events ORDER BY event_id')).toEqual(events)
  })

  it('leaves nothing of a contract whose transaction was cut off', async () => {
    const url = await gapped()
    const place = TAPES.findIndex(({ tape }) => {
      return tape.prints.filter(({ t, s }) => t >= FROM && t <= TO && s >= 10).length > 3
    })
    const before = await rowTexts(url)
    await query(
      url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON flow_fills EXECUTE FUNCTION refuse()`,
    )
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await expect(fillContract(client, fillOf(place))).rejects.toThrow('not now')
    expect(await rowTexts(url)).toEqual(before)
    await client.query('DROP TRIGGER refuse ON flow_fills')
    expect((await fillContract(client, fillOf(place))).filled).toBeGreaterThan(3)
    await client.end()
  })

  it('does not put back what a cancel removed, and removes what a missed cancel names', async () => {
    const url = await gapped()
    await fillAll(url)
    const [print] = await query<{ contract_ticker: string; sequence: string; size: number }>(
      url,
      `SELECT * FROM options_flow_history WHERE timestamp BETWEEN $1 AND $2
         AND event_id IS NULL ORDER BY size DESC LIMIT 1`,
      [FROM, TO],
    )
    const place = TAPES.findIndex(({ tape }) => tape.ticker === print!.contract_ticker)
    const { tape, quotes } = TAPES[place]!
    const taken = tape.prints.find(({ q }) => q === Number(print!.sequence))!
    const cancel = { ...taken, t: taken.t + 1, c: [201], q: taken.q! + 1 }
    const at = tape.prints.indexOf(taken)
    const withCancel = tape.prints.toSpliced(at + 1, 0, cancel)
    const count = async () =>
      (await query(url, 'SELECT FROM options_flow_history WHERE sequence = $1', [taken.q])).length
    await withClient(url, async (client) => {
      const fill = { ...fillOf(place), quotes }
      await fillContract(client, { ...fill, tape: { ...tape, prints: withCancel } })
      expect(await count()).toBe(0)
      // a tape that knows nothing of the cancel
      const again = await fillContract(client, fill)
      expect([again.filled, await count()]).toEqual([0, 0])
    })
    const cancels = await query(url, 'SELECT was_stored, removed_sequence FROM flow_cancels')
    expect(cancels).toEqual([{ was_stored: true, removed_sequence: `${taken.q}` }])
    expect(startOfNewYorkDay(DAY)).toBeLessThan(FROM)
  })

  it('fills a tape with a cancel of which no print is there, and one of a print that came later', async () => {
    const url = await postgres.freshDatabase()
    await replay(url, LINES.slice(0, 1)) // makes the partition
    const ticker = 'O:SPY160617C00200000'
    const print = { t: FROM, p: 1.5, s: 20, x: 302, c: [209], q: 1 }
    const cancel = { ...print, c: [201] }
    const prints = [
      print,
      { ...cancel, t: FROM + 1, s: 31, q: 2 }, // its print was the day before
      { ...cancel, t: FROM + 2, s: 40, q: 3 },
      { ...print, t: FROM + 3, s: 40, q: 4 },
    ]
    const fill = { ...fillOf(0), tape: { ticker, prints }, quotes: [], gaps: [] }
    await withClient(url, async (client) => {
      expect(await fillContract(client, fill)).toMatchObject({ filled: 2 })
      expect(await fillContract(client, fill)).toMatchObject({ known: 2, filled: 0 })
    })
    const of = `WHERE contract_ticker = '${ticker}' ORDER BY sequence`
    expect(await query(url, `SELECT sequence FROM options_flow_history ${of}`)).toEqual([
      { sequence: '1' },
      { sequence: '4' },
    ])
    expect(await query(url, `SELECT sequence, was_stored FROM flow_cancels ${of}`)).toEqual([
      { sequence: '2', was_stored: false },
      { sequence: '3', was_stored: false },
    ])
  })

  it('keeps the legs of an event that the tape lacks, and counts them', async () => {
    const url = await postgres.freshDatabase()
    await replay(url, LINES.slice(0, 1)) // makes the partition
    const ticker = 'O:SPY160617C00200000'
    const leg = (after: number, x: number, q: number) => {
      return { t: FROM + after, p: 1.5, s: 20, x, c: [209], q }
    }
    const quotes = [{ t: FROM - 100, bp: 1.4, ap: 1.5, bs: 1, as: 1 }]
    const fill = { ...fillOf(0), quotes, gaps: [] }
    const first = { ticker, prints: [leg(0, 302, 1), leg(100, 313, 2), leg(200, 325, 3)] }
    const second = { ticker, prints: [leg(0, 302, 1), leg(150, 313, 5), leg(200, 325, 3)] }
    await withClient(url, async (client) => {
      await fillContract(client, { ...fill, tape: first })
      expect(await fillContract(client, { ...fill, tape: second })).toMatchObject({
        ...{ known: 2, filled: 1, missedVolume: 20 },
      })
      const again = await fillContract(client, { ...fill, tape: second })
      expect(again).toMatchObject({ known: 3, filled: 0, revised: 0, missedVolume: 0 })
    })
    const of = `WHERE contract_ticker = '${ticker}'`
    const rows = await query<Record<string, unknown>>(
      url,
      `SELECT (timestamp - ${FROM})::integer AS after, event_legs AS legs, day_volume::integer AS volume,
         count(*) OVER (PARTITION BY event_id)::integer AS rows
       FROM options_flow_history ${of} ORDER BY timestamp`,
    )
    expect(rows.map((row) => Object.values(row))).toEqual([
      [0, 4, 20, 4],
      [100, 4, 40, 4],
      [150, 4, 60, 4],
      [200, 4, 80, 4],
    ])
    const text = `SELECT leg_count, total_size::integer AS size FROM flow_events ${of} AND NOT is_void`
    expect(await query(url, text)).toEqual([{ leg_count: 4, size: 80 }])
  })
})
