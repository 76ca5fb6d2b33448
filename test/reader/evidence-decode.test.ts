import { describe, expect, it } from 'vitest'
import { UnderlyingSource } from '../../src/domain/labels.ts'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { newCounts } from '../../src/reader/decode-counts.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import {
  encodeNbbo,
  encodeReferences,
  encodeUnderlying,
  encodeVolumes,
} from '../../src/reader/evidence.ts'
import {
  KIND_ASKED,
  KIND_NBBO,
  KIND_PRINT,
  KIND_REFERENCE,
  KIND_UNDERLYING,
  KIND_VOLUME,
  packVenues,
} from '../../src/slab/event-slab.ts'

const AT = Date.UTC(2026, 10, 20, 15)
const SYM = 'O:SPXW261120C06475000'
const NBBO = {
  ...{ ev: 'flow.nbbo', sym: SYM, at: AT, t: AT - 40 },
  ...{ bp: 9.71, ap: 9.81, bs: 17, as: 24, bx: 302, ax: 316 },
}
const CONTRACT = { ev: 'flow.contract', sym: SYM, date: '2026-11-20', oi: 1234, mult: 10 }
const UNDERLYING = { ev: 'flow.underlying', sym: 'SPX', p: 6012.33, t: AT, src: 'indices' }
const VOLUME = { ev: 'flow.volume', sym: SYM, date: '2026-11-20', volume: 250 }
const PRINT = { ev: 'T', sym: SYM, x: 302, p: 9.8, s: 5, c: [209], t: AT, q: 1 }

const DAY = Date.UTC(2026, 10, 20) / 86_400_000
const ASKED_ROW = [KIND_ASKED, AT, 0, 0, 0, 0, 0]
const NBBO_ROW = [KIND_NBBO, AT - 40, 97_100, 98_100, 17, 24, packVenues(302, 316)]
const NO_ANSWER = [KIND_NBBO, AT, NaN, NaN, 17, 24, packVenues(302, 316)]
const REFERENCE_ROW = [KIND_REFERENCE, DAY, 0, 0, 1234, 10, 0]
const UNDERLYING_ROW = [KIND_UNDERLYING, AT, 60_123_300, 0, UnderlyingSource.Indices, 0, 0]
const VOLUME_ROW = [KIND_VOLUME, DAY, 250, 0, 0, 0, 0]

/** A decoder that watches SPX and QQQ and knows one contract of SPX. */
function setUp() {
  const dictionary = new Dictionary({ watched: new Set(['SPX', 'QQQ']), contractsMax: 100 })
  dictionary.lookup(Buffer.from(SYM), 0, SYM.length)
  const decoder = new FrameDecoder({ dictionary })
  const decode = (frame: string | Uint8Array, isBinary = false) => {
    const isWhole = decoder.decode(Buffer.from(frame), isBinary, AT + 5)
    const { rows, kind, time, priceA, priceB, sizeA, sizeB, conditions } = decoder.columns
    const row = (_: unknown, i: number) =>
      [kind, time, priceA, priceB, sizeA, sizeB, conditions].map((column) => column[i]!)
    return isWhole ? Array.from({ length: rows }, row) : 'malformed'
  }
  return { decode, decoder, dictionary }
}
const rowsOf = (...events: unknown[]) => setUp().decode(JSON.stringify(events))

