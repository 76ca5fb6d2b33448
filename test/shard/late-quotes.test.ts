import { describe, expect, it } from 'vitest'
import { PrintLog, PrintState } from '../../src/domain/print-log.ts'
import * as count from '../../src/shard/counts.ts'
import { ROW_SLAB_ROWS } from '../../src/slab/row-slab.ts'
import {
  frame,
  IN_TIME,
  LATE,
  nbbo,
  noAnswer,
  OTHER,
  play,
  quote,
  START,
  signed,
  trade,
  UNSIGNED,
} from './tape-steps.ts'

describe('an answer that comes too late', () => {
  it('revises the stored row, at most once', () => {
    const frames = [frame(100, trade(100)), frame(1500, nbbo(100))]
    expect(signed(play(frames).row(100))).toEqual(LATE)
    const second = nbbo(100, { bp: 1.2, ap: 1.3 })
    expect(signed(play([...frames, frame(1600, second)]).row(100))).toEqual(LATE)
  })

  it('gives the row all that follows from the quote', () => {
    const { row } = play([frame(100, trade(100, { p: 1.11 })), frame(1500, nbbo(100))])
    expect(row(100)).toMatchObject({
      ...{ bid: 10_000, ask: 11_000, bidSize: 7, askSize: 9, quoteAge: 40, quoteSource: 'rest' },
      ...{ side: 'BUY', sentiment: 'BULLISH', aggressiveness: 'AGGRESSIVE', isAboveAsk: true },
      ...{ isBelowBid: false, customerSide: 'BUY', customerRule: 'quote_best' },
    })
    const put = { sym: OTHER, p: 0.99, s: 200 }
    const answer = nbbo(100, { sym: OTHER })
    const below = play([frame(100, trade(100, put)), frame(1500, answer)]).row(100)
    expect(below).toMatchObject({ side: 'SELL', sentiment: 'BULLISH', isBelowBid: true })
  })

  it('takes the type that the print had: an ISO at the quote is aggressive', () => {
    const iso = play([frame(100, trade(100, { c: [219] })), frame(1500, nbbo(100))]).row(100)
    expect(iso).toMatchObject({ tradeType: 'SWEEP', aggressiveness: 'AGGRESSIVE' })
    const plain = play([frame(100, trade(100)), frame(1500, nbbo(100))]).row(100)
    expect(plain).toMatchObject({ tradeType: 'REGULAR', aggressiveness: 'NORMAL' })
  })

  it('leaves the windows alone, and what they made', () => {
    const { row } = play(
      [
        frame(0, trade(0)),
        frame(900, quote(900)),
        frame(1100, trade(1100, { x: 313 })),
        frame(1101, nbbo(0)),
        frame(1200, trade(1200)),
      ],
      { windowMs: 2000 },
    )
    expect(row(0)).toMatchObject({ tradeType: 'REGULAR', event: null, revision: 1 })
    expect(row(1200)).toMatchObject({ tradeType: 'SWEEP', eventLegs: 2, revision: 0 })
  })

  it('revises every row of the time in which the quote was in force, and no other', () => {
    const prints = [99, 100, 180, 181].map((ms) => frame(ms, trade(ms)))
    const other = frame(181, trade(182, { sym: OTHER, t: START + 150 }))
    const answer = nbbo(180, { t: START + 100 })
    const { row } = play([...prints, other, frame(1500, answer)])
    const found = [99, 100, 180, 181, 182].map((ms) => signed(row(ms)))
    expect(found).toEqual([UNSIGNED, LATE, LATE, UNSIGNED, UNSIGNED])
  })

  it.each([
    [5000, LATE],
    [5001, UNSIGNED],
  ])('has a quote that is not too old: %i ms', (age, expected) => {
    const answer = nbbo(100, { t: START + 100 - age })
    expect(signed(play([frame(100, trade(100)), frame(1500, answer)]).row(100))).toEqual(expected)
  })

  it.each([
    ['crossed', nbbo(100, { bp: 1.2 })],
    ['locked', nbbo(100, { bp: 1.1 })],
    ['none', noAnswer(100)],
  ])('revises nothing when it is %s', (_, answer) => {
    expect(signed(play([frame(100, trade(100)), frame(1500, answer)]).row(100))).toEqual(UNSIGNED)
  })

  it('still may come when what came first was no answer', () => {
    const frames = [frame(100, trade(100)), frame(1500, noAnswer(100)), frame(1600, nbbo(100))]
    expect(signed(play(frames).row(100))).toEqual(LATE)
  })

  it('does not come again when what came first was not usable', () => {
    const crossed = frame(1500, nbbo(100, { bp: 1.2 }))
    const { row } = play([frame(100, trade(100)), crossed, frame(1600, nbbo(100))])
    expect(signed(row(100))).toEqual(UNSIGNED)
  })

  it('revises no row that never waited', () => {
    const cheap = frame(100, trade(100, { s: 99 }))
    expect(signed(play([cheap, frame(1500, nbbo(100))]).row(100))).toEqual(UNSIGNED)
    const cross = frame(100, trade(100, { c: [230] }))
    expect(signed(play([cross, frame(1500, nbbo(100))]).row(100))).toEqual(UNSIGNED)
  })

  it('revises no row that is not stored: too small, or cancelled', () => {
    const frames = [frame(100, trade(100)), frame(1500, nbbo(100))]
    expect(play(frames, { minSize: 101 }).rows).toEqual([])
    const cancel = frame(1400, trade(1400, { c: [201] }))
    const { rows, cancels } = play([frames[0]!, cancel, frames[1]!])
    expect([rows, cancels[0]!.wasStored]).toEqual([[], true])
  })

  it('is followed by the cancel of the row', () => {
    const cancel = frame(1600, trade(1600, { c: [201] }))
    const { rows, cancels } = play([frame(100, trade(100)), frame(1500, nbbo(100)), cancel])
    expect([rows, cancels[0]!.wasStored]).toEqual([[], true])
  })

  it('leaves what the tick test told where the quote tells nothing', () => {
    const before = frame(0, trade(0, { p: 1.01, s: 1 }))
    const answer = frame(1500, nbbo(100, { bs: 9 }))
    const { row } = play([before, frame(100, trade(100, { p: 1.05, s: 200 })), answer])
    expect(row(100)).toMatchObject({ side: 'MID', customerSide: 'BUY', customerRule: 'tick_all' })
  })
})

