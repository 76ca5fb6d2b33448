import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { Engine } from '../e2e/engine.ts'
import { openPage, startChromium } from './browser.ts'

/**
 * `npm run screenshots [-- URL]`: the pictures of docs/images, of the engine at URL, else of a demo
 * that has run for some minutes, so that the chart has a shape.
 */
const FOLDER = join(import.meta.dirname, '../../docs/images')
const DEMO_MS = 5 * 60_000
const BYTES_MAX = 300_000

const PICTURES: readonly (readonly [string, BrowserContextOptions])[] = [
  ['dark', { viewport: { width: 1440, height: 780 }, colorScheme: 'dark' }],
  ['light', { viewport: { width: 1440, height: 780 }, colorScheme: 'light' }],
  ['phone', { viewport: { width: 375, height: 760 }, colorScheme: 'dark', deviceScaleFactor: 2 }],
]

/** Holds the tape and opens the first sweep of several legs on several venues. */
async function openSweep(page: Page): Promise<void> {
  await page.keyboard.press('j')
  const rows = await page.locator('.print').allTextContents()
  const at = rows.findIndex((text) => /Sweep.*\d legs/.test(text))
  for (let k = 0; k < at; k++) await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.locator('.drill .legs, .drill .facts').first().waitFor()
}

const given = process.argv[2]
const engine = given === undefined ? new Engine({}) : null
if (engine !== null) {
  await engine.ready()
  await sleep(DEMO_MS)
}
const url = given ?? String((await engine!.line('listening')).url)
const browser = await startChromium()
mkdirSync(FOLDER, { recursive: true })
for (const [name, options] of PICTURES) {
  const page = await openPage(browser, url, options)
  await page.locator('.card-figures').nth(3).waitFor()
  await page.locator('.plot canvas').waitFor()
  await sleep(2500)
  if (name !== 'phone') await openSweep(page)
  for (const note of await page.locator('.banner.note button').all()) await note.click()
  const path = join(FOLDER, `page-${name}.png`)
  await page.screenshot({ path })
  process.stdout.write(`${path}: ${statSync(path).size} bytes\n`)
  if (statSync(path).size > BYTES_MAX) throw new Error(`expected at most ${BYTES_MAX} bytes`)
  await page.context().close()
}
await browser.close()
await engine?.drain()
