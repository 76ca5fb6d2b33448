import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { freePort } from '../../src/postgres/cluster.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually, killLeftovers } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { barriers, complaints, openPage, rowsOf, startChromium } from './browser.ts'

const ROOT = join(import.meta.dirname, '../..')

let postgres: TestPostgres
let browser: Browser
let engine: Engine
let settings: Record<string, string>
let url: string
let page: Page

beforeAll(async () => {
  if (!existsSync(join(ROOT, 'dist/page/index.html'))) {
    execFileSync('npm', ['run', '--silent', 'build:page'], { cwd: ROOT })
  }
  postgres = await startTestPostgres()
  const port = await freePort(0)
  url = `http://127.0.0.1:${port}/`
  // the demo: no key and no feed
  settings = { DATABASE_URL: await postgres.freshDatabase(), FLOW_HTTP_PORT: `${port}` }
  engine = new Engine(settings)
  await engine.ready()
  browser = await startChromium()
  page = await openPage(browser, url)
})
afterAll(async () => {
  await browser?.close()
  await killLeftovers()
  await postgres?.stop()
})

/** Nothing is wider than the window. */
async function expectNoSideways(page: Page): Promise<void> {
  const [wide, window] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]',
  )) as [number, number]
  expect(wide).toBeLessThanOrEqual(window)
}

const first = () => page.locator('.print').first()
const press = (key: string) => page.keyboard.press(key)

describe('the page', () => {
  it('fills the tape with what the engine tells', async () => {
    await eventually('rows', async () => (await rowsOf(page)).all > 60)
    const { drawn } = await rowsOf(page)
    expect(drawn).toBeLessThan(60)
    const text = await first().getAttribute('aria-label')
    expect(text).toMatch(/^(SPX|NDX|SPY|QQQ|IWM) \d\d \w{3} \d\d [\d.]+ (call|put), /)
    await expect.poll(() => page.getByRole('status').first().textContent()).toContain('Live')
  })

  it('shows the context of each underlying, and its net premium', async () => {
    const card = page.locator('.card', { hasText: 'SPY' })
    await expect.poll(() => card.textContent()).toMatch(/net of \$/)
    await card.click()
    await expect.poll(() => page.locator('.chart h2').textContent()).toBe('SPY net premium')
    await eventually('a chart', async () => {
      const drawn = await page.evaluate(`(() => {
        const canvas = document.querySelector('.plot canvas')
        if (canvas === null) return 0
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        return new Set(new Uint32Array(data.buffer)).size
      })()`)
      return Number(drawn) > 3
    })
    expect(await page.locator('.plot').getAttribute('aria-label')).toMatch(/net premium [+-]?\$/)
  })

  it('filters, says so in the address, and knows it again', async () => {
    await press('/')
    await page.keyboard.type('qqq')
    await press('Enter')
    await press('Escape')
    await page.getByRole('button', { name: 'Put', exact: true }).click()
    await expect.poll(() => page.url()).toBe(`${url}?symbol=QQQ&right=put`)
    await eventually('puts of QQQ', async () => (await rowsOf(page)).all > 3)
    await page.reload()
    await eventually('puts of QQQ again', async () => (await rowsOf(page)).all > 3)
    const labels = await page
      .locator('.print')
      .evaluateAll((rows) => rows.map((row) => (row as unknown as { ariaLabel: string }).ariaLabel))
    expect(labels.filter((label) => !/^QQQ .* put, /.test(label))).toEqual([])
    expect(await page.locator('input[name=symbol]').inputValue()).toBe('QQQ')
    await press('c')
    await expect.poll(() => page.url()).toBe(url)
    await eventually('all', async () => (await rowsOf(page)).all > 60)
  })

  it('holds the tape and counts what comes meanwhile', async () => {
    await press(' ')
    const top = await first().textContent()
    const { all } = await rowsOf(page)
    const hold = page.getByRole('button', { name: /^Run/ })
    await expect
      .poll(async () => Number.parseInt((await hold.textContent())!.slice(3), 10))
      .toBeGreaterThan(5)
    expect([await first().textContent(), (await rowsOf(page)).all]).toEqual([top, all])
    await press(' ')
    await eventually('new rows', async () => (await rowsOf(page)).all > all + 5)
  })

  it('is used with the keyboard, down to the legs of a sweep', async () => {
    await page.getByRole('button', { name: 'Sweep', exact: true }).click()
    await eventually('sweeps alone, with their legs', async () => {
      const types = await page.locator('.print .c-type').allTextContents()
      const whys = await page.locator('.print .c-why').allTextContents()
      const hasLegs = whys.some((text) => text.includes('legs'))
      return hasLegs && types.every((text) => text.includes('Sweep'))
    })
    await page.getByRole('grid').focus()
    await press('j')
    const why = await page.locator('.print .c-why').allTextContents()
    for (let k = why.findIndex((text) => text.includes('legs')); k > 0; k--) await press('j')
    expect(await page.locator('.print.chosen').count()).toBe(1)
    await press('Enter')
    const drill = page.getByRole('complementary', { name: 'Chosen print' })
    await expect.poll(() => drill.textContent()).toMatch(/S(weep|plit) of \d+ legs on \d+ venues?/)
    expect(await drill.locator('tbody tr').count()).toBeGreaterThan(1)
    expect(await drill.locator('tbody tr', { hasText: 'this' }).count()).toBe(1)
    expect(await drill.textContent()).toMatch(/TypeSweep.*Quote.*Conditions/)
    await press('k')
    await press('Escape')
    await expect.poll(() => drill.count()).toBe(0)
    await press('Escape')
    await press('c')
    await press('?')
    await expect.poll(() => page.getByRole('dialog').textContent()).toContain('hold the tape')
    await press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
  })

  test.each(['dark', 'light'] as const)('breaks no rule of axe-core in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await first().waitFor()
    await press(' ')
    await press('j')
    await press('Enter')
    await expect.poll(() => page.locator('.drill').count()).toBe(1)
    await expect.poll(() => page.locator('.drill').textContent()).toMatch(/Quote/)
    expect(await barriers(page)).toEqual([])
    await press('Escape')
    await press('Escape')
  })

  it('changes its colours with t, and keeps them', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const dark = await ground()
    await press('t')
    await press('t')
    await expect.poll(ground).not.toBe(dark)
    await page.reload()
    await expect.poll(ground).not.toBe(dark)
    await press('t')
    await expect.poll(ground).toBe(dark)
  })

  it('fits a phone', async () => {
    const phone = await openPage(browser, url, { viewport: { width: 375, height: 740 } })
    await eventually('rows', async () => (await rowsOf(phone)).all > 60)
    await expectNoSideways(phone)
    await phone.getByRole('button', { name: /^Filters/ }).click()
    await phone.getByRole('button', { name: 'Block', exact: true }).click()
    await expect.poll(() => phone.url()).toContain('type=BLOCK')
    await expectNoSideways(phone)
    await eventually('blocks', async () => (await rowsOf(phone)).all > 0)
    await phone.locator('.print').first().click()
    await expect.poll(() => phone.locator('.drill').textContent()).toMatch(/Type/)
    await expectNoSideways(phone)
    expect(await barriers(phone)).toEqual([])
    await phone.context().close()
  })
})

