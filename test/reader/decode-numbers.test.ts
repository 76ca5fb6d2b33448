import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScanCursor } from '../../src/reader/scan-cursor.ts'

function read(text: string): { value: number; rest: string } {
  const cursor = new ScanCursor()
  cursor.bytes = Buffer.from(`${text}]`)
  const value = cursor.number()
  return { value, rest: cursor.bytes.subarray(cursor.pos).toString() }
}

const digits = (min: number, max: number) =>
  fc.array(fc.nat(9), { minLength: min, maxLength: max }).map((list) => list.join(''))

const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0, 20)).map(([first, rest]) => `${first}${rest}`),
)
const optional = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), text)
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    whole,
    optional(digits(1, 20).map((text) => `.${text}`)),
    optional(
      fc
        .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(1, 3))
        .map((parts) => parts.join('')),
    ),
  )
  .map((parts) => parts.join(''))

describe('ScanCursor.number', () => {
  test('gives what JSON.parse gives, to the last bit, for numbers of any length', () => {
    fc.assert(
      fc.property(number, (text) => {
        expect(read(text)).toEqual({ value: JSON.parse(text), rest: ']' })
      }),
      { seed: 20, numRuns: 20_000 },
    )
  })

  test.each(['', '-', '+1', '.5', '1.', '01', '-01', '1.e5', '1e', '1e+', '1.5e', '- 1', 'NaN'])(
    'does not understand %j',
    (text) => {
      const { value, rest } = read(text)
      expect(Number.isNaN(value) || rest !== ']').toBe(true)
    },
  )

  test('does not understand a number of 64 characters or more', () => {
    expect(read(`1.${'3'.repeat(61)}`).value).toBe(Number(`1.${'3'.repeat(61)}`))
    expect(read(`1.${'3'.repeat(62)}`).value).toBeNaN()
  })
})
