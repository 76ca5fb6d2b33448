import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS, newYorkDay, startOfNewYorkDay } from '../../src/domain/new-york.ts'
import { type FillerHandle, startFiller } from '../../src/fill/handle.ts'
import type { FilledContract } from '../../src/fill/messages.ts'
import { killLeftovers } from '../e2e/flow-process.ts'
import { type Archive, type Fault, startArchive } from '../fill/archive-server.ts'
import { addGap, replay, tableOf } from '../fill/day.ts'
import { cut, inArchiveOrder, linesOf, shifted, tapesOf, VIX } from '../fill/vix-tape.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { until } from './started-writer.ts'

/** The tape as if it were of today: only today's gaps are filled over REST. */
const TODAY = newYorkDay(Date.now())
const BY = (TODAY - newYorkDay(Date.UTC(2016, 5, 1, 14))) * DAY_MS
const LINES = shifted(inArchiveOrder(linesOf(VIX)), BY)
const TAPES = tapesOf(LINES)
const FROM = Date.UTC(2016, 5, 1, 13, 45) + BY
const TO = Date.UTC(2016, 5, 1, 14, 20) + BY
const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const

let postgres: TestPostgres
let whole: readonly string[]
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await replay(url, LINES)
  whole = await tableOf(url)
}, 120_000)
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

type Started = {
  readonly filler: FillerHandle
  readonly filled: FilledContract[]
  readonly told: string[]
  readonly requests: string[]
  readonly log: string[]
  readonly gaps: number[]
}

function start(databaseUrl: string, { url }: Archive, perSecond = 1000): Started {
  const filled: FilledContract[] = []
  const told: string[] = []
  const requests: string[] = []
  const log: string[] = []
  const gaps: number[] = []
  const filler = startFiller({
    databaseUrl,
    restUrl: url,
    apiKey: 'key',
    perSecond,
    retentionDays: 90,
    rules: RULES,
    onFilled: (contract) => filled.push(contract),
    onVolume: ({ ticker, volume }) => {
      told.push(`${ticker} ${volume}`)
      return Date.now()
    },
    onRequest: (result) => requests.push(result),
    onGaps: (open) => gaps.push(open),
    onLog: (line) => log.push(line),
  })
  cleanups.push(() => filler.stop())
  return { filler, filled, told, requests, log, gaps }
}

/** A database without the prints of 35 minutes of today, and with its gap. */
async function gapped(receivedTo = TO + 60_000): Promise<string> {
  const url = await postgres.freshDatabase()
  await replay(url, cut(LINES, FROM, TO))
  await addGap(url, 'gap', FROM, TO)
  await query(
    url,
    `INSERT INTO flow_batches (writer, batch, committed_at, received_to)
     VALUES (gen_random_uuid(), 1, 0, $1)`,
    [receivedTo],
  )
  return url
}

async function archive(fault?: Fault): Promise<Archive> {
  const started = await startArchive(TAPES, fault)
  cleanups.push(() => started.close())
  return started
}

const statusOf = async (url: string): Promise<string> =>
  (await query<{ status: string }>(url, 'SELECT status FROM flow_gaps'))[0]!.status

const untilStatus = (url: string, status: string): Promise<void> =>
  until(`the gap is ${status}`, async () => (await statusOf(url)) === status)