describe('rows', () => {
  it('reads an answer as what was asked and what was said', () => {
    expect(rowsOf(NBBO)).toEqual([ASKED_ROW, NBBO_ROW])
  })

  it('reads a reference, and a price of an underlying', () => {
    expect(rowsOf(CONTRACT, UNDERLYING)).toEqual([REFERENCE_ROW, UNDERLYING_ROW])
  })

  it('reads a volume that was filled, also one below 0, and none that is no whole number', () => {
    const volume = { ticker: SYM, date: '2026-11-20', volume: 250 }
    expect(encodeVolumes([volume]).toString()).toBe(JSON.stringify([VOLUME]))
    const rows = rowsOf(VOLUME, { ...VOLUME, volume: -3 }, { ...VOLUME, volume: 1.5 })
    expect(rows).toEqual([VOLUME_ROW, [KIND_VOLUME, DAY, -3, 0, 0, 0, 0]])
    for (const wrong of [
      { sym: 'SPX' },
      { date: '2026-02-31' },
      { volume: '5' },
      { volume: null },
    ]) {
      expect(rowsOf({ ...VOLUME, ...wrong })).toEqual([])
    }
  })

  it('keeps the order of several events', () => {
    const rows = rowsOf(CONTRACT, NBBO, UNDERLYING, NBBO)
    const answer = [ASKED_ROW, NBBO_ROW]
    expect(rows).toEqual([REFERENCE_ROW, ...answer, UNDERLYING_ROW, ...answer])
  })

  it('gives a contract that it has not seen its id, for the contract to be known', () => {
    const { decode, decoder, dictionary } = setUp()
    decode(JSON.stringify([{ ...CONTRACT, sym: 'O:QQQ261120P00500000' }]))
    expect(dictionary.ticker(decoder.columns.contract[0]!)).toBe('O:QQQ261120P00500000')
  })

  it('hands a price of an underlying to one of its contracts', () => {
    const { decode, decoder, dictionary } = setUp()
    decode(JSON.stringify([{ ...CONTRACT, sym: 'O:QQQ261120P00500000' }]))
    decode(JSON.stringify([UNDERLYING, { ...UNDERLYING, sym: 'QQQ', src: 'stocks' }]))
    const contracts = [...decoder.columns.contract.subarray(0, 2)]
    expect(contracts.map((id) => dictionary.ticker(id))).toEqual([SYM, 'O:QQQ261120P00500000'])
    expect(decoder.columns.sizeA[1]).toBe(UnderlyingSource.Stocks)
  })

  it('adds nothing to what the vendor sent', () => {
    const { decode, decoder } = setUp()
    decode(JSON.stringify([NBBO, CONTRACT, UNDERLYING]))
    expect(decoder.counts).toEqual(newCounts())
  })

  it('starts each frame with no row', () => {
    const { decode } = setUp()
    decode(JSON.stringify([NBBO]))
    expect(decode(JSON.stringify([CONTRACT]))).toEqual([REFERENCE_ROW])
    expect(decode(JSON.stringify([PRINT]))).toHaveLength(1)
  })
})

describe('the encoder', () => {
  it('writes answers as they are read', () => {
    const quote = { time: AT - 40, bid: 9.71, ask: 9.81, bidSize: 17, askSize: 24 }
    const venues = { bidExchange: 302, askExchange: 316 }
    const frame = encodeNbbo([{ ticker: SYM, at: AT, quote: { ...quote, ...venues } }])
    expect(frame.toString()).toBe(JSON.stringify([NBBO]))
    const none = encodeNbbo([{ ticker: SYM, at: AT, quote: null }])
    expect(setUp().decode(none)).toEqual([ASKED_ROW, [KIND_NBBO, AT, NaN, NaN, -1, -1, 0]])
  })

  it('writes references and prices as they are read, without what is unknown', () => {
    const reference = { ticker: SYM, date: '2026-11-20', openInterest: 1234, multiplier: 10 }
    expect(encodeReferences([reference]).toString()).toBe(JSON.stringify([CONTRACT]))
    const bare = encodeReferences([{ ticker: SYM, date: '2026-11-20' }])
    expect(setUp().decode(bare)).toEqual([[KIND_REFERENCE, DAY, 0, 0, -1, -1, 0]])
    const price = { symbol: 'SPX', price: 6012.33, time: AT, source: 'indices' as const }
    expect(encodeUnderlying([price]).toString()).toBe(JSON.stringify([UNDERLYING]))
  })
})

const NO_PRICE = [undefined, null, '9.71', -0.01, 1_000_001, [], {}, true]
const NO_WHOLE = [undefined, null, '17', 1.5, -1, 2 ** 31, [], {}, true]
const NO_TIME = [undefined, null, `${AT}`, 0, -1, AT + 0.5, 2 ** 53, [], {}, true]
const NO_TICKER = [undefined, null, '', 5, [], {}, 'SPX', SYM.slice(2), `${SYM}0`, `${SYM} `]
  .concat('O:SPXW261131C06475000', 'O:TSLA261120C00400000', SYM.toLowerCase())
  .concat(SYM.replace('O', '\u014f'), SYM.replace('W', '\u0057\u0000')) // low byte of 14f: an O