describe('when the engine goes and comes', () => {
  it('takes an answer that breaks off for none', async () => {
    const other = await openPage(browser, 'about:blank')
    const body = '{"symbol":"SPY","totalPremium":1'
    await other.route('**/api/flow/**', (route) => route.fulfill({ status: 200, body }))
    await other.goto(`${url}?symbol=SPY`)
    const card = other.locator('.card', { hasText: 'SPY' })
    await expect.poll(() => card.textContent()).toContain('no answer')
    await other.context().close()
  })

  it('says that what it shows is old', async () => {
    await engine.drain()
    await expect
      .poll(() => page.locator('[data-banner=stale]').textContent())
      .toContain('Not connected to the engine')
    expect(await page.getByRole('status').first().textContent()).toMatch(/Away|Connecting/)
  })

  it('comes back by itself, and tells of the gap', async () => {
    const { all } = await rowsOf(page)
    engine = new Engine(settings)
    await engine.ready()
    await expect
      .poll(() => page.getByRole('status').first().textContent(), { timeout: 40_000 })
      .toContain('Live')
    await eventually('new rows', async () => (await rowsOf(page)).all > all + 5)
    await expect
      .poll(() => page.locator('[data-banner=gap]').first().textContent())
      .toContain('Gap')
    await expect.poll(() => page.locator('[data-banner=stale]').count()).toBe(0)
    const gaps = await page.locator('[data-banner=gap]').count()
    await page
      .getByRole('button', { name: /^Dismiss: Gap/ })
      .first()
      .click()
    await expect.poll(() => page.locator('[data-banner=gap]').count()).toBe(gaps - 1)
  })
})

test('nothing was refused by the policy, and no script failed', () => {
  expect(complaints).toEqual([])
})