describe('the filler of gaps', { timeout: 120_000 }, () => {
  it('fills a gap of today over REST, the most traded contracts first, and tells the volume', async () => {
    const url = await gapped()
    const { filled, told, requests } = start(url, await archive())
    await untilStatus(url, 'filled')
    // contracts that traded in the gap alone are for the flat file
    const [{ n } = { n: 0 }] = await query<{ n: number }>(
      url,
      'SELECT count(*)::integer AS n FROM flow_fills',
    )
    const volumes = () => filled.filter(({ volume }) => volume !== 0)
    await until('all is told', () => filled.length === n && told.length === volumes().length)
    expect(told).toEqual(volumes().map(({ ticker, volume }) => `${ticker} ${volume}`))
    const known = new Set(filled.map(({ ticker }) => ticker))
    const ofKnown = (row: string) => [...known].some((ticker) => row.includes(ticker))
    expect(await tableOf(url)).toEqual(whole.filter(ofKnown))
    expect(requests.every((result) => result === 'ok')).toBe(true)
    const missed = TAPES.filter(({ tape }) => known.has(tape.ticker)).flatMap(({ tape }) =>
      tape.prints.filter(({ t }) => t >= FROM && t <= TO),
    )
    expect(filled.reduce((sum, { volume }) => sum + volume, 0)).toBe(
      missed.reduce((sum, { s }) => sum + s, 0),
    )
    const sizes = await query<{ ticker: string }>(
      url,
      `SELECT contract_ticker AS ticker FROM options_flow_history
       WHERE NOT timestamp BETWEEN $1 AND $2 GROUP BY 1 ORDER BY sum(size) DESC, 1`,
      [FROM, TO],
    )
    expect(filled.map(({ ticker }) => ticker)).toEqual(sizes.map(({ ticker }) => ticker))
  })

  it('goes on behind the last contract that is done when it is ended in the middle', async () => {
    const url = await gapped()
    const rest = await archive()
    const first = start(url, rest)
    await until('some are done', () => first.filled.length >= 5)
    await first.filler.stop()
    expect(await statusOf(url)).toBe('filling')
    const asked = rest.asked.length
    const second = start(url, rest)
    await untilStatus(url, 'filled')
    const again = rest.asked
      .slice(asked)
      .filter((ticker) => rest.asked.slice(0, asked).includes(ticker))
    expect(again.length).toBeLessThanOrEqual(2) // under way, or committed and not told yet
    const known = new Set([...first.filled, ...second.filled].map(({ ticker }) => ticker))
    const ofKnown = (row: string) => [...known].some((ticker) => row.includes(ticker))
    expect((await tableOf(url)).filter(ofKnown)).toEqual(whole.filter(ofKnown))
  })

  it('waits until all that the feed brought around the gap is stored', async () => {
    const url = await gapped(TO + 1_000)
    const rest = await archive()
    const { filler, filled } = start(url, rest)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect([rest.asked, filled, await statusOf(url)]).toEqual([[], [], 'unfilled'])
    await query(url, 'UPDATE flow_batches SET received_to = $1', [TO + 60_000])
    filler.look()
    await untilStatus(url, 'filled')
    expect(filled.length).toBeGreaterThan(5)
  })

  it('survives throttling and a server in trouble, and leaves out what the vendor does not have', async () => {
    const url = await gapped()
    let requests = 0
    const strange = TAPES[40]!.tape.ticker
    const rest = await archive((ticker, response) => {
      requests++
      if (decodeURIComponent(ticker) === strange) {
        response.writeHead(404).end('{}')
        return true
      }
      if (requests % 7 !== 0) return false
      response.writeHead(requests % 2 === 0 ? 429 : 503, { 'retry-after': '0' }).end('{}')
      return true
    })
    const { requests: results, log } = start(url, rest)
    await untilStatus(url, 'partly filled')
    expect(new Set(results)).toEqual(new Set(['ok', 'throttled', 'failed']))
    expect(log.filter((line) => line.startsWith(strange))).toHaveLength(1)
  })

  it('asks no more with a key that may not read tapes, and says so', async () => {
    const url = await gapped()
    const rest = await archive((_, response) => {
      response.writeHead(403).end('{"message":"not entitled"}')
      return true
    })
    const { log } = start(url, rest)
    await until('it is told', () => log.some((line) => line.includes('not entitled')))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(rest.asked).toHaveLength(1)
    expect(await statusOf(url)).toBe('filling')
  })

  it('leaves gaps of earlier days to their flat files', async () => {
    const url = await gapped()
    // an hour after midnight those of yesterday are still filled
    const yesterday = startOfNewYorkDay(TODAY - 1) - 1
    await query(url, 'UPDATE flow_gaps SET started_at = $1, ended_at = $1', [yesterday])
    await addGap(url, 'of today', FROM, TO)
    const rest = await archive()
    start(url, rest).filler.look()
    const statuses = async () =>
      (await query(url, 'SELECT gap_id, status FROM flow_gaps ORDER BY started_at')).map((row) =>
        Object.values(row as object).join(),
      )
    await until('the other is filled', async () => (await statuses())[1] === 'of today,filled')
    expect((await statuses())[0]).toBe('gap,unfilled')
  })

  it('counts the open gaps also where nothing is filled or the key is refused, old ones never', async () => {
    const url = await gapped()
    const old = Date.now() - 91 * DAY_MS
    await addGap(url, 'old', old, old + 1)
    await query(
      url,
      "INSERT INTO flow_gaps (gap_id, started_at, symbols, reason, status) VALUES ('now', $1, '{VIX}', 'disconnected', 'open')",
      [old],
    )
    const refusing = await archive((_, response) => {
      response.writeHead(403).end('{}')
      return true
    })
    for (const perSecond of [0, 1000]) {
      const { filler, gaps } = start(url, refusing, perSecond)
      await until('they are counted', () => gaps.includes(2))
      if (perSecond > 0) await until('the key is refused', () => refusing.asked.length > 0)
      await query(
        url,
        "UPDATE flow_gaps SET status = 'unfilled', ended_at = $1 WHERE gap_id = 'now'",
        [old],
      )
      filler.look()
      await until('one less is counted', () => gaps.includes(1))
      await query(url, "UPDATE flow_gaps SET status = 'open', ended_at = NULL WHERE gap_id = 'now'")
      await filler.stop()
    }
    expect(refusing.asked).toHaveLength(1)
  })
})
