import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Debian's Chromium, or the one that CHROMIUM_PATH names. */
export function startChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  const isRoot = process.getuid?.() === 0
  return chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] })
}

/** What a page says that it should not: errors of scripts, and what its policy refused. */
export const complaints: string[] = []

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(`${error.stack}`))
  page.on('console', (message) => {
    const text = message.text()
    // the browser itself says so of each 401, 404 and engine that is away
    if (/^Failed to load resource|^WebSocket connection to/.test(text)) return
    if (['error', 'warning'].includes(message.type())) complaints.push(text)
  })
  await page.goto(url)
  return page
}

/** Rows of the tape that are in the document, and rows that it has. */
export async function rowsOf(page: Page): Promise<{ drawn: number; all: number }> {
  const grid = page.getByRole('grid')
  return {
    drawn: await page.locator('.print').count(),
    all: Number(await grid.getAttribute('aria-rowcount')) - 1,
  }
}

/** Rules of axe-core that the page breaks, with the place. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const found = (await page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, impact, nodes }) =>
       nodes.map((node) => [id, impact, node.target.join(' '), node['any'][0]?.message].join(': '))))`,
  )) as string[]
  return found
}

/** Times between frames for `ms`, sorted, in ms. */
export function frameTimes(page: Page, ms: number): Promise<number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const times = []
    let last = performance.now()
    const end = last + ${ms}
    requestAnimationFrame(function frame(now) {
      times.push(now - last)
      last = now
      if (now < end) requestAnimationFrame(frame)
      else resolve(times.slice(1).sort((a, b) => a - b))
    })
  })`)
}

/** Begins to count: the returned function gives ms that the main thread has worked, by kind. */
export async function countWork(page: Page): Promise<() => Promise<Record<string, number>>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const names = {
    ...{ script: 'ScriptDuration', style: 'RecalcStyleDuration', layout: 'LayoutDuration' },
    all: 'TaskDuration',
  }
  const read = async (): Promise<[string, number][]> => {
    const { metrics } = await session.send('Performance.getMetrics')
    return Object.entries(names).map(([kind, name]) => [
      kind,
      metrics.find((metric) => metric.name === name)!.value * 1000,
    ])
  }
  const before = Object.fromEntries(await read())
  return async () =>
    Object.fromEntries((await read()).map(([kind, ms]) => [kind, ms - before[kind]!]))
}
