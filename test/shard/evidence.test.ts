import { describe, expect, it } from 'vitest'
import { COUNT_HELD_MS_MAX } from '../../src/shard/counts.ts'
import { EVENT_SLAB_ROWS } from '../../src/slab/event-slab.ts'
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
  SYM,
  signed,
  trade,
  UNSIGNED,
} from './tape-steps.ts'

describe('a print waits', () => {
  const waits = (more = {}, settings = {}, before = frame(0, { ev: 'X' })) =>
    play([before, frame(100, trade(100, more))], settings).pendingMax === 1

  it.each([
    [10_999, true],
    [11_000, true],
    [11_001, false],
    [0, false],
  ])('when it is worth as much as is asked for: 11,000 dollars of %i: %s', (least, expected) => {
    expect(waits({}, { lookupPremium: least })).toBe(expected)
  })

  it('by what its multiplier makes it worth', () => {
    const tenfold = frame(0, { ev: 'flow.contract', date: '2026-08-24', mult: 1000 })
    expect(waits({}, { lookupPremium: 110_000 }, tenfold)).toBe(true)
    expect(waits({}, { lookupPremium: 110_001 }, tenfold)).toBe(false)
  })

  it.each([
    ['regular', [209], true],
    ['ISO', [219], true],
    ['auction', [227], true],
    ['floor', [231], true],
    ['cross', [229], false],
    ['multi-leg', [232], false],
    ['late', [204], false],
  ])('when its conditions let it have a side: %s', (_, c, expected) => {
    expect(waits({ c })).toBe(expected)
  })

  it.each([
    ['a usable quote', quote(90), false],
    ['no quote before it', quote(101), true],
    ['a locked quote', quote(90, { ap: 1 }), true],
    ['a crossed quote', quote(90, { ap: 0.9 }), true],
    ['a quote of another contract', quote(90, { sym: OTHER }), true],
    ['a quote as old as may be', quote(-4900), false],
    ['an older quote', quote(-4901), true],
  ])('when the feed has no usable quote for it: %s', (_, before, expected) => {
    expect(waits({}, {}, frame(0, before))).toBe(expected)
  })

  it('only where there is a reading clock', () => {
    const flat = { ...frame(100, trade(100)), clock: Number.NaN, recv: Number.NaN }
    expect(play([flat]).pendingMax).toBe(0)
  })

  it('and that counts as time held, answered or let go', () => {
    const heldMs = (ms: number, ...more: Parameters<typeof frame>[1][]) =>
      play([frame(100, trade(100)), frame(100 + ms, ...more)]).counts[COUNT_HELD_MS_MAX]
    expect(heldMs(900, noAnswer(100))).toBe(900)
    expect(heldMs(1001, noAnswer(100))).toBe(1001)
  })

  it('under seed as well', () => {
    expect(waits({}, { rules: 'seed' })).toBe(true)
  })
})