it('waits for its row while that one waits for room', () => {
  const waiting = Array.from({ length: 10 }, (_, i) => trade(i))
  const rows = Array.from({ length: ROW_SLAB_ROWS - 6 }, (_, i) =>
    trade(100 + i, { sym: OTHER, s: 1, t: START + 10 }),
  )
  const frames = [frame(0, ...waiting), frame(10, ...rows), frame(1500, nbbo(9))]
  let frameNumber = 0
  // the ten are let go by the answer, in the slab that has room for six rows more
  let slabNumber = 0
  const rowSlabs = () => (slabNumber++ === 1 ? 0 : 1)
  const { row } = play(frames, {}, { cut: () => frameNumber++ === 0, rowSlabs })
  expect(waiting.map((_, i) => signed(row(i)))).toEqual(waiting.map(() => LATE))
})

it('is not for a print that has taken the place of one that waited, in a log that is full', () => {
  const log = new PrintLog(2)
  const add = () => log.add(0, 20_000, 1, 5, 1, 1, 302, 0, 1, PrintState.Stored)
  log.awaitQuote(add(), 0)
  log.awaitQuote(add(), 0)
  add()
  const second = add() - 1
  expect(log.takeAwaiting(0, 5, 5)).toBe(0)
  log.awaitQuote(second - 1, 0) // forgotten: there is nothing to mark
  expect(log.takeAwaiting(0, 5, 5)).toBe(0)
})

