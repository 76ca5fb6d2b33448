import { describe, expect, test } from 'vitest'
import { runBacktest } from '../../src/backtest/backtest.ts'
import { backtestHtml } from '../../src/backtest/backtest-html.ts'
import { BOOST_DEFAULTS as boost } from '../../src/flow/boost.ts'
import { makeRandom, noise } from './noise.ts'

const EVIL = `<script>alert("1")</script>&'`

function html(detectors: readonly string[], days = 60): string {
  const filter = { kind: 'opposed' } as const
  const items = noise(6, { detectors, days })
  const options = { filter, boost, blockDays: 1, seed: 1, makeRandom, resamples: 499 }
  return backtestHtml(runBacktest(items, options), `of ${EVIL}.csv`, Date.UTC(2025, 0, 1))
}

describe('the HTML report', () => {
  test('needs nothing from elsewhere and runs nothing', () => {
    const page = html(['MOMENTUM', EVIL])
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\son\w+=/i)
    expect(page).not.toMatch(/https?:/)
    expect(page).toContain("default-src 'none'")
    expect(page).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;.csv')
  })

  test('opens and closes the same tags, with numbers that are numbers', () => {
    const page = html(['MOMENTUM', EVIL])
    const open: string[] = []
    for (const [, end, name, self] of page.matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/gi)) {
      if (self === '/' || name === 'meta') continue
      if (end === '') open.push(name!)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
    expect(page).not.toMatch(/NaN|undefined|Infinity|null/)
  })

  test('has curves, win rates and what chance makes of it for each detector', () => {
    const page = html(['A', 'B'])
    expect(page.match(/<path class="before"/g)).toHaveLength(2)
    expect(page.match(/<path class="after"/g)).toHaveLength(2)
    expect(page.match(/<circle class="after"/g)).toHaveLength(2)
    expect(page.match(/<line class="seen"/g)).toHaveLength(2)
  })

  test('is whole where there is nothing to draw', () => {
    const page = html(['A'], 8)
    expect(page).toContain('nothing is claimed')
    expect(page).not.toMatch(/NaN|undefined|<line class="seen"/)
    expect(html([], 1)).toContain('Of 0 signals')
  })
})
