import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { newCounts } from '../../src/reader/decode-counts.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { EventColumns } from '../../src/reader/event-columns.ts'
import { EventRows } from '../../src/reader/event-rows.ts'
import { FrameScanner } from '../../src/reader/scan.ts'
import { EXCHANGE_NONE } from '../../src/slab/event-slab.ts'
import {
  both,
  counted,
  PRINT,
  PRINT_ROW,
  QUOTE,
  QUOTE_ROW,
  RECV,
  SPY,
  setUp,
  WATCHED,
} from './decode-events.ts'
import { rowsOf } from './decode-reference.ts'

describe('frames', () => {
  test('prints and quotes keep their order', () => {
    const answer = setUp().decode(JSON.stringify([QUOTE, PRINT, QUOTE, PRINT, PRINT]))
    expect(answer.rows).toEqual([QUOTE_ROW, PRINT_ROW, QUOTE_ROW, PRINT_ROW, PRINT_ROW])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.received = 3
        c.quotesReceived = 2
      }),
    )
  })

  test('a single object counts as an array of it', () => {
    expect(setUp().decode(JSON.stringify(PRINT)).rows).toEqual([PRINT_ROW])
    expect(setUp().decode(` ${JSON.stringify(QUOTE)}\n`).rows).toEqual([QUOTE_ROW])
  })

  test('an empty array has no rows and is not malformed', () => {
    expect(setUp().decode('[ ]')).toEqual({ ok: true, rows: [], statuses: [], counts: newCounts() })
  })

  const good = JSON.stringify([PRINT])
  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['spaces', ' \n'],
    ['no JSON', 'hello'],
    ['a cut frame', good.slice(0, -1)],
    ['a frame that fails after a good print', `${good.slice(0, -1)},{"ev":"T","p":01}]`],
    ['two frames', good + good],
    ['two objects', good.slice(1, -1) + good.slice(1, -1)],
    ['a trailing comma', `${good.slice(0, -1)},]`],
    ['a string', '"T"'],
    ['a number', '12'],
    ['null', 'null'],
    ['true', 'true'],
    [
      'invalid UTF-8 in a string',
      Buffer.concat([Buffer.from('[{"ev":"'), Buffer.of(0xff), Buffer.from('"}]')]),
    ],
    ['a byte order mark', `\ufeff${good}`],
    ['UTF-16', Buffer.from(good, 'utf16le')],
  ])('malformed: %s', (_, bytes) => {
    const { decode, decoder } = setUp()
    decode(good)
    const answer = decode(bytes)
    expect(answer).toEqual({
      ok: false,
      rows: [],
      statuses: [],
      counts: counted((c) => {
        c.framesMalformed = 1
      }),
    })
    expect(decode(good).rows).toEqual([PRINT_ROW])
    expect(decoder.counts.received).toBe(2)
  })

  test('a binary frame is malformed, whatever it holds', () => {
    const { decoder } = setUp()
    expect(decoder.decode(Buffer.from(good), true, RECV)).toBe(false)
    expect([decoder.columns.rows, decoder.counts.framesMalformed, decoder.counts.received]).toEqual(
      [0, 1, 0],
    )
  })

  test('status events are no rows; what is no text is empty', () => {
    const events = [
      { ev: 'status', status: 'connected', message: 'Connected Successfully' },
      PRINT,
      { message: 7, ev: 'status', status: null, other: 1 },
    ]
    const answer = setUp().decode(JSON.stringify(events))
    expect(answer.rows).toEqual([PRINT_ROW])
    expect(answer.statuses).toEqual([
      { status: 'connected', message: 'Connected Successfully' },
      { status: '', message: '' },
    ])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.received = 1
      }),
    )
  })

  test('statuses of one frame are gone in the next', () => {
    const { decode } = setUp()
    expect(decode('{"ev":"status","status":"success","message":"m"}').statuses).toHaveLength(1)
    expect(decode(good).statuses).toEqual([])
  })

  test('elements that are no object and events of another kind count as unknown', () => {
    const answer = setUp().decode(
      JSON.stringify([
        1,
        null,
        'T',
        [PRINT],
        { ev: 'AM', sym: SPY },
        { sym: SPY },
        { ev: 1 },
        { ev: 't' },
        PRINT,
      ]),
    )
    expect(answer.rows).toEqual([PRINT_ROW])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.received = 1
        c.unknown.event = 8
      }),
    )
  })
})

