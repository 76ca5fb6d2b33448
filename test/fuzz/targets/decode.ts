import * as fc from 'fast-check'
import { FrameDecoder } from '../../../src/reader/decode.ts'
import type { DecodeCounts } from '../../../src/reader/decode-counts.ts'
import { Dictionary } from '../../../src/reader/dictionary.ts'
import { EVIDENCE_HEAD } from '../../../src/reader/evidence.ts'
import * as slab from '../../../src/slab/event-slab.ts'
import { decodeAnswer, reference } from '../../reader/decode-reference.ts'
import { check, checkEqual, type RunInput, type Target } from '../target.ts'

const WATCHED: ReadonlySet<string> = new Set(['SPX', 'SPY', 'VIX'])
const RECV = 1_765_800_000_000
const CONTRACTS_MAX = 20_000
/** A dictionary that is nearly full answers other than the reference, which has no limits. */
const NEARLY_FULL = 0.9
const CONDITION_SETS_MAX = 65_535
/** What the decoder with the small dictionary may know. */
const FEW = 16

/** Frames of the vendor, evidence of our own, binary messages. */
export const decode: Target = {
  name: 'decode',
  words: [
    ...['"ev":"T"', '"ev":"Q"', '"ev":"status"', '"ev":"A"', '"ev":"\\u0054"', EVIDENCE_HEAD],
    ...['"ev":"flow.nbbo"', '"ev":"flow.contract"', '"ev":"flow.underlying"', '"sym":', '"c":'],
    ...['O:SPXW251219C06475000', 'O:SPY251219P00650000', 'O:AAPL1251219C00200000', '"x":302'],
    ...['"p":', '"s":', '"t":1765799999960', '"q":', '"bp":', '"ap":', '"bs":', '"as":', '"bx":'],
    ...['"at":', '"date":"2025-12-19"', '"oi":', '"mult":', '"src":"indices"', '"status":', '},{'],
    ...['227.0', '"219"', '2e2', '\\u0030', '"__proto__":', '"constructor":', '[[', ']]'],
  ],
  structured: frames(),
  share: 10,
  inTest: 1500,
  setUp: makeDecode,
}

function makeDecode(): RunInput {
  let dictionary = new Dictionary({ watched: WATCHED, contractsMax: CONTRACTS_MAX })
  let decoder = new FrameDecoder({ dictionary })
  const few = new Dictionary({ watched: '*', contractsMax: FEW })
  const small = new FrameDecoder({ dictionary: few })
  return (input) => {
    const isFull =
      dictionary.size > CONTRACTS_MAX * NEARLY_FULL ||
      dictionary.nextConditionSet > CONDITION_SETS_MAX * NEARLY_FULL
    if (isFull) {
      dictionary = new Dictionary({ watched: WATCHED, contractsMax: CONTRACTS_MAX })
      decoder = new FrameDecoder({ dictionary })
    }
    // a flat file has no receive time
    const recv = input.length % 8 === 7 ? Number.NaN : RECV
    if (input.length % 16 === 0) decodesNoBinary(decoder, input, recv)
    small.decode(input, false, recv)
    balances(small.counts, 0, 0, small.counts, false)
    check(few.size <= FEW && few.underlyings.length <= FEW, 'the dictionary keeps its limit')
    check(few.nextConditionSet <= CONDITION_SETS_MAX + 1, 'condition lists keep their limit')
    if (input.length % 512 === 1) goodFrame(decoder)
    const isEvidence = input.toString('latin1').startsWith(EVIDENCE_HEAD)
    return isEvidence ? evidence(decoder, input, recv) : vendor(decoder, dictionary, input, recv)
  }
}

function decodesNoBinary(decoder: FrameDecoder, input: Buffer, recv: number): void {
  const before = structuredClone(decoder.counts)
  check(!decoder.decode(input, true, recv), 'a binary message is malformed')
  check(decoder.columns.rows === 0 && decoder.statuses.length === 0, 'and leaves nothing')
  before.framesMalformed++
  checkEqual(decoder.counts, before, 'counts after a binary message')
}

/** Whatever came before leaves nothing behind. */
function goodFrame(decoder: FrameDecoder): void {
  const text = '[{"ev":"T","sym":"O:SPY251219P00650000","p":1,"s":2,"t":3}]'
  check(decoder.decode(Buffer.from(text), false, RECV), 'a good frame is read')
  check(decoder.columns.rows === 1 && decoder.columns.sizeA[0] === 2, 'as what it says')
}

function vendor(
  decoder: FrameDecoder,
  dictionary: Dictionary,
  input: Buffer,
  recv: number,
): string {
  const answer = decodeAnswer(decoder, dictionary, input, recv)
  const expected = reference(input, WATCHED, recv)
  checkEqual(answer, expected, 'decoded')
  const prints = answer.rows.filter(({ kind }) => kind === slab.KIND_PRINT).length
  balances(answer.counts, prints, answer.rows.length - prints, decoder.counts, true)
  return wordOf(answer.counts, answer.rows.length, answer.statuses.length)
}

