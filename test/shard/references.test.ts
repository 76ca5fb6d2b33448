import { expect, it } from 'vitest'
import * as count from '../../src/shard/counts.ts'
import { frame, OTHER, play, quote, START, trade } from './tape-steps.ts'

const contract = (more: object) => ({ ev: 'flow.contract', date: '2026-08-24', ...more })
const QUIET = { lookupPremium: 0 }

it('unusual is a volume above the open interest, this print included, cancels taken out', () => {
  const { rows } = play(
    [
      frame(0, contract({ oi: 100 })),
      frame(1, trade(1, { s: 60 })),
      frame(2, trade(2, { s: 40 })),
      frame(3, trade(3, { s: 1 })),
      frame(4, trade(4, { s: 60, c: [201] })),
      frame(5, trade(5, { s: 59 })),
      frame(6, trade(6, { s: 1 })),
    ],
    QUIET,
  )
  const said = rows.map((row) => [row.dayVolume, row.openInterest, row.isUnusual])
  expect(said).toEqual([
    [100, 100, false],
    [101, 100, true],
    [100, 100, false],
    [101, 100, true],
  ])
})

it('an open interest of 0 is one that any print exceeds', () => {
  const { row } = play([frame(0, contract({ oi: 0 })), frame(1, trade(1, { s: 1 }))], QUIET)
  expect(row(1)).toMatchObject({ openInterest: 0, isUnusual: true })
})

it('unusual is five times the average where the open interest is unknown', () => {
  const small = Array.from({ length: 16 }, (_, i) => trade(i, { s: 10 }))
  const { row } = play([frame(0, ...small, trade(50, { s: 50 }), trade(51, { s: 49 }))], QUIET)
  expect(row(50)).toMatchObject({ averageSum: 160, averageCount: 16, isUnusual: true })
  expect(row(51)).toMatchObject({ averageSum: 210, averageCount: 17, isUnusual: false })
})

it('a known open interest alone decides, whatever the average', () => {
  const small = Array.from({ length: 16 }, (_, i) => trade(i, { s: 10 }))
  const big = frame(1, ...small, trade(50, { s: 500 }))
  const { row } = play([frame(0, contract({ oi: 100_000 })), big], QUIET)
  expect(row(50)!.isUnusual).toBe(false)
})

it('the average says whose prints it goes over', () => {
  const other = Array.from({ length: 16 }, (_, i) => trade(i, { s: 7, sym: OTHER }))
  const own = Array.from({ length: 17 }, (_, i) => trade(100 + i, { s: 2 }))
  const { row } = play([frame(0, ...other, ...own)], QUIET)
  expect(row(15)).toMatchObject({ averageSum: 0, averageCount: 0, averageScope: null })
  expect(row(115)).toMatchObject({ averageSum: 142, averageCount: 31, averageScope: 'underlying' })
  expect(row(116)).toMatchObject({ averageSum: 32, averageCount: 16, averageScope: 'contract' })
})

it('what comes after the first print of the day counts for the next', () => {
  const nextDay = 86_400_000
  const { row } = play(
    [
      frame(0, trade(0)),
      frame(1, contract({ oi: 5, mult: 10 })),
      frame(2, trade(2)),
      frame(3, contract({ date: '2026-08-25', oi: 7 })),
      frame(4, trade(4)),
      frame(nextDay, trade(nextDay)),
    ],
    QUIET,
  )
  const said = [0, 2, 4, nextDay].map((ms) => [row(ms)!.openInterest, row(ms)!.multiplier])
  expect(said).toEqual([
    [null, 100],
    [null, 100],
    [null, 100],
    [7, 10],
  ])
})

it('premium is price x size x multiplier, stored or not, with a quote, a wait or neither', () => {
  const { premium, counts } = play(
    [
      frame(0, contract({ mult: 1000 })),
      frame(1, trade(1)), // waits: 110,000
      frame(2, trade(2, { s: 1 })), // 1,100
      frame(2, trade(3, { s: 10, c: [230] })), // may have no side: 11,000
      frame(4, quote(4)),
      frame(5, trade(5, { s: 10 })), // 11,000
      frame(6, trade(6, { s: 1, p: 1.05 })), // at the middle, not stored: 1,050
      frame(7, trade(7, { s: 1, c: [230] })), // may have no side, not stored: 1,100
    ],
    { minSize: 5 },
  )
  expect(premium).toBe(135_250)
  const covered = count.COUNT_COVERED_PREMIUM
  expect([...counts.slice(covered, covered + 3)]).toEqual([111_100, 12_050, 0])
})

it('a price of the underlying goes with the prints around it', () => {
  const price = { ev: 'flow.underlying', sym: 'QQQ', p: 501.5, t: START + 10, src: 'stocks' }
  const { row, counts } = play([frame(0, trade(0)), frame(1, price), frame(2, trade(2))], QUIET)
  expect(row(0)).toMatchObject({ underlyingPrice: null, underlyingSource: null })
  expect(row(2)).toMatchObject({ underlyingPrice: 5_015_000, underlyingSource: 'stocks' })
  expect([...counts.slice(count.COUNT_UNDERLYING, count.COUNT_WARMING)]).toEqual([1, 1, 0, 0])
})

it('ranks a print once 200 prints stand behind it, itself not among them', () => {
  const prints = Array.from({ length: 202 }, (_, i) => {
    const sym = `O:QQQ260828C00${100 + i}000`
    return frame(i, trade(i, { s: 10 + (i === 201 ? 90 : 0), sym }))
  })
  const { row, counts } = play(prints, QUIET)
  expect(row(199)).toMatchObject({ percentileSample: 199, sizePercentile: null })
  expect(row(199)).toMatchObject({ premiumPercentile: null })
  expect(row(200)).toMatchObject({ percentileSample: 200, sizePercentile: 0 })
  expect(row(201)).toMatchObject({ percentileSample: 201, sizePercentile: 10_000 })
  expect(row(201)).toMatchObject({ premiumPercentile: 10_000 })
  expect(counts[count.COUNT_WARMING]).toBe(200)
})

it('counts no print that is too small to store among those without a rank', () => {
  const { counts, account } = play([frame(0, trade(0), trade(1, { s: 1 }))], { minSize: 2 })
  expect([counts[count.COUNT_WARMING], account.below_min_size]).toEqual([1, 1])
})
