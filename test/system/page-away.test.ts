import { rm } from 'node:fs/promises'
import type { Browser, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Engine } from '../e2e/engine.ts'
import { eventually, FlowProcess, killLeftovers } from '../e2e/flow-process.ts'
import { FeedLine } from '../faults/feed-line.ts'
import { OwnPostgres } from '../faults/own-postgres.ts'
import { query, reachableDirectory } from '../pg/database.ts'
import { complaints, openPage, rowsOf, startChromium } from './browser.ts'

let directory: string
let postgres: OwnPostgres
let databaseUrl: string
let simulator: FlowProcess
let engine: Engine
/** What lies between the page and its engine. */
let line: FeedLine
let browser: Browser
let page: Page
/** Nothing comes over its stream any more, and all else is answered. */
let silent: Page
let isSilent = false
let first: WebSocketRoute | null = null

beforeAll(async () => {
  directory = await reachableDirectory()
  postgres = await OwnPostgres.start(directory)
  databaseUrl = await postgres.database('away')
  simulator = new FlowProcess(['simulate', '--rate', '100'], {})
  const feed = await eventually('a feed', () => /ws:\/\/[\d.:]+\/\S+/.exec(simulator.stdout)?.[0])
  engine = new Engine({
    ...{ DATABASE_URL: databaseUrl, FLOW_FEED_URL: feed, MASSIVE_API_KEY: 'any' },
    FLOW_MIN_SIZE: '1',
  })
  const url = String((await engine.line('listening')).url)
  line = await FeedLine.to(url)
  browser = await startChromium()
  page = await openPage(browser, 'about:blank')
  noteKeys(page)
  await page.goto(`${line.url}?symbol=QQQ,NDX,IWM`)
  silent = await openPage(browser, 'about:blank')
  await silent.routeWebSocket(/stream/, (socket) => {
    const isDead = () => isSilent && socket === first
    first ??= socket
    const server = socket.connectToServer()
    server.onMessage((message) => {
      if (!isDead()) socket.send(message)
    })
  })
  await silent.goto(`${url}?symbol=QQQ,NDX,IWM`)
  for (const one of [page, silent]) {
    await eventually('rows', async () => (await rowsOf(one)).all > 20)
  }
  isSilent = true
})
afterAll(async () => {
  await browser?.close()
  await line?.close()
  await killLeftovers()
  await postgres?.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Prints that the page was told of or has asked for; a row of its tape each. */
const keys = new Set<string>()

type Print = { contract_ticker: string; timestamp: number | string; arrival: number }
const keyOf = ({ contract_ticker, timestamp, arrival }: Print): string =>
  `${contract_ticker} ${timestamp} ${arrival}`

function noteKeys(page: Page): void {
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const { type, data } = JSON.parse(String(payload)) as { type: string; data: Print }
      if (type === 'print') keys.add(keyOf(data))
    })
  })
  page.on('response', async (response) => {
    if (!response.url().includes('/api/trades?symbol=')) return
    const { trades = [] } = (await response.json().catch(() => ({}))) as { trades?: Print[] }
    for (const print of trades) keys.add(keyOf(print))
  })
}

const stale = () => page.locator('[data-banner=stale]')

it('finds out that its connection is dead', async () => {
  line.state = 'dead'
  line.turn('dead')
  await expect
    .poll(() => stale().textContent())
    .toMatch(/The engine has not answered since|Not connected to the engine since/)
  // long enough that a connection is tried in vain
  await new Promise((resolve) => setTimeout(resolve, 8000))
})

it('connects again, and says that the database does not answer', async () => {
  // told to nobody, and not committed when the store is asked for it
  postgres.pause()
  try {
    await new Promise((resolve) => setTimeout(resolve, 2000))
    line.state = 'open'
    await expect
      .poll(() => stale().allTextContents(), { timeout: 60_000 })
      .toEqual([expect.stringContaining('The database has not answered since')])
  } finally {
    postgres.resume()
  }
  await expect.poll(() => stale().count()).toBe(0)
  expect(await page.getByRole('status').first().textContent()).toContain('Live')
})

it('has every row that came meanwhile', async () => {
  await simulator.kill('SIGTERM')
  const stored = () =>
    query<{ n: number }>(
      databaseUrl,
      `SELECT count(*)::int AS n FROM options_flow_history WHERE symbol IN ('QQQ', 'NDX', 'IWM')`,
    )
  const [{ n } = { n: 0 }] = await eventually('all stored', async () => {
    const before = await stored()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    return (await stored())[0]!.n === before[0]!.n && before
  })
  expect(n).toBeGreaterThan(100)
  const [{ gone } = { gone: 0 }] = await query<{ gone: number }>(
    databaseUrl,
    'SELECT count(*)::int AS gone FROM flow_cancels',
  )
  for (const one of [page, silent]) {
    // a print that was cancelled later may be on the tape, and none may lack
    await expect
      .poll(async () => (await rowsOf(one)).all, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(n)
    expect((await rowsOf(one)).all).toBeLessThanOrEqual(n + gone)
  }
  // which of them it has: those that were cancelled make up for none that lack
  const rows = await query<Print>(
    databaseUrl,
    `SELECT contract_ticker, timestamp, arrival, received_at - timestamp AS late
     FROM options_flow_history WHERE symbol IN ('QQQ', 'NDX', 'IWM')`,
  )
  await expect.poll(() => rows.filter((row) => !keys.has(keyOf(row)))).toEqual([])
  expect((await rowsOf(page)).all).toBe(keys.size)
  expect(complaints).toEqual([])
})
