import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { fillContract } from '../../src/fill/fill-contract.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startArchive } from '../fill/archive-server.ts'
import { addGap, replay } from '../fill/day.ts'
import { cut, flatFileOf, inArchiveOrder, linesOf, tapesOf, VIX } from '../fill/vix-tape.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'
import { flow, killLeftovers } from './flow-process.ts'
import { rowTexts } from './table.ts'

const LINES = inArchiveOrder(linesOf(VIX))
const TAPES = tapesOf(LINES)
const FROM = Date.UTC(2016, 5, 1, 13, 45)
const TO = Date.UTC(2016, 5, 1, 14, 20)
const DATE = '2016-06-01'
const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const

let postgres: TestPostgres
let directory: string
let file: string
beforeAll(async () => {
  postgres = await startTestPostgres()
  directory = await mkdtemp(join(tmpdir(), 'flow-backfill-'))
  file = join(directory, 'trades.csv')
  await writeFile(file, flatFileOf(TAPES))
}, 120_000)
afterEach(killLeftovers)
afterAll(async () => {
  await postgres.stop()
  await rm(directory, { recursive: true })
})

async function gapped(): Promise<string> {
  const url = await postgres.freshDatabase()
  await replay(url, cut(LINES, FROM, TO))
  await addGap(url, 'gap', FROM, TO)
  return url
}

const backfill = (url: string, ...words: string[]) =>
  flow(['backfill', '--date', DATE, ...words], {
    DATABASE_URL: url,
    FLOW_SYMBOLS: 'VIX',
    FLOW_RETENTION_DAYS: '10000',
  })

/** With a byte near the start turned. */
function damaged(bytes: Buffer): Buffer {
  bytes[500]! ^= 0xff
  return bytes
}

/** Every print of the file as the table would have it, those of 10 contracts and more. */
function printsOfFile(): string[] {
  return TAPES.flatMap(({ tape }) => tape.prints.map((print) => ({ ...print, sym: tape.ticker })))
    .filter(({ s }) => s >= 10)
    .map(({ sym, t, p, s }) => `${sym} ${t} ${p} ${s}`)
    .sort()
}

async function printsOf(url: string): Promise<string[]> {
  const rows = await query<{ print: string }>(
    url,
    `SELECT contract_ticker || ' ' || timestamp || ' ' || trim_scale(price) || ' ' || size AS print
     FROM options_flow_history WHERE size >= 10`,
  )
  return rows.map(({ print }) => print).sort()
}