/** received = filtered + dropped + rows, and the same for quotes. */
function balances(
  counts: DecodeCounts,
  prints: number,
  quotes: number,
  all: DecodeCounts,
  isWhole: boolean,
): void {
  const sum = (record: Readonly<Record<string, number>>): number =>
    Object.values(record).reduce((total, count) => total + count, 0)
  const left = counts.received - counts.filtered - sum(counts.dropped)
  const leftQuotes = counts.quotesReceived - sum(counts.quotesIgnored)
  check(isWhole ? left === prints : left >= 0, 'every print is a row or has a reason')
  check(isWhole ? leftQuotes === quotes : leftQuotes >= 0, 'every quote is a row or has a reason')
  check(all.received >= counts.received, 'counts only grow')
}

function wordOf(counts: DecodeCounts, rows: number, statuses: number): string {
  const moved: (string | number)[] = [Math.min(rows, 4), Math.min(statuses, 2)]
  const walk = (record: object): void => {
    for (const [name, value] of Object.entries(record)) {
      if (typeof value === 'object') walk(value)
      else if (value > 0) moved.push(name, Math.min(3, value))
    }
  }
  walk(counts)
  return moved.join(' ')
}

const KINDS = [slab.KIND_ASKED, slab.KIND_NBBO, slab.KIND_REFERENCE, slab.KIND_UNDERLYING]

function evidence(decoder: FrameDecoder, input: Buffer, recv: number): string {
  const { received, unknown } = structuredClone(decoder.counts)
  const isRead = decoder.decode(input, false, recv)
  const events = eventsOf(input)
  check(isRead === (events !== null), 'evidence is a JSON array of objects')
  const { columns } = decoder
  if (events === null) {
    check(columns.rows === 0, 'malformed evidence leaves no row')
    return 'evidence malformed'
  }
  check(decoder.counts.received === received, 'evidence is no print')
  check(columns.rows <= 2 * events.length, 'an event gives two rows at most')
  const strange = events.filter(
    ({ ev }) => ev !== 'flow.nbbo' && ev !== 'flow.contract' && ev !== 'flow.underlying',
  ).length
  check(decoder.counts.unknown.event === unknown.event + strange, 'others are unknown')
  const kinds: number[] = []
  for (let row = 0; row < columns.rows; row++) {
    const kind = columns.kind[row]!
    const [time, a, b] = [columns.time[row]!, columns.priceA[row]!, columns.priceB[row]!]
    check(KINDS.includes(kind as (typeof KINDS)[number]), 'rows of evidence')
    check(Number.isSafeInteger(time) && time >= 0, 'a whole time')
    for (const price of [a, b]) {
      check(Number.isNaN(price) || (price >= 0 && price <= 1e10), 'a price or none')
    }
    if (kinds.length < 6) kinds.push(kind)
  }
  return `evidence ${kinds.join('')} ${strange > 0}`
}

function eventsOf(input: Buffer): { ev?: unknown }[] | null {
  try {
    const value: unknown = JSON.parse(input.toString())
    const isList = Array.isArray(value) && value.every((e) => typeof e === 'object' && e !== null)
    return isList ? (value as { ev?: unknown }[]) : null
  } catch {
    return null
  }
}

/** Frames of vendor's events and of evidence whose fields mostly are what they should be. */
function frames(): fc.Arbitrary<Uint8Array> {
  const odd = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.jsonValue())
  const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof(
      { weight: 15, arbitrary: usual as fc.Arbitrary<unknown> },
      { weight: 1, arbitrary: odd },
    )
  const sym = mostly(
    fc.constantFrom('O:SPXW251219C06475000', 'O:SPY251219P00650000', 'O:QQQ251219P00500000'),
  )
  const price = mostly(fc.nat(9_999_999).map((ticks) => ticks / 10_000))
  const time = mostly(fc.integer({ min: RECV - 9000, max: RECV + 61_000 }))
  const size = mostly(fc.nat(5000))
  const venue = mostly(fc.integer({ min: 299, max: 330 }))
  const c = mostly(fc.array(fc.integer({ min: 200, max: 250 }), { maxLength: 3 }))
  const print = fc.record(
    { ev: fc.constant('T'), sym, x: venue, p: price, s: size, c, t: time, q: size },
    { requiredKeys: ['ev', 'sym'] },
  )
  const two = { bp: price, ap: price, bs: size, as: size, bx: venue, ax: venue }
  const quote = fc.record(
    { ev: fc.constant('Q'), sym, ...two, t: time, q: size },
    { requiredKeys: ['ev', 'sym'] },
  )
  const status = fc.record({ ev: fc.constant('status'), status: odd, message: odd })
  const nbbo = fc.record({ ev: fc.constant('flow.nbbo'), sym, at: time, t: time, ...two })
  const contract = fc.record({
    ev: fc.constant('flow.contract'),
    sym,
    date: mostly(fc.constantFrom('2025-12-19', '2025-02-29', '1969-12-31')),
    oi: size,
    mult: size,
  })
  const underlying = fc.record({
    ev: fc.constant('flow.underlying'),
    sym: mostly(fc.constantFrom('SPX', 'SPY')),
    p: price,
    t: time,
    src: mostly(fc.constantFrom('stocks', 'indices')),
  })
  const events = fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.oneof(print, print, quote, status), { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(nbbo, contract, underlying), { maxLength: 4 }) },
  )
  const spaces = fc.constantFrom(undefined, undefined, undefined, 1)
  return fc
    .tuple(events, spaces)
    .map(([list, space]) => Buffer.from(JSON.stringify(list, null, space)))
}