describe('an answer in time', () => {
  it('labels the print as if the quote had been there', () => {
    const { row, account } = play([frame(100, trade(100)), frame(250, nbbo(100))])
    const feed = play([frame(50, quote(60, { bx: 0, ax: 0 })), frame(100, trade(100))])
    expect(row(100)).toEqual({ ...feed.row(100), quoteSource: 'rest' })
    expect(row(100)).toMatchObject({ side: 'BUY', sentiment: 'BULLISH', quoteAge: 40, bid: 10_000 })
    expect(account).toMatchObject({ received: 1, stored: 1 })
  })

  it.each([
    ['at its time', 0, 0, IN_TIME],
    ['between', 100, 50, IN_TIME],
    ['asked for by an earlier print', -1, 50, UNSIGNED],
    ['of a later quote', 100, -1, UNSIGNED],
  ])('counts where the quote was in force: %s', (_, at, since, expected) => {
    const answer = { ...nbbo(100 + at), t: START + 100 - Math.min(since, 100 + at) }
    const { row } = play([frame(100, trade(100)), frame(250, answer)])
    expect(signed(row(100))).toEqual(expected)
  })

  it.each([
    [1000, IN_TIME],
    [1001, LATE],
  ])('comes within 1,000 ms of reading clock: %i', (ms, expected) => {
    const { row } = play([frame(100, trade(100)), frame(100 + ms, nbbo(100))])
    expect(signed(row(100))).toEqual(expected)
  })

  it('is of the same contract', () => {
    const { row } = play([frame(100, trade(100)), frame(250, nbbo(100, { sym: OTHER }))])
    expect(signed(row(100))).toEqual(UNSIGNED)
  })

  it.each([
    [5000, IN_TIME],
    [5001, UNSIGNED],
  ])('has a quote that is not too old: %i ms', (age, expected) => {
    const answer = nbbo(100, { t: START + 100 - age })
    const { row } = play([frame(100, trade(100)), frame(250, answer)])
    expect(signed(row(100))).toEqual(expected)
  })

  it('answers every print of the time in which the quote was in force', () => {
    const answer = nbbo(180, { t: START + 100 })
    const prints = [frame(99, trade(99)), frame(100, trade(100)), frame(180, trade(180))]
    const { row } = play([...prints, frame(250, answer)])
    expect([99, 100, 180].map((ms) => signed(row(ms)))).toEqual([UNSIGNED, IN_TIME, IN_TIME])
  })

  it('makes the leg of a sweep of a print whose other leg the feed has quoted', () => {
    const { row } = play([
      frame(0, trade(0)),
      frame(100, quote(100)),
      frame(150, trade(150, { x: 313 })),
      frame(250, nbbo(0)),
    ])
    const leg = { tradeType: 'SWEEP', isSweep: true, eventLegs: 2, eventSpan: 150 }
    expect(row(0)).toMatchObject({ ...leg, aggressiveness: 'AGGRESSIVE', quoteSource: 'rest' })
    expect(row(150)).toMatchObject({ ...leg, event: row(0)!.event, quoteSource: 'feed' })
  })

  it('makes a sweep or a split of prints that waited together, named by the first', () => {
    const prints = [frame(0, trade(0)), frame(10, trade(10)), frame(20, trade(20, { x: 313 }))]
    const sweep = play([...prints, frame(250, nbbo(20))])
    expect(sweep.rows.map((row) => row.tradeType)).toEqual(['SWEEP', 'SWEEP', 'SWEEP'])
    expect(sweep.row(20)!.event).toBe(`${SYM}-${START}-1`)
    const split = play([...prints.slice(0, 2), frame(250, nbbo(10))])
    expect(split.rows.map((row) => row.tradeType)).toEqual(['SPLIT', 'SPLIT'])
  })

  it('joins as if the print came now: not a window that event time has left behind', () => {
    const prints = [frame(0, trade(0)), frame(10, trade(10, { x: 313 }))]
    const { row } = play([...prints, frame(300, nbbo(0)), frame(300, nbbo(10))], { windowMs: 100 })
    expect([row(0)!.event, row(10)!.event]).toEqual([null, null])
    expect(signed(row(10))).toEqual(IN_TIME)
  })

  it('joins by the time of the print, at most W from the last leg', () => {
    for (const [ms, legs] of [
      [500, 2],
      [501, null],
    ] as const) {
      const { row } = play([
        frame(0, trade(0)),
        frame(1, quote(ms)),
        frame(2, trade(ms, { x: 313 })),
        frame(3, nbbo(0)),
      ])
      expect(row(0)!.eventLegs).toBe(legs)
    }
  })

  it.each([
    ['an auction', { c: [227] }, {}],
    ['a print at the middle', { p: 1.05 }, { lookupPremium: 1 }],
    ['seed', {}, { rules: 'seed' as const }],
  ])('lets go at once what may be no leg: %s', (_, more, settings) => {
    const pair = [frame(0, trade(0, more)), frame(10, trade(10, { ...more, x: 313 }))]
    const { row } = play([...pair, frame(20, nbbo(10))], settings)
    expect([row(0)!.event, row(10)!.event]).toEqual([null, null])
    expect(row(10)!.quoteSource).toBe('rest')
  })

  it('sets what lies outside the quote, and leaves the flags alone that it has', () => {
    const c = [219]
    const above = play([frame(0, trade(0, { c })), frame(9, nbbo(0, { ap: 1.05 }))]).row(0)
    expect(above).toMatchObject({ isAboveAsk: true, isBelowBid: false, isSweep: true })
    const below = play([frame(0, trade(0)), frame(9, nbbo(0, { bp: 1.2, ap: 1.3 }))]).row(0)
    expect(below).toMatchObject({ isAboveAsk: false, isBelowBid: true, side: 'SELL' })
  })

  it('leaves what the tick test told where the quote tells nothing', () => {
    const { row } = play(
      [
        frame(0, trade(0, { p: 1.01, s: 1 })),
        frame(10, trade(10, { p: 1.05 })),
        frame(20, nbbo(10, { bs: 9 })),
        frame(30, trade(30, { p: 1.05 })),
        frame(40, nbbo(30)),
      ],
      { lookupPremium: 10_000 },
    )
    expect(row(10)).toMatchObject({ side: 'MID', customerSide: 'BUY', customerRule: 'tick_all' })
    expect(row(30)).toMatchObject({ customerSide: 'BUY', customerRule: 'depth_best' })
  })

  it('is used once: another one changes nothing', () => {
    const second = nbbo(100, { bp: 2, ap: 2.1 })
    const frames = [frame(100, trade(100)), frame(250, nbbo(100)), frame(300, second)]
    expect(signed(play(frames).row(100))).toEqual(IN_TIME)
    expect(signed(play([...frames, frame(2000, second)]).row(100))).toEqual(IN_TIME)
  })

  it('stores a print below the least size that it makes a leg', () => {
    const prints = [frame(0, trade(0)), frame(10, trade(10))]
    const answered = play([...prints, frame(20, nbbo(10))], { minSize: 150 })
    expect(answered.account).toMatchObject({ stored: 2, below_min_size: 0 })
    const late = play([...prints, frame(2000, nbbo(10))], { minSize: 150 })
    expect(late.account).toMatchObject({ stored: 0, below_min_size: 2 })
  })

  it('is read whole where a slab ends within it', () => {
    const many = Array.from({ length: EVENT_SLAB_ROWS - 2 }, () => quote(50, { sym: OTHER }))
    const frames = [frame(100, ...many, trade(100)), frame(250, nbbo(100))]
    const { row } = play(frames, {}, { cut: () => false })
    expect(signed(row(100))).toEqual(IN_TIME)
  })
})

