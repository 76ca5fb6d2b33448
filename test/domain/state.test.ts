import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuoteHistory } from '../../src/domain/quote-history.ts'
import { SizeRings } from '../../src/domain/size-rings.ts'
import { type Column, StateReader, StateWriter } from '../../src/domain/state.ts'

const column = fc.oneof<fc.Arbitrary<Column>[]>(
  fc.float64Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.uint8Array(),
)
const text = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })
const item = fc.oneof(
  fc.record({ kind: fc.constant('number' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('text' as const), value: text }),
  fc.record({ kind: fc.constant('list' as const), value: fc.array(fc.oneof(fc.double(), text)) }),
  fc.record({ kind: fc.constant('column' as const), value: column }),
)

const written = (write: (out: StateWriter) => void): Uint8Array => {
  const out = new StateWriter()
  out.part('test', 1)
  write(out)
  return out.bytes()
}

const reader = (bytes: Uint8Array): StateReader => {
  const from = new StateReader(bytes)
  from.part('test', 1)
  return from
}

describe('what is written', () => {
  it('is read again exactly, wherever its bytes lie', () => {
    fc.assert(
      fc.property(fc.array(item), fc.nat(9), (items, offset) => {
        const bytes = written((out) => {
          for (const { kind, value } of items) {
            if (kind === 'number') out.number(value)
            else if (kind === 'text') out.text(value)
            else if (kind === 'list') out.list(value)
            else out.column(value)
          }
        })
        const larger = new Uint8Array(bytes.length + offset)
        larger.set(bytes, offset)
        const from = reader(larger.subarray(offset))
        for (const { kind, value } of items) {
          if (kind === 'number') expect(from.number()).toBe(value)
          else if (kind === 'text') expect(from.text()).toBe(value)
          else if (kind === 'list') expect(from.list()).toEqual(value)
          else {
            const target = value.slice().fill(1)
            from.into(target, value.length)
            expect(target).toEqual(value)
          }
        }
        from.end()
      }),
      { numRuns: 300, seed: 5 },
    )
  })

  it('keeps the bits of a NaN', () => {
    const bits = Uint32Array.of(0xdeadbeef, 0x7ff800aa)
    const bytes = written((out) => out.column(new Float64Array(bits.buffer)))
    const column = reader(bytes).column(Float64Array)
    expect([...new Uint32Array(column.buffer)]).toEqual([...bits])
  })

  it('is as much of a column as asked for, in the beginning of a longer one', () => {
    const bytes = written((out) => out.column(Int32Array.of(1, 2, 3, 4), 3))
    const target = new Int32Array(5).fill(9)
    reader(bytes).into(target, 3)
    expect([...target]).toEqual([1, 2, 3, 9, 9])
    expect(() => written((out) => out.column(Int32Array.of(1), 2))).toThrow('2 elements of a')
  })
})

describe('what is not as expected', () => {
  const bytes = written((out) => {
    out.column(Int32Array.of(1, 2, 3))
  })
  const names = [
    [
      'a name',
      () => new StateReader(bytes).part('other', 1),
      'expected other of version 1, came test of version 1',
    ],
    [
      'a version',
      () => new StateReader(bytes).part('test', 2),
      'expected test of version 2, came test of version 1',
    ],
    [
      'a length',
      () => reader(bytes).into(new Int32Array(9), 4),
      'test: expected 4 elements of a Int32Array, came 3',
    ],
    [
      'room',
      () => reader(bytes).into(new Int32Array(2)),
      'expected at most 2 elements of a Int32Array, came 3',
    ],
    ['a kind', () => reader(bytes).number(), 'test: expected a number, came a Int32Array'],
    [
      'a width',
      () => reader(bytes).column(Float64Array),
      'expected a Float64Array, came a Int32Array',
    ],
    ['an end', () => reader(bytes).end(), 'expected its end, came 24 more bytes'],
    ['more', () => reader(written(() => {})).text(), 'expected a text, came the end of the bytes'],
    [
      'a whole column',
      () => reader(bytes.subarray(0, -8)).column(Int32Array),
      'expected 12 bytes, came 8',
    ],
  ] as const

  it.each(names)('is said: %s', (_, act, message) => {
    expect(act).toThrow(message)
  })
})

/** Saves `from`, loads it into `to`, and gives what `to` saves: the same. */
function carried<
  T extends { save(out: StateWriter, n: number): void; load(from: StateReader, n: number): void },
>(from: T, to: T, n: number): T {
  const bytes = written((out) => from.save(out, n))
  const reading = reader(bytes)
  to.load(reading, n)
  reading.end()
  expect(written((out) => to.save(out, n))).toEqual(bytes)
  return to
}

describe('a size ring', () => {
  it('goes on with blocks that were given back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 2 ** 31 - 1 })), {
          maxLength: 200,
          size: 'max',
        }),
        fc.nat(200),
        (pushes, cut) => {
          const whole = new SizeRings(16)
          let other = new SizeRings(16)
          pushes.forEach(([id, size], i) => {
            if (i === cut) other = carried(other, new SizeRings(16), 8)
            whole.push(id, size)
            other.push(id, size)
            for (let each = 0; each < 8; each++) {
              expect([other.count(each), other.sum(each)]).toEqual([
                whole.count(each),
                whole.sum(each),
              ])
            }
          })
        },
      ),
      { numRuns: 100, seed: 6 },
    )
  })

  it('is not one of another window', () => {
    const bytes = written((out) => new SizeRings(16).save(out, 1))
    expect(() => new SizeRings(64).load(reader(bytes), 1)).toThrow('window of 64 prints, came 16')
  })
})

describe('a quote history', () => {
  const add = (quotes: QuoteHistory, id: number, time: number) =>
    quotes.add(id, time, 100 + time, 110 + time, id, 2, 0x0102)

  it('goes on when all rows are taken, with rings that were given back', () => {
    const events = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 60 })), {
      maxLength: 120,
      size: 'max',
    })
    fc.assert(
      fc.property(events, fc.nat(120), (all, cut) => {
        const whole = new QuoteHistory(20, 40)
        let other = new QuoteHistory(20, 40)
        all.forEach(([id, step], i) => {
          if (i === cut) other = carried(other, new QuoteHistory(20, 40), 4)
          add(whole, id, i + step)
          add(other, id, i + step)
          for (const time of [i - 20, i, i + 60]) {
            const found = whole.find(id, time)
            expect(other.find(id, time)).toBe(found)
            if (!found) continue
            const { bid, ask, bidSize, askSize, venues } = whole
            expect(other).toMatchObject({ time: whole.time, bid, ask, bidSize, askSize, venues })
          }
          expect(other.evicted).toBe(whole.evicted)
        })
      }),
      { numRuns: 100, seed: 7 },
    )
  })

  it.each([
    ['horizon', new QuoteHistory(10, 40)],
    ['room', new QuoteHistory(20, 3)],
  ])('is not one of another %s', (_, other) => {
    const quotes = new QuoteHistory(20, 40)
    add(quotes, 0, 1)
    const bytes = written((out) => quotes.save(out, 1))
    expect(() => other.load(reader(bytes), 1)).toThrow(/saved quotes: expected \d+ ms and at most/)
  })
})
