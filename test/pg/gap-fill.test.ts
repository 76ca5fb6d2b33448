import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newYorkDay, startOfNewYorkDay } from '../../src/domain/new-york.ts'
import { fillContract } from '../../src/fill/fill-contract.ts'
import { fillGap, hadMarket } from '../../src/fill/gap-fill.ts'
import { nextGap } from '../../src/fill/gap-queue.ts'
import { LaterLooks } from '../../src/fill/later-looks.ts'
import type { TapePrint } from '../../src/fill/tape.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { migrate } from '../../src/writer/migrate.ts'
import { type Archive, type Fault, startArchive } from '../fill/archive-server.ts'
import { startTestPostgres, type TestPostgres, withClient } from './database.ts'

const AT = Date.UTC(2026, 10, 20, 15)
const DAY = newYorkDay(AT)
const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const
const MINUTE = 60_000
const TICKERS = ['A', 'B', 'C', 'D'].map((_, i) => `O:SPY261218C006${i}0000`)

const print = (t: number, s: number, q: number): TapePrint => {
  return { t, p: 1.5, s, x: 302, c: [209], q }
}
/** One print before the gap, one in it; the first contract is the most traded. */
const TAPES = TICKERS.map((ticker, i) => ({
  tape: { ticker, prints: [print(AT, 1000 - i, 1), print(AT + MINUTE, 20, 2)] },
  quotes: [],
}))

