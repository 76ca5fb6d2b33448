import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { type FlatTapesOptions, flatTapes } from '../../src/fill/flat-tapes.ts'
import type { ContractTape } from '../../src/fill/tape.ts'

/** Real prints of one day and contract, exact duplicates among them (test/fixtures/tapes). */
const REAL = 'test/fixtures/tapes/spy-2023-03-13-390P.trades_v1.csv.gz'
const HEADER = 'ticker,conditions,correction,exchange,price,sip_timestamp,size'
/** 2026-06-17, 10:00 in New York. */
const T0 = Date.UTC(2026, 5, 17, 14)
const DAY = newYorkDay(T0)
const [A, B, C] = ['O:A260618C00100000', 'O:SPY260618C00500000', 'O:SPY260618P00500000'] as const

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flow-flat-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

type Row = { ticker?: string; c?: string; x?: string; p?: string; ns?: string; s?: string }
function row({ ticker = B, c = '209', x = '302', p = '1.25', ns = `${T0}000000`, s = '7' }: Row) {
  return `${ticker},${c},0,${x},${p},${ns},${s}`
}
const csv = (...rows: readonly Row[]): string => `${[HEADER, ...rows.map(row)].join('\n')}\n`

let files = 0
async function read(
  content: string | Buffer,
  { wants = () => true, day = DAY, ...options }: FlatTapesOptions & Wants = {},
) {
  const path = join(dir, `${++files}.csv`)
  await writeFile(path, content)
  const tapes: ContractTape[] = []
  const problems: [string, string | null][] = []
  const onProblem = (problem: string, leftOut: string | null) => problems.push([problem, leftOut])
  let isWhole: boolean | null = null
  const onEnd = (whole: boolean): void => {
    isWhole = whole
  }
  const all = flatTapes(path, wants, day, onProblem, { ...options, onEnd })
  for await (const tape of all) tapes.push(tape)
  return { tapes, problems, isWhole: isWhole as boolean | null }
}
type Wants = { readonly wants?: (ticker: string) => boolean; readonly day?: number }

function damaged(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 0xff
  return bytes
}

test('a real file: each row is a print, also those that are equal, in order of time', async () => {
  const { tapes, problems } = await read(readFileSync(REAL), { day: newYorkDay(1678715620948) })
  expect(problems).toEqual([])
  expect(tapes.map(({ ticker, prints }) => [ticker, prints.length])).toEqual([
    ['O:SPY230327P00390000', 62],
  ])
  const { prints } = tapes[0]!
  expect(prints[0]).toEqual({ t: 1678715620948, p: 11.82, s: 1, x: 312, c: [232], q: null })
  expect(new Set(prints.map((print) => JSON.stringify(print))).size).toBeLessThan(62)
  const times = prints.map(({ t }) => t)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const rows = gunzipSync(readFileSync(REAL)).toString().trim().split('\n').slice(1)
  const sizes = rows.map((line) => Number(line.split(',').at(-1)))
  expect(prints.map(({ s }) => s).toSorted()).toEqual(sizes.toSorted())
})

test('gives contract after contract, only those that are wanted', async () => {
  const text = csv({ ticker: A, s: '1' }, { s: '2' }, { s: '3' }, { ticker: C, s: '4' })
  const all = await read(gzipSync(text))
  expect(all.tapes.map(({ ticker, prints }) => [ticker, prints.map(({ s }) => s)])).toEqual([
    [A, [1]],
    [B, [2, 3]],
    [C, [4]],
  ])
  const asked: string[] = []
  const some = await read(text, {
    wants: (ticker) => {
      asked.push(ticker)
      return ticker === B
    },
  })
  expect(some).toMatchObject({ tapes: [{ ticker: B }], problems: [] })
  expect(new Set(asked)).toEqual(new Set([A, B, C]))
})

test('nanoseconds are floored to ms and keep their order within one; equals stay as they came', async () => {
  const { tapes } = await read(
    csv(
      { ns: `${T0}999999`, s: '3' },
      { ns: `${T0}000002`, s: '2' },
      { ns: `${T0 + 1}000000`, s: '4' },
      { ns: `${T0}000001`, s: '1', c: '219' },
      { ns: `${T0}000001`, s: '1', c: '209' },
    ),
  )
  expect(tapes[0]!.prints.map(({ t, s, c }) => [t - T0, s, c[0]])).toEqual([
    [0, 1, 219],
    [0, 1, 209],
    [0, 2, 209],
    [0, 3, 209],
    [1, 4, 209],
  ])
})

test('conditions, an absent exchange and columns in another order are read by their names', async () => {
  const header = 'size,sip_timestamp,price,exchange,conditions,ticker'
  const text = `${header}\n5,${T0}000000,0.05,,"227,209",${B}\n6,${T0}000000,1,300,,${B}\n`
  const { tapes } = await read(text)
  expect(tapes[0]!.prints).toEqual([
    { t: T0, p: 0.05, s: 5, x: null, c: [227, 209], q: null },
    { t: T0, p: 1, s: 6, x: 300, c: [], q: null },
  ])
})