describe('keys', () => {
  test('may come in any order', () => {
    const reversed = Object.fromEntries(Object.entries(PRINT).toReversed())
    expect(setUp().decode(JSON.stringify([reversed])).rows).toEqual([PRINT_ROW])
  })

  test('of a key that stands twice the last counts', () => {
    const text = JSON.stringify([PRINT])
      .replace('"s":7', '"s":0,"x":1,"s":7')
      .replace('"x":302,', '')
    expect(setUp().decode(text).rows).toEqual([{ ...PRINT_ROW, sizeB: 1 }])
  })

  test.each([
    [{ ...PRINT, i: 1, z: 'a', pt: null, ds: '0.5', bp: 1 }, 5],
    [{ ...QUOTE, c: [1], s: 2, zz: true }, 3],
    [{ ...PRINT, nested: { p: [1] }, list: [1, 'a'] }, 2],
    [{ ...PRINT, sym: 'AAPL', zz: 1 }, 1],
  ])('unknown ones are ignored and counted: %j', (fields, keys) => {
    expect(both(fields).counts.unknown.key).toBe(keys)
  })

  test('of one event say nothing about the next', () => {
    const { decode } = setUp()
    const spaced = (events: readonly object[]) => JSON.stringify(events, null, 1)
    const withoutTicker = decode(spaced([PRINT, { ...PRINT, sym: undefined }, PRINT]))
    expect(withoutTicker.rows).toEqual([PRINT_ROW, PRINT_ROW])
    expect(withoutTicker.counts.dropped.ticker).toBe(1)
    expect(decode(spaced([PRINT, { ...PRINT, ev: undefined }])).counts.unknown.event).toBe(1)
    const bare = { ...PRINT, c: undefined, x: undefined }
    expect(decode(spaced([PRINT, bare])).rows).toEqual([
      PRINT_ROW,
      { ...PRINT_ROW, conditions: [], sizeB: EXCHANGE_NONE },
    ])
  })

  test('an unknown key that stands twice is one key', () => {
    const text = JSON.stringify([{ ...PRINT, z: 1 }]).replace('"z":1', '"z":1,"z":2')
    expect(setUp().decode(text).counts.unknown.key).toBe(1)
  })
})

describe('scanner', () => {
  const scan = (text: string): boolean => {
    const columns = new EventColumns()
    const dictionary = new Dictionary({ watched: WATCHED, contractsMax: 10 })
    return new FrameScanner(new EventRows(dictionary, columns)).scan(Buffer.from(text))
  }

  test.each([
    ['vendor order', JSON.stringify([PRINT, QUOTE])],
    ['no conditions', JSON.stringify([{ ...PRINT, c: undefined }])],
    ['a symbol not watched', JSON.stringify([{ ...PRINT, sym: 'O:AAPL251219C00200000' }])],
    [
      'another order, spaces',
      JSON.stringify(
        [
          { q: 1, ...PRINT },
          { ap: 1, ...QUOTE },
        ],
        null,
        2,
      ),
    ],
    [
      'numbers as text, floats, exponents',
      JSON.stringify([{ ...PRINT, s: '7', p: 0.1 + 0.2, c: ['219'], q: 1e300 }]),
    ],
    [
      'unknown flat keys, nulls',
      JSON.stringify([{ ...PRINT, i: 'a b', ds: '0.5', x: null, z: true }]),
    ],
    ['a single object', JSON.stringify(PRINT)],
    ['no events', '[]'],
  ])('reads without JSON.parse: %s', (_, text) => {
    expect(scan(text)).toBe(true)
  })

  test.each([
    ['status', '[{"ev":"status"}]'],
    ['escapes', JSON.stringify([{ ...PRINT, i: '"' }])],
    ['nested values', JSON.stringify([{ ...PRINT, i: {} }])],
    ['keys that stand twice', '[{"ev":"T","s":1,"s":2}]'],
  ])('leaves to JSON.parse: %s', (_, text) => {
    expect(scan(text)).toBe(false)
  })
})

describe('memory', () => {
  test('grows for a frame of 16 MiB and is given back after it', () => {
    const { decoder, dictionary, decode } = setUp()
    const pair = `${JSON.stringify(PRINT)},${JSON.stringify(QUOTE)}`
    const pairs = Math.floor((16 * 2 ** 20) / (pair.length + 1))
    const huge = Buffer.from(`[${Array(pairs).fill(pair).join(',')}]`)
    expect(decoder.decode(huge, false, RECV)).toBe(true)
    const { columns } = decoder
    expect(columns.rows).toBe(2 * pairs)
    expect(columns.capacity).toBeLessThan(4 * pairs)
    const wrong = rowsOf(decoder, dictionary).findIndex(
      (row, i) => !isDeepStrictEqual(row, i % 2 === 0 ? PRINT_ROW : QUOTE_ROW),
    )
    expect(wrong).toBe(-1)
    expect(decode(JSON.stringify([QUOTE])).rows).toEqual([QUOTE_ROW])
    expect([columns.capacity, columns.time.length]).toEqual([4096, 4096])
  })
})