describe('an answer', () => {
  it.each(NO_TICKER)('of no contract that is watched leaves no row: %j', (sym) => {
    expect(rowsOf({ ...NBBO, sym })).toEqual([])
  })

  it.each(NO_TIME)('for no time leaves no row: %j', (at) => {
    expect(rowsOf({ ...NBBO, at })).toEqual([])
  })

  it.each([...NO_TIME, AT + 1])('whose quote has no time up to then is none: %j', (t) => {
    expect(rowsOf({ ...NBBO, t })).toEqual([ASKED_ROW, NO_ANSWER])
  })

  it('may have a quote of the very time', () => {
    const row = NBBO_ROW.with(1, AT)
    expect(rowsOf({ ...NBBO, t: AT })).toEqual([ASKED_ROW, row])
  })

  it.each(NO_PRICE)('without a price is none: %j', (price) => {
    expect(rowsOf({ ...NBBO, bp: price })).toEqual([ASKED_ROW, NO_ANSWER])
    expect(rowsOf({ ...NBBO, ap: price })).toEqual([ASKED_ROW, NO_ANSWER])
  })

  it('may have any price up to a million; whether it is usable is not for here to say', () => {
    const row = NBBO_ROW.with(2, 10 ** 10).with(3, 0)
    expect(rowsOf({ ...NBBO, bp: 1_000_000, ap: 0 })).toEqual([ASKED_ROW, row])
  })

  it.each(NO_WHOLE)('without a size has none: %j', (size) => {
    expect(rowsOf({ ...NBBO, bs: size })).toEqual([ASKED_ROW, NBBO_ROW.with(4, -1)])
    expect(rowsOf({ ...NBBO, as: size })).toEqual([ASKED_ROW, NBBO_ROW.with(5, -1)])
  })

  it.each([...NO_WHOLE, 0, 299, 555])('without a venue has none: %j', (venue) => {
    const [noBid, noAsk] = [packVenues(0, 316), packVenues(302, 0)]
    expect(rowsOf({ ...NBBO, bx: venue })).toEqual([ASKED_ROW, NBBO_ROW.with(6, noBid)])
    expect(rowsOf({ ...NBBO, ax: venue })).toEqual([ASKED_ROW, NBBO_ROW.with(6, noAsk)])
  })
})

describe('a reference', () => {
  it.each(NO_TICKER)('of no contract that is watched leaves no row: %j', (sym) => {
    expect(rowsOf({ ...CONTRACT, sym })).toEqual([])
  })

  it.each([
    ...[undefined, null, '', 20_261_120, [], {}, '2026-11-2', '20261120', '2026-11-20T00:00:00Z'],
    ...['2026-13-01', '2026-11-31', '2026-02-30', '2025-02-29', '1969-12-31', '2149-06-07'],
    ...[' 2026-11-20', '2026-00-10', '2026-10-00'],
  ])('of no date leaves no row: %j', (date) => {
    expect(rowsOf({ ...CONTRACT, date })).toEqual([])
  })

  it.each([
    ['1970-01-01', 0],
    ['2024-02-29', 19_782],
    ['2149-06-06', 65_535],
  ])('of %s is of day %i', (date, day) => {
    expect(rowsOf({ ...CONTRACT, date })).toEqual([REFERENCE_ROW.with(1, day)])
  })

  it.each(NO_WHOLE)('without open interest has none: %j', (oi) => {
    expect(rowsOf({ ...CONTRACT, oi })).toEqual([REFERENCE_ROW.with(4, -1)])
  })

  it.each([...NO_WHOLE, 0, 65_536])('without a multiplier has none: %j', (mult) => {
    expect(rowsOf({ ...CONTRACT, mult })).toEqual([REFERENCE_ROW.with(5, -1)])
  })

  it('may have an open interest of 0 or 2^31 - 1, a multiplier of 1 or 65,535', () => {
    const rows = rowsOf(
      { ...CONTRACT, oi: 0, mult: 1 },
      { ...CONTRACT, oi: 2 ** 31 - 1, mult: 65_535 },
    )
    expect(rows).toEqual([
      REFERENCE_ROW.with(4, 0).with(5, 1),
      REFERENCE_ROW.with(4, 2 ** 31 - 1).with(5, 65_535),
    ])
  })
})

