import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { decodeAnswer, reference } from './decode-reference.ts'

const WATCHED: ReadonlySet<string> = new Set(['SPX', 'SPY', 'VIX'])
const RECV = 1_765_800_000_000
const SEED = 20_251_219

const oneOf = fc.constantFrom

/** A JSON text of a string, some of its characters as \u escapes. */
function spelled(text: string): fc.Arbitrary<string> {
  const plain = JSON.stringify(text)
  const escaped = fc.array(fc.nat(5), { minLength: text.length, maxLength: text.length }).map(
    (dice) =>
      `"${[...dice.keys()]
        .map((i) => {
          const code = text.charCodeAt(i).toString(16).padStart(4, '0')
          return dice[i] === 0 ? `\\u${code}` : JSON.stringify(text[i]).slice(1, -1)
        })
        .join('')}"`,
  )
  return fc.oneof({ weight: 6, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: escaped })
}

/**
 * JSON texts of one number: as it is, as a float, with an exponent, as a string, beyond a
 * double.
 */
const number = fc
  .oneof(
    fc.integer({ min: 0, max: 400 }),
    fc.nat(2 ** 31 - 1),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.tuple(fc.nat(9_999_999), oneOf(10, 100, 1000, 10_000, 100_000)).map(([m, d]) => m / d),
    oneOf(0, -0, 1, 1_000_000, 1_000_000.00001, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 2 ** 53 - 1, -1),
    fc.integer({ min: RECV - 1000, max: RECV + 70_000 }),
  )
  .chain((n) => {
    const text = Object.is(n, -0) ? '-0' : String(n).replace('e+', 'e')
    const isPlainInt = /^-?\d+$/.test(text)
    const spellings = [text, text, text, `"${text}"`, n.toExponential()]
    if (isPlainInt) spellings.push(`${text}.0`, `${text}.000000000000`, `${text}e0`, `"${text}.0"`)
    return oneOf(...spellings, `${text}${isPlainInt ? '.5' : ''}`)
  })

const junk = oneOf(
  ...['null', 'true', 'false', '""', '"abc"', '" 1"', '"0x10"', '"Infinity"', '"01"', '"1."'],
  ...[
    '[]',
    '{}',
    '[1,[2]]',
    '{"p":1}',
    '1e400',
    '-1e400',
    '"\\n"',
    '"\\ud800"',
    '"é"',
    '123456789012345678901234567890',
  ],
)

const value = fc.oneof({ weight: 8, arbitrary: number }, { weight: 1, arbitrary: junk })

const ticker = fc.oneof(
  {
    weight: 8,
    arbitrary: oneOf('O:SPXW251219C06475000', 'O:SPY251219P00650000', 'O:VIXW251217C00020000'),
  },
  {
    weight: 1,
    arbitrary: oneOf(
      'O:AAPL251219C00200000',
      'O:SPX1251219C06475000',
      'SPY',
      '',
      'O:SPY251319P00650000',
    ),
  },
  {
    weight: 1,
    arbitrary: oneOf('O:SPÝ251219P00650000', 'O:SPY251219P0065000"', 'O:SPY251219P0065000\u0000'),
  },
)

const condition = fc.oneof(
  { weight: 6, arbitrary: oneOf('209', '219', '232', '227.0', '"219"', '9999', '2e2', '-0') },
  { weight: 1, arbitrary: fc.oneof(junk, oneOf('"SWEEP"', '1.5', '"1.5"', '"a\\u0000"')) },
)
const conditions = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(condition, { maxLength: 3 }).map((list) => `[${list.join(' ,')}]`),
  },
  { weight: 1, arbitrary: condition },
)

type Member = readonly [key: string, value: string]

const member = (key: string, text: fc.Arbitrary<string>): fc.Arbitrary<Member> =>
  text.map((v) => [key, v] as const)

/** A number that this key usually has, so that most events pass every check. */
const likely = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: value })

const price = fc.nat(99_999).map((cents) => String(cents / 100))
const size = fc.integer({ min: 1, max: 5000 }).map(String)
const time = fc.integer({ min: RECV - 9000, max: RECV }).map(String)
const venue = oneOf('302', '308', '65', '399', '2000')
const sym = member(
  'sym',
  fc.oneof({ weight: 20, arbitrary: ticker.chain(spelled) }, { weight: 1, arbitrary: value }),
)

const printMembers = fc.tuple(
  member('ev', spelled('T')),
  sym,
  member('x', likely(venue)),
  member('p', likely(price)),
  member('s', likely(size)),
  member('c', conditions),
  member('t', likely(time)),
  member('q', likely(fc.nat(2 ** 31).map(String))),
)
const quoteMembers = fc.tuple(
  member('ev', spelled('Q')),
  sym,
  member('bx', likely(venue)),
  member('ax', likely(venue)),
  member('bp', likely(price)),
  member('ap', likely(price)),
  member('bs', likely(size)),
  member('as', likely(size)),
  member('t', likely(time)),
  member('q', likely(size)),
)
const statusMembers = fc.tuple(
  member('ev', spelled('status')),
  member('status', fc.oneof(spelled('connected'), junk)),
  member('message', fc.oneof(spelled('Connected Successfully'), junk)),
)
const otherMembers = fc.tuple(
  member('ev', fc.oneof(oneOf('"AM"', '"TT"', '"t"', '""'), value)),
  member('o', value),
)
const extra = fc
  .tuple(
    oneOf('i', 'z', 'pt', 'ds', '', '__proto__', 'p', 't', 'bp', 'sym', 'ev', 'é', 'xx'),
    value,
  )
  .map(([key, text]): Member => [key, text])

