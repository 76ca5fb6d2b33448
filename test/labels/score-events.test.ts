import { expect, it } from 'vitest'
import { scoreEvents } from '../../bench/labels/score-events.ts'
import type { LabelledPrint } from '../../bench/labels/synthetic.ts'
import { print } from './prints.ts'

const CBOE = 302
const PHLX = 313

it('scores a sweep that is found leg by leg as right in every way', () => {
  const legs = [
    print({ sweepId: 7 }, { event: 'a', exchange: CBOE }),
    print({ sweepId: 7 }, { event: 'a', exchange: PHLX }),
  ]
  const { prints, events } = scoreEvents(legs, 'sweep', 10)
  const all = { hits: 2, total: 2 }
  expect(prints).toEqual({ precision: all, recall: all, recallInScope: all })
  const one = { hits: 1, total: 1 }
  expect(events).toEqual({ precision: one, recall: one, recallInScope: one, exactInScope: one })
})

it('tells a sweep from a split by the venues of the legs', () => {
  const legs = [
    print({ splitId: 7 }, { event: 'a', exchange: CBOE }),
    print({ splitId: 7 }, { event: 'a', exchange: CBOE }),
  ]
  expect(scoreEvents(legs, 'sweep', 10).events.precision.total).toBe(0)
  expect(scoreEvents(legs, 'split', 10).events.precision).toEqual({ hits: 1, total: 1 })
})

it('counts a stranger among the legs against precision by print and against exactness', () => {
  const legs = [
    print({ sweepId: 7 }, { event: 'a', exchange: CBOE }),
    print({ sweepId: 7 }, { event: 'a', exchange: PHLX }),
    print({}, { event: 'a', exchange: PHLX }),
  ]
  const { prints, events } = scoreEvents(legs, 'sweep', 10)
  expect(prints.precision).toEqual({ hits: 2, total: 3 })
  expect(events.precision).toEqual({ hits: 1, total: 1 })
  expect(events.recall).toEqual({ hits: 1, total: 1 })
  expect(events.exactInScope).toEqual({ hits: 0, total: 1 })
})

it('takes an event as found when half of its legs are in one event, not when less are', () => {
  const sweep = (found: number): LabelledPrint[] =>
    [0, 1, 2, 3, 4, 5].map((leg) =>
      print({ sweepId: 7 }, { event: leg < found ? 'a' : null, exchange: leg % 2 ? CBOE : PHLX }),
    )
  expect(scoreEvents(sweep(3), 'sweep', 10).events.recall).toEqual({ hits: 1, total: 1 })
  expect(scoreEvents(sweep(2), 'sweep', 10).events.recall).toEqual({ hits: 0, total: 1 })
  expect(scoreEvents(sweep(3), 'sweep', 10).events.exactInScope).toEqual({ hits: 0, total: 1 })
})

it('takes an event of the engine that mixes three events as none of them', () => {
  const legs = [1, 2, 3].map((sweepId) =>
    print({ sweepId }, { event: 'a', exchange: sweepId === 1 ? CBOE : PHLX }),
  )
  expect(scoreEvents(legs, 'sweep', 10).events.precision).toEqual({ hits: 0, total: 1 })
})

it('leaves a sweep of fewer contracts than are stored out of scope, not out of the recall of all', () => {
  const small = [4, 5].map((size) => ({ ...print({ sweepId: 7 }, {}, { size }), row: null }))
  const { prints, events } = scoreEvents(small, 'sweep', 10)
  expect(prints.recall).toEqual({ hits: 0, total: 2 })
  expect(prints.recallInScope).toEqual({ hits: 0, total: 0 })
  expect(events.recall).toEqual({ hits: 0, total: 1 })
  expect(events.recallInScope).toEqual({ hits: 0, total: 0 })
})
