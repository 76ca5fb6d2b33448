import { expect, it } from 'vitest'
import type { Gap } from '../../src/page/banners.ts'
import { GapFills } from '../../src/page/gap-fills.ts'

function gap(id: number, filled: number): Gap {
  const span = { started_at: 1, ended_at: 2, symbols: ['*'] }
  return { ...span, gap_id: `${id}`, filled, reason: 'reconnect', status: 'filling' }
}

const due = (fills: GapFills, ...gaps: Gap[]) => fills.due(gaps).map(({ gap_id }) => Number(gap_id))

it('a gap is due once it has been filled, and no more comes', () => {
  const fills = new GapFills()
  expect(due(fills, gap(1, 40), gap(2, 0))).toEqual([])
  expect(due(fills, gap(1, 40), gap(2, 0))).toEqual([])
  expect(due(fills, gap(1, 40), gap(2, 5))).toEqual([])
  expect(due(fills, gap(1, 40), gap(2, 9))).toEqual([])
  expect(due(fills, gap(1, 40), gap(2, 9))).toEqual([2])
  expect(due(fills, gap(1, 40), gap(2, 9))).toEqual([])
  expect(due(fills, gap(1, 41), gap(2, 9))).toEqual([])
  expect(due(fills, gap(1, 41), gap(2, 9))).toEqual([1])
})

it('a gap is due again after the store did not answer', () => {
  const fills = new GapFills()
  due(fills, gap(1, 0))
  due(fills, gap(1, 3))
  expect(due(fills, gap(1, 3))).toEqual([1])
  fills.failed(gap(1, 3))
  expect(due(fills, gap(1, 3))).toEqual([1])
  expect(due(fills, gap(1, 3))).toEqual([])
})

it('a gap that is not told of any more is forgotten', () => {
  const fills = new GapFills()
  due(fills, gap(1, 0))
  due(fills, gap(1, 3))
  due(fills)
  fills.failed(gap(1, 3))
  expect(due(fills, gap(1, 3))).toEqual([])
})