test('a ticker that comes again is an error that names it: the file is not sorted', async () => {
  const text = csv({ ticker: A }, {}, { ticker: A })
  await expect(read(text)).rejects.toThrow(
    /\.csv: expected all rows of a contract together, came O:A260618C00100000 again .+ sort the file/,
  )
  expect((await read(text, { wants: (ticker) => ticker === B })).tapes).toHaveLength(1)
})

test.each([
  [{ p: 'x' }],
  [{ p: '1e400' }],
  [{ s: '' }],
  [{ ns: 'soon' }],
  [{ x: 'CBOE' }],
  [{ c: '209 ISOI' }],
])('a row that is no print (%j) is left out and counted', async (wrong) => {
  const { tapes, problems } = await read(csv({ s: '1' }, wrong, { s: '2' }))
  expect(tapes[0]!.prints.map(({ s }) => s)).toEqual([1, 2])
  expect(problems).toEqual([['1 rows are no prints: left out', null]])
})

test('a row of another New York day is left out; midnight is the one of New York', async () => {
  const midnight = Date.UTC(2026, 5, 17, 4) // summer time
  const { tapes, problems } = await read(
    csv(
      { ns: `${midnight - 1}999999`, s: '1' },
      { ns: `${midnight}000000`, s: '2' },
      { ns: `${midnight + 86_399_999}999999`, s: '3' },
      { ns: `${midnight + 86_400_000}000000`, s: '4' },
    ),
  )
  expect(tapes[0]!.prints.map(({ s }) => s)).toEqual([2, 3])
  expect(problems).toEqual([['2 rows are of another day: left out', null]])
})

test('the file of another day is an error, found early', async () => {
  const wrong = { day: DAY + 1 }
  await expect(read(csv({}, {}), wrong)).rejects.toThrow(
    'expected the prints of 2026-06-18, came those of another day; name the file of that day',
  )
  let done = 0
  const total = 2_000_000
  const text = `${HEADER}\n${`${row({})}\n`.repeat(Math.ceil(total / row({}).length))}`
  const onProgress = (bytes: number): void => {
    done = bytes
  }
  await expect(read(text, { ...wrong, onProgress })).rejects.toThrow('another day')
  expect(done).toBeLessThan(total / 2)
})

test('a contract with too many prints is left out and named, the next one is read', async () => {
  const { tapes, problems } = await read(
    csv({ ticker: A }, { ticker: A }, {}, {}, {}, { ticker: C }),
    { printsMax: 2 },
  )
  expect(tapes.map(({ ticker }) => ticker)).toEqual([A, C])
  expect(problems).toEqual([
    [
      'tape of O:SPY260618C00500000: expected at most 2 prints of one contract and day, more ' +
        'came; the contract is left out',
      B,
    ],
  ])
})

test('a file that is cut off gives the whole contracts, and says which one it breaks off in', async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({
    ticker: [A, B, C][Math.floor(i / 1000)]!,
    s: `${i + 1}`,
    ns: `${T0 + i}000000`,
  }))
  const whole = gzipSync(csv(...rows))
  let whereCut = ''
  for (const part of [0.5, 0.9, 0.99]) {
    const { tapes, problems } = await read(whole.subarray(0, Math.floor(whole.length * part)))
    for (const { prints } of tapes) expect(prints).toHaveLength(1000)
    expect(problems[0]).toEqual([expect.stringContaining('the gzip file is cut off'), null])
    const broken = [A, B, C][tapes.length]!
    expect(problems[1]).toEqual([expect.stringContaining(`breaks off in ${broken}`), broken])
    whereCut += tapes.length
  }
  expect(whereCut).toBe('122')
  expect((await read(whole)).problems).toEqual([])
})

test.each([
  ['empty', Buffer.alloc(0), 'no print of the day'],
  ['an empty gzip', gzipSync(''), 'no print of the day'],
  ['a header alone', `${HEADER}\n`, 'no print of the day'],
  ['damaged at the start', damaged(readFileSync(REAL), 500), 'the gzip file is damaged'],
  ['cut before its first row', readFileSync(REAL).subarray(0, 40), 'the gzip file is cut off'],
])('a file that is %s is not whole, and says so', async (_, content, told) => {
  const { tapes, problems, isWhole } = await read(content, { day: newYorkDay(1678715620948) })
  expect([tapes, isWhole]).toEqual([[], false])
  expect(problems.map(([problem]) => problem).join()).toContain(told)
})

test('a file that is cut in a contract that nobody wants is not whole', async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({
    ...{ ticker: i < 2900 ? A : C, s: `${i + 1}`, ns: `${T0 + i}000000` },
  }))
  const gzip = gzipSync(csv(...rows))
  const wants = (ticker: string): boolean => ticker === C
  expect((await read(gzip, { wants })).isWhole).toBe(true)
  const half = await read(gzip.subarray(0, gzip.length / 2), { wants })
  expect([half.tapes, half.isWhole]).toEqual([[], false])
})

test('a file that is none is refused with what was expected', async () => {
  await expect(read('{"recv":1,"frame":"[]"}\n')).rejects.toThrow(/expected trades_v1 as \.csv/)
  await expect(read('ticker,price\nx,1\n')).rejects.toThrow(/the header lacks sip_timestamp, size/)
  const none = flatTapes(
    join(dir, 'none.csv'),
    () => true,
    DAY,
    () => {},
  )
  await expect(none.next()).rejects.toThrow('there is no such file')
})
