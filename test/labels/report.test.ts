import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { labelsReport } from '../../bench/labels/report.ts'
import { labelledTape } from '../../bench/labels/synthetic.ts'

const SMALL = { seeds: [1, 2], prints: 1_500 }

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const headings = (text: string) => text.split('\n').filter((line) => line.startsWith('#'))
const heads = (text: string) =>
  text.split('\n').filter((_, i, all) => /^\| ---/.test(all[i + 1] ?? ''))

it('gives the same document again, byte for byte, and another one for another tape', async () => {
  const first = await labelsReport(SMALL)
  expect(await labelsReport(SMALL)).toBe(first)
  expect(await labelsReport({ ...SMALL, seeds: [3, 4] })).not.toBe(first)
  expect(first).not.toMatch(/NaN|undefined|Infinity/)
})

it('is in docs, as the script writes it, under the name of the script', async () => {
  const document = read('docs/labels-report.md')
  expect(document.split('\n')[2]).toMatch(/^Written by `npm run report:labels`;/)
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  expect(scripts['report:labels']).toBe('node bench/labels/run.ts')
  const small = await labelsReport(SMALL)
  expect(headings(document)).toEqual(headings(small))
  expect(heads(document)).toEqual(heads(small))
})

it('knows the truth of each print of the tape', () => {
  const { steps } = labelledTape(1, 2_500)
  const prints = steps.flatMap(({ events }) => events.filter((event) => event.kind === 'T'))
  expect(prints.length).toBe(2_500)
  expect(prints.every(({ cancels, truth }) => cancels === 0 && truth.side !== undefined)).toBe(true)
  expect(new Set(prints.map((p) => `${p.contract.ticker} ${p.sequence}`)).size).toBe(2_500)
})