let postgres: TestPostgres
let url: string
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
beforeEach(async () => {
  url = await postgres.freshDatabase()
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

/** The first prints are in the table, and the gap on record. */
async function gapped(client: pg.Client, tapes = TAPES): Promise<void> {
  await migrate(client)
  await client.query('SELECT flow_ensure_partition($1::date)', ['2026-11-20'])
  for (const { tape } of tapes) await store(client, tape.ticker, tape.prints[0]!)
  await client.query(
    `INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, status)
     VALUES ('gap', $1, $2, '{SPY}', 'disconnected', 'unfilled')`,
    [AT + MINUTE / 2, AT + 2 * MINUTE],
  )
}

async function store(client: pg.Client, ticker: string, one: TapePrint): Promise<void> {
  const scope = { inserts: { from: one.t, to: one.t }, gaps: [] }
  const tape = { ticker, prints: [one] }
  await fillContract(client, { tape, quotes: [], day: DAY, scope, rules: RULES, gaps: [] })
}

type Look = { readonly filled: string[]; readonly warned: string[]; readonly leftOut: number }

async function look(client: pg.Client, archive: Archive, isLater = false): Promise<Look> {
  const filled: string[] = []
  const warned: string[] = []
  const gap = {
    ...{ gapId: 'gap', startedAt: AT + MINUTE / 2, endedAt: AT + 2 * MINUTE },
    ...{ symbols: ['SPY'], reason: 'disconnected' },
  }
  const leftOut = await fillGap(gap, {
    client,
    asker: {
      rest: { baseUrl: archive.url, apiKey: 'key', retryMinMs: 1, triesMax: 2 },
      budget: new RestBudget(1000),
      priority: 'lookup',
      onProblem: () => {},
    },
    rules: RULES,
    signal: new AbortController().signal,
    isLater,
    storedTo: async () => AT + 10 * MINUTE,
    mayAsk: async () => {},
    onAnswer: () => {},
    onFilled: ({ ticker }) => filled.push(ticker),
    onWarn: (line) => warned.push(line),
  })
  return { filled, warned, leftOut }
}

async function serve(fault?: Fault, tapes = TAPES): Promise<Archive> {
  const archive = await startArchive(tapes, fault)
  cleanups.push(() => archive.close())
  return archive
}

const statusOf = async (client: pg.Client): Promise<string> =>
  (await client.query<{ status: string }>('SELECT status FROM flow_gaps')).rows[0]!.status

const timesAsked = ({ asked }: Archive): number[] =>
  TICKERS.map((ticker) => asked.filter((other) => other === ticker).length)

describe('a contract that cannot be filled', () => {
  const page = (next: string): string => JSON.stringify({ results: [], next_url: next })
  let archive: Archive
  it.each<[string, Fault, number, string]>([
    [
      'whose next page lies at another server',
      (_, response) => {
        response.end(page('https://elsewhere.invalid/v3/trades/x'))
        return true
      },
      1,
      'not followed',
    ],
    [
      'whose pages do not end',
      (ticker, response) => {
        response.end(page(`${archive.url}/v3/trades/${ticker}?cursor=1`))
        return true
      },
      200,
      'expected an end',
    ],
    [
      'at which the server fails',
      (_, response) => {
        response.writeHead(500).end('{}')
        return true
      },
      3 * 2,
      'came 500',
    ],
    [
      'that comes as something else',
      (_, response) => {
        response.end('<html>')
        return true
      },
      3 * 2,
      'expected JSON',
    ],
  ])('%s keeps no other from it, and is left out with the reason', async (_, fault, asked, why) => {
    archive = await serve((ticker, response) => {
      return decodeURIComponent(ticker) === TICKERS[0] && fault(ticker, response)
    })
    await withClient(url, async (client) => {
      await gapped(client)
      const { filled, warned, leftOut } = await look(client, archive)
      expect(filled).toEqual(TICKERS.slice(1))
      expect(warned).toEqual([expect.stringContaining(why)])
      expect(warned[0]).toContain(TICKERS[0])
      expect([leftOut, await statusOf(client)]).toEqual([1, 'partly filled'])
      expect(timesAsked(archive)[0]).toBe(asked)
      // a later look asks for this one alone, and it is well
      const healthy = await serve()
      expect(await look(client, healthy, true)).toMatchObject({ filled: [TICKERS[0]], leftOut: 0 })
      expect([healthy.asked, await statusOf(client)]).toEqual([[TICKERS[0]], 'filled'])
    })
  })

  it('that the database does not take is left out at once', async () => {
    await withClient(url, async (client) => {
      await gapped(client)
      await client.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON flow_fills FOR EACH ROW
           WHEN (NEW.contract_ticker = '${TICKERS[1]}') EXECUTE FUNCTION refuse()`,
      )
      const { filled, warned } = await look(client, await serve())
      expect(filled).toEqual([TICKERS[0], ...TICKERS.slice(2)])
      expect(warned).toEqual([expect.stringContaining('not this one')])
    })
  })

  it('ends the look when it is not the contracts: none is filled, twenty times over', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({
      tape: { ticker: `O:SPY261218C00${600 + i}000`, prints: [print(AT, 1000 - i, 1)] },
      quotes: [],
    }))
    const archive = await serve((_, response) => {
      response.writeHead(503).end('{}')
      return true
    }, many)
    await withClient(url, async (client) => {
      await gapped(client, many)
      const { warned, leftOut } = await look(client, archive)
      expect([leftOut, archive.asked.length, await statusOf(client)]).toEqual([
        ...[40, 20 * 2, 'partly filled'],
      ])
      expect(warned.at(-1)).toContain('40 contracts')
    })
  })

  it('throws what ails the database itself, and leaves the gap to be filled', async () => {
    const archive = await serve()
    await withClient(url, async (client) => {
      await gapped(client)
      await client.query('SET default_transaction_read_only = on')
      await expect(look(client, archive)).rejects.toThrow('read-only')
      await client.query('SET default_transaction_read_only = off')
      expect(await statusOf(client)).toBe('unfilled')
    })
  })
})

describe('a contract that trades for the first time behind the gap', () => {
  it('is filled by a later look, which asks for it alone', async () => {
    await withClient(url, async (client) => {
      await gapped(client, TAPES.slice(0, 2))
      await look(client, await serve())
      await store(client, TICKERS[3]!, print(AT + 9 * MINUTE, 30, 3))
      const archive = await serve()
      expect((await look(client, archive, true)).filled).toEqual([TICKERS[3]])
      expect(archive.asked).toEqual([TICKERS[3]])
      expect(await statusOf(client)).toBe('filled')
    })
  })

  it('is looked for after 5 minutes, ever less often, and once when its day is over', async () => {
    await withClient(url, async (client) => {
      await gapped(client, [])
      const since = startOfNewYorkDay(DAY)
      const gap = (await nextGap(client, since))!
      await client.query("UPDATE flow_gaps SET status = 'filled'")
      const later = new LaterLooks()
      const looks: number[] = []
      const midnight = startOfNewYorkDay(DAY + 1)
      later.note(gap, gap.endedAt)
      for (let now = gap.endedAt; now < midnight + 60 * MINUTE; now += MINUTE) {
        const found = await later.next(client, since, now)
        if (found === null) continue
        expect(found).toEqual(gap)
        looks.push((now - (now < midnight ? gap.endedAt : midnight)) / MINUTE)
        later.note(found, now)
      }
      expect(looks).toEqual([5, 35, 155, 335, 515, 695, 2])
      // of another process, and of a day that is gone
      expect(await new LaterLooks().next(client, since, gap.endedAt)).toBeNull()
      expect(await later.next(client, midnight, midnight + MINUTE)).toBeNull()
    })
  })
})

describe('time in which options trade', () => {
  /** UTC of a New York time in November 2026 (winter time). */
  const at = (day: number, hour: number, minute = 0): number =>
    Date.UTC(2026, 10, day, hour + 5, minute)
  it.each<[string, boolean, number, number]>([
    ['Thursday evening', true, at(19, 20, 15), at(19, 23, 59)],
    ['Friday after the close of stocks', true, at(20, 16, 5), at(20, 16, 15)],
    ['Sunday evening', true, at(22, 19), at(22, 20, 16)],
    ['Friday 17:00 to Sunday 20:00', false, at(20, 17), at(22, 20)],
    ['Saturday', false, at(21, 0), at(22, 0)],
    ['Friday evening to Monday morning', true, at(20, 18), at(23, 9)],
    ['four days', true, at(20, 18), at(24, 18)],
  ])('%s: %s', (_, isTrading, from, to) => {
    expect(hadMarket(from, to)).toBe(isTrading)
  })
})