describe('flow backfill', { timeout: 120_000 }, () => {
  it('puts in what the table lacks of a day, fills its gaps, and changes nothing the next time', async () => {
    const url = await gapped()
    const had = await printsOf(url)
    const run = await backfill(url, '--file', file, '--json')
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(await printsOf(url)).toEqual(printsOfFile())
    const missing = printsOfFile().length - had.length
    const prints = TAPES.reduce((sum, { tape }) => sum + tape.prints.length, 0)
    const summary = JSON.parse(run.stdout)
    expect(summary).toMatchObject({
      date: DATE,
      contracts: TAPES.length,
      prints,
      leftOut: 0,
      gaps: 1,
    })
    expect(summary.filled).toBeGreaterThanOrEqual(missing)
    const gaps = 'SELECT status, filled FROM flow_gaps'
    expect(await query(url, gaps)).toEqual([{ status: 'filled', filled: summary.filled }])
    const table = await rowTexts(url)
    const again = await backfill(url, '--file', file)
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toContain('  filled: 0\n  rows revised: 0\n')
    expect(await rowTexts(url)).toEqual(table)
    expect(await query(url, gaps)).toEqual([{ status: 'filled', filled: summary.filled }])
  })

  it('changes nothing of what a fill over REST has put in, though the file has no sequences', async () => {
    const url = await gapped()
    const scope = { inserts: { from: FROM - 5000, to: TO + 5000 }, gaps: [{ from: FROM, to: TO }] }
    const gaps = [{ gapId: 'gap', ...scope.inserts }]
    await withClient(url, async (client) => {
      for (const one of TAPES) {
        await fillContract(client, { ...one, day: newYorkDay(FROM), scope, rules: RULES, gaps })
      }
    })
    const table = await rowTexts(url)
    const run = await backfill(url, '--file', file)
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(run.stdout).toContain('  filled: 0\n  rows revised: 0\n')
    expect(await rowTexts(url)).toEqual(table)
  })

  it('fills an empty database, of the symbols asked for alone', async () => {
    const url = await postgres.freshDatabase()
    await migrateDatabase(url)
    await addGap(url, 'gap', FROM, TO)
    const other = await backfill(url, '--file', file, '--symbols', 'SPX', '--json')
    expect([other.code, JSON.parse(other.stdout)]).toMatchObject([0, { contracts: 0, gaps: 0 }])
    const status = 'SELECT status FROM flow_gaps'
    expect(await query(url, status)).toEqual([{ status: 'unfilled' }])
    const run = await backfill(url, '--file', file)
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(await printsOf(url)).toEqual(printsOfFile())
  })

  it.each([
    [403, 'to the end'],
    [500, 'while this lasts'],
  ])(
    'goes on without quotes when the REST server answers %d, and says so once',
    async (status, told) => {
      const url = await gapped()
      let asked = 0
      const archive = await startArchive([], (_, response) => {
        asked++
        response.writeHead(status).end('{}')
        return true
      })
      const settings = { FLOW_REST_URL: archive.url, MASSIVE_API_KEY: 'a-key' }
      const run = await flow(['backfill', '--date', DATE, '--file', file], {
        ...{ DATABASE_URL: url, FLOW_SYMBOLS: 'VIX', FLOW_LOOKUP_PREMIUM: '1', ...settings },
      }).finally(() => archive.close())
      expect([run.code, run.stderr.split('without a quote').length]).toEqual([0, 2])
      expect(run.stderr).toContain(`missing prints go without a quote ${told}: `)
      expect(asked).toBeGreaterThan(0)
      if (status === 403) expect(asked).toBe(1)
      expect(await printsOf(url)).toEqual(printsOfFile())
    },
  )

  it.each([
    ['cut in half', (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ['empty', () => Buffer.alloc(0)],
    ['damaged', (whole: Buffer) => damaged(whole)],
  ])(
    'a file that is %s ends with exit code 1, and no gap counts as filled',
    async (what, broken) => {
      const url = await gapped()
      const path = join(directory, `${what}.csv.gz`)
      await writeFile(path, broken(gzipSync(flatFileOf(TAPES))))
      const run = await backfill(url, '--file', path, '--json')
      expect([run.code, JSON.parse(run.stdout).isWhole]).toEqual([1, false])
      expect(run.stderr).toContain(`${path}: expected the whole flat file of the day`)
      expect(await query(url, "SELECT FROM flow_gaps WHERE status = 'filled'")).toEqual([])
      await rm(path)
      const whole = await backfill(url, '--file', file)
      expect([whole.code, await printsOf(url)]).toEqual([0, printsOfFile()])
    },
  )

  it('takes a date with spaces around it, and warns of one that the next cleanup removes', async () => {
    const url = await postgres.freshDatabase()
    const words = ['backfill', '--date', ` ${DATE} `, '--file', file, '--json']
    const run = await flow(words, { DATABASE_URL: url, FLOW_SYMBOLS: 'VIX' })
    expect([run.code, JSON.parse(run.stdout).date]).toEqual([0, DATE])
    expect(run.stderr).toContain(`${DATE} is longer ago than FLOW_RETENTION_DAYS (90)`)
  })

  it('leaves what an engine that runs may be about to store, and says so', async () => {
    const url = await gapped()
    await query(
      url,
      `UPDATE flow_batches SET is_feed = true, drained = false, received_to = $1, committed_at = $2`,
      [FROM + 15_000, Date.now() + 60_000],
    )
    const run = await backfill(url, '--file', file, '--json')
    expect([run.code, JSON.parse(run.stdout).gaps]).toEqual([0, 0])
    expect(run.stderr).toMatch(/\d+ prints are left for later: .* 2016-06-01T13:45:00.000Z may be/)
    const left = 'SELECT FROM options_flow_history WHERE timestamp > $1 AND timestamp <= $2'
    expect(await query(url, left, [FROM, TO])).toEqual([])
  })

  it.each([
    [['backfill'], /--date/],
    [['backfill', '--date', '2016-02-31', '--file', 'x.csv'], /2016-02-31/],
    [['backfill', '--date', DATE], /FLOW_FLATFILES_ACCESS_KEY/],
    [['backfill', '--date', DATE, '--file', 'no-such-file.csv'], /no-such-file.csv/],
  ])('refuses %j with exit code 2 and what to do', async (words, told) => {
    const run = await flow(words, { DATABASE_URL: 'postgres://127.0.0.1:1/none' })
    expect([run.code, run.stdout]).toEqual([2, ''])
    expect(run.stderr).toMatch(told)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
  })

  it('says that the file is of another day', async () => {
    const url = await postgres.freshDatabase()
    const words = ['backfill', '--date', '2016-06-02', '--file', file]
    const run = await flow(words, {
      DATABASE_URL: url,
      FLOW_SYMBOLS: 'VIX',
      FLOW_RETENTION_DAYS: '10000',
    })
    expect(run.code).toBe(1)
    expect(run.stderr).toMatch(/2016-06-02/)
  })
})
