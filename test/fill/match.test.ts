import { describe, expect, it } from 'vitest'
import { matchTape } from '../../src/fill/match.ts'
import type { StoredCancel, StoredRow } from '../../src/fill/stored-rows.ts'
import type { TapePrint } from '../../src/fill/tape.ts'

const AT = Date.UTC(2026, 10, 20, 15)

const print = (over: Partial<TapePrint> = {}): TapePrint => {
  return { t: AT, p: 1.5, s: 10, x: 302, c: [209], q: 1, ...over }
}

const row = (over: Partial<StoredRow> = {}): StoredRow =>
  ({
    ...{ time: AT, price: 15_000, size: 10, exchange: 'CBOE', conditions: ['AUTO'], sequence: 1 },
    ...over,
  }) as StoredRow

const cancel = (over: Partial<StoredCancel> = {}): StoredCancel => ({
  ...{ time: AT + 1, sequence: 9, price: 15_000, size: 10, exchange: 'CBOE' },
  ...{ removedTime: AT, removedSequence: 1 },
  ...over,
})

/** For each print that is left: its place among the rows. */
const places = (
  prints: readonly TapePrint[],
  stored: readonly StoredRow[],
  cancels: readonly StoredCancel[] = [],
) => matchTape(prints, stored, cancels).map((known) => known.stored)

describe('a print of the tape', () => {
  it('is the stored one of the same sequence and content', () => {
    expect(places([print({ q: 1 }), print({ q: 2 })], [row({ sequence: 2 })])).toEqual([-1, 0])
  })

  it.each([
    [print({ t: AT + 1 })],
    [print({ p: 1.51 })],
    [print({ s: 11 })],
    [print({ x: 313 })],
    [print({ x: null })],
    [print({ c: [] })],
    [print({ c: [209, 219] })],
    [print({ q: 2 })],
  ])('is another one when anything of it differs: %j', (other) => {
    expect(places([other], [row()])).toEqual([-1])
  })

  it('is found by content where one side has no sequence, as often as both have it', () => {
    const unnumbered = print({ q: null })
    expect(places([unnumbered, unnumbered, unnumbered], [row(), row({ sequence: 2 })])).toEqual([
      0, 1, -1,
    ])
    const rows = [row({ sequence: Number.NaN }), row({ sequence: 2 })]
    // the one with a partner of its own leaves the other to the one without
    expect(places([print({ q: 7 }), print({ q: 2 })], rows)).toEqual([0, 1])
    expect(places([print({ q: 0 })], [row()])).toEqual([0]) // 0 is no sequence
  })

  it('counts once where the tape has it twice under one sequence, and is kept twice without', () => {
    expect(places([print(), print(), print({ s: 11 })], [])).toEqual([-1, -1])
    expect(places([print({ q: null }), print({ q: null })], [])).toEqual([-1, -1])
  })

  it.each<[string, Partial<TapePrint>, Partial<StoredRow>]>([
    ['exchange 0', { x: 0 }, { exchange: '0' }],
    ['an exchange id of 2^31 and above', { x: 2 ** 31 }, { exchange: null }],
    [
      'more conditions than 32',
      { c: new Array(40).fill(209) },
      { conditions: new Array(32).fill('AUTO') },
    ],
  ])('is what the decoder made of %s', (_, tape, stored) => {
    const [known] = matchTape([print(tape)], [row(stored)], [])
    expect(known).toMatchObject({ stored: 0, exchange: row(stored).exchange })
    expect(places([print(tape), print({ ...tape, q: 2 })], [row(stored)])).toEqual([0, -1])
  })

  it('is left out when it is none', () => {
    const broken = [{ s: 0 }, { s: 1.5 }, { p: -1 }, { p: Number.NaN }, { t: 0 }, { t: AT + 0.5 }]
    expect(places(broken.map(print), [])).toEqual([])
  })
})

describe('a cancel', () => {
  const message = print({ t: AT + 1, c: [201], q: 9 })

  it('of the tape is no print, and is on record when it is', () => {
    const [, known] = matchTape([print(), message], [row()], [cancel()])
    expect(known).toMatchObject({ isCancel: true, stored: -1, isRecorded: true })
    const [, unknown] = matchTape([print(), message], [row()], [cancel({ sequence: 8 })])
    expect(unknown!.isRecorded).toBe(false)
    const [, unnumbered] = matchTape(
      [print(), message],
      [row()],
      [cancel({ sequence: Number.NaN })],
    )
    expect(unnumbered!.isRecorded).toBe(true)
  })

  it('on record that the tape does not have keeps out the print that it removed, and that alone', () => {
    const equal = [print({ q: 1 }), print({ q: 2 })]
    expect(matchTape(equal, [], [cancel()]).map((one) => one.print.q)).toEqual([2])
    expect(places(equal, [], [cancel({ removedSequence: 5 })])).toEqual([-1, -1])
    expect(places(equal, [], [cancel({ removedTime: Number.NaN })])).toEqual([-1, -1])
    // one that is stored was not removed
    expect(places([print()], [row()], [cancel()])).toEqual([0])
  })
})