const someMembers: fc.Arbitrary<readonly Member[]> = fc.oneof(
  { weight: 6, arbitrary: printMembers },
  { weight: 4, arbitrary: quoteMembers },
  { weight: 1, arbitrary: statusMembers },
  { weight: 1, arbitrary: otherMembers },
)

const members: fc.Arbitrary<readonly Member[]> = someMembers.chain((all) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(all) },
    { weight: 2, arbitrary: fc.shuffledSubarray([...all], { minLength: all.length }) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...all], { minLength: all.length - 1 }) },
    {
      weight: 2,
      arbitrary: fc
        .array(extra, { minLength: 1, maxLength: 3 })
        .chain((more) => fc.shuffledSubarray([...all, ...more], { minLength: all.length })),
    },
  ),
)

const space = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: oneOf(' ', '\t', '\n', '\r\n  ') },
)

const event = fc
  .tuple(members, space, space)
  .chain(([list, before, after]) =>
    fc
      .tuple(...list.map(([key]) => spelled(key)))
      .map(
        (keys) =>
          `{${before}${list
            .map(([, text], i) => `${keys[i]}${after}:${before}${text}${after}`)
            .join(`,${after}`)}}`,
      ),
  )

const element = fc.oneof(
  { weight: 20, arbitrary: event },
  { weight: 1, arbitrary: oneOf('1', 'null', '[]', '{}', '"T"', '[{"ev":"T"}]') },
)

const frame = fc
  .tuple(fc.array(element, { maxLength: 4 }), space, space, fc.nat(9))
  .map(([list, before, after, die]) => {
    const text =
      die === 0 && list.length === 1
        ? list[0]
        : `[${before}${list.join(`${after},${before}`)}${after}]`
    return Buffer.from(`${before}${text}${after}`)
  })

function agree(watched: ReadonlySet<string> | '*' = WATCHED): (bytes: Uint8Array) => void {
  // One decoder for the whole run: a frame must leave nothing behind for the next.
  const dictionary = new Dictionary({ watched, contractsMax: 1000 })
  const decoder = new FrameDecoder({ dictionary })
  return (bytes) => {
    expect(decodeAnswer(decoder, dictionary, bytes, RECV)).toEqual(reference(bytes, watched, RECV))
  }
}

/** Frames whose every part a cut or a wrong byte should hit: both shapes, spaces, text, status. */
const BASES = [
  '[{"ev":"T","sym":"O:SPXW251219C06475000","x":302,"p":6.45,"s":17,"c":[219,232],"t":1765799999123,"q":651921857}]',
  '[{"ev":"Q","sym":"O:SPY251219P00650000","bx":302,"ax":308,"bp":9.71,"ap":9.81,"bs":17,"as":24,"t":1765799999123,"q":8}]',
  '[{"ev":"T","sym":"O:SPY251219P00650000","x":302,"p":0.05,"s":1,"t":1765799999123,"q":1},{"ev":"Q","sym":"O:SPY251219P00650000","bx":1,"ax":2,"bp":0,"ap":0.1,"bs":0,"as":2,"t":1765799999123,"q":2}]',
  ' [ {"t" : 1765799999123 ,"p":"1.2e1","sym":"O:VIXW251217C00020000","zz":null,"s":-3.0,"c":[ "219" , null, 232 ],"ev":"T"} ] ',
  '{"ev":"status","status":"connected","message":"Connecté \\u0041"}',
].map((text) => Buffer.from(text))

describe('FrameDecoder agrees with JSON.parse', () => {
  test('on valid frames in any key order, spacing, escaping and number spelling', () => {
    fc.assert(fc.property(frame, agree()), { seed: SEED, numRuns: 6000 })
  })

  test('on valid frames when every symbol is watched', () => {
    fc.assert(fc.property(frame, agree('*')), { seed: SEED + 1, numRuns: 1000 })
  })

  test('on frames cut at every byte, from either end', () => {
    const check = agree()
    for (const base of BASES) {
      for (let at = 0; at <= base.length; at++) {
        check(base.subarray(0, at))
        check(base.subarray(at))
      }
    }
  })

  test('on frames with every byte left out, doubled or replaced by each JSON character', () => {
    const check = agree()
    for (const base of BASES) {
      for (let at = 0; at < base.length; at++) {
        const [head, tail] = [base.subarray(0, at), base.subarray(at + 1)]
        check(Buffer.concat([head, tail]))
        check(Buffer.concat([head, base.subarray(at, at + 1), base.subarray(at)]))
        for (const byte of Buffer.from('{}[]",:0.-+eE\\ \n\u0000\u007fT')) {
          check(Buffer.concat([head, Buffer.of(byte), tail]))
        }
        for (const byte of [0x80, 0xc3, 0xff]) check(Buffer.concat([head, Buffer.of(byte), tail]))
      }
    }
  })

  test('on arbitrary frames with random bytes put in, taken out and changed', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255), oneOf('change', 'insert', 'remove'))
    const check = agree()
    fc.assert(
      fc.property(frame, fc.array(edit, { minLength: 1, maxLength: 3 }), (bytes, edits) => {
        const list = [...bytes]
        for (const [where, byte, how] of edits) {
          const at = where % (list.length + 1)
          list.splice(at, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]))
        }
        check(Buffer.from(list))
      }),
      { seed: SEED + 2, numRuns: 4000 },
    )
  })
})
