import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../e2e/engine.ts'
import { eventually, FlowProcess, killLeftovers } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { complaints, countWork, frameTimes, openPage, rowsOf, startChromium } from './browser.ts'

const TOKEN = 'only-for-this-test-0123456789'
const RATE = 500
const FRAMES_MS = 5000
/** What the tape keeps. */
const ROWS_MAX = 5000

let postgres: TestPostgres
let databaseUrl: string
let browser: Browser
let simulator: FlowProcess
let engine: Engine
let url: string
let page: Page

/** Every print is a row: 500 of them a second, from the first one on. */
beforeAll(async () => {
  postgres = await startTestPostgres()
  databaseUrl = await postgres.freshDatabase()
  simulator = new FlowProcess(['simulate', '--rate', `${RATE}`], {})
  const feed = await eventually('a feed', () => /ws:\/\/[\d.:]+\/\S+/.exec(simulator.stdout)?.[0])
  engine = new Engine({
    ...{ DATABASE_URL: databaseUrl, FLOW_FEED_URL: feed, MASSIVE_API_KEY: 'any' },
    ...{ FLOW_MIN_SIZE: '1', FLOW_HTTP_TOKEN: TOKEN },
  })
  url = String((await engine.line('listening')).url)
  browser = await startChromium()
  page = await openPage(browser, `${url}/?symbol=QQQ,NDX,IWM`)
})
afterAll(async () => {
  await browser?.close()
  await killLeftovers()
  await postgres?.stop()
})

async function stats(): Promise<{ account: Record<string, number>; ready: string }> {
  const response = await fetch(`${url}/api/stats`, {
    headers: { Authorization: `Bearer ${TOKEN}` },
  })
  return (await response.json()) as { account: Record<string, number>; ready: string }
}

/** Rows that come in two seconds, and changes of rows that were there. */
function changesOf(busy: Page): Promise<{ added: number; touched: number }> {
  return busy.evaluate(`new Promise((resolve) => {
    const belt = document.querySelector('.tape-belt')
    let [added, touched] = [0, 0]
    const observer = new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        if (target === belt) added += addedNodes.length
        else touched++
      }
    })
    const what = { attributes: true, characterData: true, childList: true, subtree: true }
    observer.observe(belt, what)
    setTimeout(() => resolve({ added, touched }), 2000)
  })`)
}

describe('a page with a token, at 500 prints a second', () => {
  it('asks for the token, also after a wrong one, and keeps it in its tab alone', async () => {
    const field = page.getByLabel('FLOW_HTTP_TOKEN')
    await field.fill('a-wrong-one-of-that-length')
    await page.getByRole('button', { name: 'Go on' }).click()
    await expect.poll(() => page.getByRole('dialog').textContent()).toContain('came another')
    await page.getByLabel('FLOW_HTTP_TOKEN').fill(TOKEN)
    await page.getByRole('button', { name: 'Go on' }).click()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await eventually('rows', async () => (await rowsOf(page)).all > 20)
    expect(page.url()).not.toContain(TOKEN)
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).toBe('{}')
    await page.reload()
    await eventually('rows again', async () => (await rowsOf(page)).all > 20)
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('draws what can be seen of all prints, and says how fast', async () => {
    const busy = await openPage(browser, 'about:blank')
    await busy.context().addInitScript(`sessionStorage.setItem('flow.token', '${TOKEN}')`)
    await busy.goto(url)
    await eventually('rows', async () => (await rowsOf(busy)).all > 500)
    const before = (await stats()).account.stored!
    const worked = await countWork(busy)
    const times = await frameTimes(busy, FRAMES_MS)
    const spent = Object.entries(await worked()).map(([kind, ms]) => {
      return `${kind} ${(ms / times.length).toFixed(1)} ms`
    })
    const rate = Math.round(((await stats()).account.stored! - before) / (FRAMES_MS / 1000))
    const at = (share: number) => times[Math.floor(times.length * share)]!.toFixed(1)
    process.stderr.write(
      `frames at ${rate} rows/s: ${(times.length / (FRAMES_MS / 1000)).toFixed(1)} a second, ` +
        `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; of each frame ${spent.join(', ')}\n`,
    )
    // what is there already stays as it is; all are laid out anew once in 10,000
    const { added, touched } = await changesOf(busy)
    expect(added).toBeGreaterThan(200)
    expect(touched).toBeLessThan(100)
    const { drawn, all } = await rowsOf(busy)
    expect(rate).toBeGreaterThan(0)
    expect(drawn).toBeLessThan(60)
    expect(all).toBeLessThanOrEqual(ROWS_MAX)
    await busy.context().close()
  })

  it('loses no row that the store has', async () => {
    await simulator.kill('SIGTERM')
    const [kept] = await eventually('all stored', async () => {
      const before = (await stats()).account.stored!
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return (await stats()).account.stored === before && [before]
    })
    expect(kept).toBeGreaterThan(1000)
    const stored = await query<{ key: string }>(
      databaseUrl,
      `SELECT contract_ticker || ' ' || timestamp || ' ' || arrival AS key
       FROM options_flow_history WHERE symbol IN ('QQQ', 'NDX', 'IWM')`,
    )
    expect(stored.length).toBeGreaterThan(200)
    expect(stored.length).toBeLessThan(ROWS_MAX)
    await page.keyboard.press(' ')
    const { all } = await rowsOf(page)
    const { cancelled } = (await stats()).account
    const [gone] = await query<{ n: number }>(
      databaseUrl,
      'SELECT count(*)::int AS n FROM flow_cancels WHERE was_stored',
    )
    expect(all).toBeGreaterThanOrEqual(stored.length)
    // a print that is cancelled later was on the tape
    expect(all).toBeLessThanOrEqual(stored.length + cancelled! + gone!.n)
  })

  it('says that the feed is away, and since when prints may be missing', async () => {
    await expect
      .poll(() => page.locator('[data-banner=stale]').textContent())
      .toContain('The engine is not ready')
    await expect
      .poll(() => page.locator('[data-banner=gap]').first().textContent())
      .toMatch(/Gap since .* may be missing/)
    expect(complaints).toEqual([])
  })
})