describe('an answer that is none', () => {
  /** Whether the print of 100 was stored by the time that its cancel came, at 300. */
  const isStoredAt300 = (...frames: Parameters<typeof play>[0]) => {
    const cancel = frame(300, trade(300, { c: [201] }))
    return play([frame(100, trade(100)), ...frames, cancel]).cancels[0]!.wasStored
  }

  it.each([
    ['said so', noAnswer(100)],
    ['a crossed quote', nbbo(100, { bp: 1.2 })],
    ['a locked quote', nbbo(100, { bp: 1.1 })],
    ['a quote that is too old', nbbo(100, { t: START - 4901 })],
    ['a quote from after the print', nbbo(100, { t: START + 101 })],
    ['half a quote', nbbo(100, { ap: null })],
  ])('lets the print go at once, without a quote: %s', (_, answer) => {
    expect(isStoredAt300(frame(200, answer))).toBe(true)
    const { row } = play([frame(100, trade(100)), frame(200, answer)])
    expect(signed(row(100))).toEqual(UNSIGNED)
  })

  it.each([
    ['nothing', []],
    ['none for an earlier print', [frame(200, noAnswer(99))]],
    ['none for a later print', [frame(200, noAnswer(101))]],
    ['none for another contract', [frame(200, noAnswer(100, { sym: OTHER }))]],
    ['a quote of a later print', [frame(200, nbbo(150, { t: START + 101 }))]],
  ])('for another print lets it wait on: %s', (_, frames) => {
    expect(isStoredAt300(...frames)).toBe(false)
    const answered = play([frame(100, trade(100)), ...frames, frame(300, nbbo(100))])
    expect(signed(answered.row(100))).toEqual(IN_TIME)
  })

  it('ends the matter: a later answer revises nothing', () => {
    const frames = [frame(100, trade(100)), frame(200, noAnswer(100)), frame(300, nbbo(100))]
    expect(signed(play(frames).row(100))).toEqual(UNSIGNED)
  })
})

it('moves no event time: a window stays open however late the print that was asked about', () => {
  const { row } = play([
    frame(0, quote(0)),
    frame(0, trade(0)),
    frame(100, nbbo(9000, { sym: OTHER }), { ev: 'flow.underlying', sym: 'QQQ', p: 500, t: START }),
    frame(100, { ev: 'flow.contract', sym: OTHER, date: '2027-01-01', oi: 5 }),
    frame(300, trade(300, { x: 313 })),
  ])
  expect(row(0)!.eventLegs).toBe(2)
})

it.each([
  [200, 2],
  [201, null],
])('finds the window that a reading clock of %i ms has left open, of legs: %s', (ms, legs) => {
  const { row } = play(
    [
      frame(0, trade(0)),
      frame(0, quote(10), trade(20, { x: 313 })),
      frame(ms, nbbo(0)), // at more than 2W without an event, event time goes with the clock
    ],
    { windowMs: 100 },
    { cut: () => false },
  )
  expect([row(0)!.eventLegs, row(20)!.eventLegs]).toEqual([legs, legs])
})

it('closes the windows that the reading clock has left behind', () => {
  const { row, cancels } = play(
    [
      frame(0, quote(0), trade(0)),
      frame(1001, nbbo(0, { sym: OTHER })),
      frame(1001, trade(10, { c: [201] })),
    ],
    {},
    { cut: () => false },
  )
  expect(row(0)).toBeUndefined()
  expect(cancels[0]!.wasStored).toBe(true)
})