describe('a wait ends', () => {
  const prints = [frame(0, trade(0)), frame(10, trade(10, { x: 313 }))]

  it('when the tape ends, for all that wait', () => {
    const { rows, account, pendingMax } = play([...prints, frame(20, trade(20, { sym: OTHER }))])
    expect(rows.map(signed)).toEqual([UNSIGNED, UNSIGNED, UNSIGNED])
    expect(account).toMatchObject({ received: 3, stored: 3 })
    expect(pendingMax).toBe(3)
  })

  it('when too many prints are held: what began to wait first goes', () => {
    const third = frame(20, trade(20))
    const { row } = play([...prints, third, frame(30, nbbo(20))], {}, { heldMax: 2 })
    expect([0, 10, 20].map((ms) => signed(row(ms)))).toEqual([LATE, LATE, IN_TIME])
  })

  it('after open windows, when too many prints are held', () => {
    const open = frame(0, quote(0, { sym: OTHER }), trade(5, { sym: OTHER }))
    const run = play([open, prints[0]!, prints[1]!, frame(30, nbbo(10))], {}, { heldMax: 3 })
    expect([0, 10].map((ms) => signed(run.row(ms)))).toEqual([IN_TIME, IN_TIME])
    expect(run.counts[count.COUNT_WINDOWS_FORCED]).toBe(1)
  })

  it('when the clock passes, with no other print of the contract', () => {
    const tick = frame(1001, { ev: 'X' })
    const { pendingMax, row } = play([prints[0]!, tick, frame(1001, trade(11, { sym: OTHER }))], {})
    expect(pendingMax).toBe(1) // the first had gone when the second came
    expect(signed(row(0))).toEqual(UNSIGNED)
  })

  it('with its cancel, and no row is left of it', () => {
    const cancel = frame(20, trade(20, { c: [201] }))
    const { rows, cancels, account } = play([...prints, cancel, frame(30, nbbo(10))])
    expect(rows.map((row) => row.sequence)).toEqual([11])
    expect(rows.map((row) => row.eventLegs)).toEqual([null])
    expect(cancels[0]).toMatchObject({ removedSequence: 1, wasStored: false })
    expect(account).toMatchObject({ received: 3, cancelled: 2, stored: 1 })
  })

  it('with its cancel also when it waits alone, and its slot is free again', () => {
    const cancel = frame(20, trade(20, { c: [201] }))
    const again = [frame(30, trade(30)), frame(40, nbbo(30))]
    const { row, pendingMax } = play([prints[0]!, cancel, ...again], {}, { heldMax: 2 })
    expect(signed(row(30))).toEqual(IN_TIME)
    expect(pendingMax).toBe(1)
  })

  it('too late for a cancel that comes after it: that one finds a stored row', () => {
    for (const [ms, wasStored] of [
      [1000, false],
      [1001, true],
    ] as const) {
      const cancel = frame(ms, trade(ms, { c: [201] }))
      expect(play([prints[0]!, cancel], {}, { cut: () => false }).cancels[0]).toMatchObject({
        wasStored,
      })
    }
  })

  it('not with a repeat of the print, which is a duplicate', () => {
    const { rows, account } = play([prints[0]!, frame(5, trade(0)), frame(30, nbbo(0))])
    expect(rows.map(signed)).toEqual([IN_TIME])
    expect(account).toMatchObject({ received: 2, duplicate: 1, stored: 1 })
  })
})

it('counts what the quotes cover by the source that they had when the print was let go', () => {
  const { counts } = play([
    frame(0, quote(0, { sym: OTHER }), trade(1, { sym: OTHER })), // feed
    frame(0, trade(10)), // rest
    frame(20, nbbo(10)),
    frame(30, trade(30, { s: 50, c: [230] })), // may have no side
    frame(40, trade(40, { s: 200 })), // late
    frame(40, trade(41, { s: 1 })), // none
    frame(2000, nbbo(40)),
  ])
  const [prints, premium] = [count.COUNT_COVERED_PRINTS, count.COUNT_COVERED_PREMIUM]
  expect([...counts.slice(prints, prints + 3)]).toEqual([2, 1, 1])
  expect([...counts.slice(premium, premium + 3)]).toEqual([22_110, 11_000, 11_000])
})