describe('a price of an underlying', () => {
  it.each([undefined, null, 5, [], {}, '', 'TSLA', 'SPXW', 'I:SPX', 'spx', '__proto__'])(
    'that is not watched leaves no row: %j',
    (sym) => {
      expect(rowsOf({ ...UNDERLYING, sym })).toEqual([])
    },
  )

  it('of which no contract is known yet leaves no row', () => {
    expect(rowsOf({ ...UNDERLYING, sym: 'QQQ' })).toEqual([])
  })

  it.each(NO_TIME)('without a time leaves no row: %j', (t) => {
    expect(rowsOf({ ...UNDERLYING, t })).toEqual([])
  })

  it.each([...NO_PRICE, 0, -0, 0.00001])('that is no price above 0 leaves no row: %j', (p) => {
    expect(rowsOf({ ...UNDERLYING, p })).toEqual([])
  })

  it.each([undefined, null, '', 'futures', 'Stocks', 1, {}])(
    'of no source that has a name leaves no row: %j',
    (src) => {
      expect(rowsOf({ ...UNDERLYING, src })).toEqual([])
    },
  )
})

describe('frames', () => {
  const good = JSON.stringify([NBBO])
  it.each([
    ['cut', good.slice(0, -1)],
    ['only its head', '[{"ev":"flow.'],
    ['cut within an event', good.slice(0, 40)],
    ['two frames', good + good],
    ['a trailing comma', `${good.slice(0, -1)},]`],
    ['a number among the events', `${good.slice(0, -1)},7]`],
    ['null among the events', `${good.slice(0, -1)},null]`],
    ['a text among the events', `${good.slice(0, -1)},"flow.nbbo"]`],
    ['a text that does not end', '[{"ev":"flow.nbbo]'],
  ])('that are broken count as malformed and leave nothing: %s', (_, frame) => {
    const { decode, decoder } = setUp()
    expect(decode(frame)).toBe('malformed')
    expect(decoder.columns.rows).toBe(0)
    expect(decoder.counts).toEqual({ ...newCounts(), framesMalformed: 1 })
  })

  it('that are binary count as malformed', () => {
    const { decode, decoder } = setUp()
    expect(decode(good, true)).toBe('malformed')
    expect(decoder.counts.framesMalformed).toBe(1)
  })

  it('leave the rows before a malformed one alone', () => {
    const { decode, decoder } = setUp()
    decode(`${good.slice(0, -1)},7]`)
    expect(decode(good)).toEqual([ASKED_ROW, NBBO_ROW])
    expect(decoder.counts.framesMalformed).toBe(1)
  })

  it.each([
    ['another kind of ours', { ev: 'flow.other' }],
    ["the vendor's kinds", PRINT],
    ['no kind', {}],
    ['a list', []],
  ])('count an event among evidence as unknown: %s', (_, event) => {
    const { decode, decoder } = setUp()
    expect(decode(JSON.stringify([NBBO, event, CONTRACT]))).toEqual([
      ASKED_ROW,
      NBBO_ROW,
      REFERENCE_ROW,
    ])
    const counts = newCounts()
    counts.unknown.event = 1
    expect(decoder.counts).toEqual(counts)
  })

  it.each([
    ['a blank ahead', ` ${good}`],
    ['a blank within', good.replace('"ev":', '"ev": ')],
    ['another key first', good.replace('{', '{"a":1,')],
    ['no array', JSON.stringify(NBBO)],
    ['an event of the vendor first', JSON.stringify([{ ev: 'X' }, NBBO])],
    ['a kind without the dot', good.replace('flow.nbbo', 'flownbbo')],
  ])("that only look like evidence are the vendor's, with unknown events: %s", (_, frame) => {
    const { decode, decoder } = setUp()
    expect(decode(frame)).toEqual([])
    expect(decoder.counts.unknown.event).toBeGreaterThan(0)
    expect(decoder.counts.framesMalformed).toBe(0)
  })

  it('of the vendor have their prints, whatever stands beside them', () => {
    const { decode, decoder } = setUp()
    const rows = decode(JSON.stringify([PRINT, NBBO]))
    expect(rows).toHaveLength(1)
    expect(rows[0]).toContain(KIND_PRINT)
    expect(decoder.counts.received).toBe(1)
    expect(decoder.counts.unknown.event).toBe(1)
  })
})
