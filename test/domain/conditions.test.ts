import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  conditionCode,
  conditionText,
  Group,
  groupOf,
  policyOf,
} from '../../src/domain/conditions.ts'

type Row = {
  readonly id: number
  readonly letter: string
  readonly code: string
  readonly flags: readonly string[]
}

const { conditions: rows } = JSON.parse(
  readFileSync(new URL('../fixtures/domain/opra-conditions.json', import.meta.url), 'utf8'),
) as { readonly conditions: readonly Row[] }

const between = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** The policy table of the rules, top to bottom: ids, side from the quote, window leg. */
const TABLE = [
  ['regular', Group.Regular, [209, 210, 248], true, true],
  ['ISO', Group.Iso, [219], true, true],
  ['single-leg auction', Group.Auction, [227, 228], true, false],
  ['floor', Group.Floor, [231], true, false],
  ['cross', Group.Cross, [229, 230], false, false],
  ['multi-leg, stock-tied', Group.MultiLeg, between(232, 247), false, false],
  ['late, out of sequence', Group.Late, [202, 204, 206, 208], false, false],
  ['cancel', Group.Cancel, [201, 203, 205, 207], false, false],
] as const

const named = new Map(TABLE.flatMap(([, group, ids]) => ids.map((id) => [id, group] as const)))

/** What the table says of a list, looked up line by line. */
function byTable(list: readonly (number | string)[]): (typeof TABLE)[number] {
  const met = TABLE.filter(([, , ids]) => list.some((c) => ids.some((id) => id === c)))
  return met.at(-1) ?? TABLE[0]
}

describe('groupOf', () => {
  it.each(rows)('puts $id ($code) where the policy table has it', ({ id, flags }) => {
    expect(groupOf(id)).toBe(named.get(id) ?? Group.Regular)
    expect(groupOf(id) === Group.Cancel).toBe(flags.includes('is_cancel'))
    expect(groupOf(id) === Group.Late).toBe(flags.includes('is_late'))
    expect(groupOf(id) === Group.MultiLeg).toBe(flags.includes('is_multi_leg'))
    if (flags.includes('legacy')) expect(groupOf(id)).toBe(Group.Regular)
  })

  it('takes every id that no table names as an ordinary print', () => {
    const unnamed = [...between(-5, 400), 9999, 2 ** 31].filter((id) => !named.has(id))
    expect(unnamed.filter((id) => groupOf(id) !== Group.Regular)).toEqual([])
  })

  it.each(['', 'SWEEP', 'MLTI', 'ISOI', 'CANC', '219', '201', '232'])(
    'takes the text %j as an ordinary print',
    (text) => {
      expect(groupOf(text)).toBe(Group.Regular)
    },
  )

  it('has the groups in the order of the table', () => {
    expect(TABLE.map(([, group]) => group)).toEqual(between(0, 7))
    expect(Object.keys(Group)).toHaveLength(TABLE.length)
  })
})

describe('conditionCode and conditionText', () => {
  it.each(rows)('$id is $code', ({ id, code, letter }) => {
    expect(conditionCode(id)).toBe(code)
    expect(conditionText(id)).toBe(code)
    const isLower = letter >= 'a'
    const place = letter.charCodeAt(0) - (isLower ? 'a' : 'A').charCodeAt(0)
    expect(id).toBe((isLower ? 227 : 201) + place)
  })

  it('names no other id, and keeps it as its number', () => {
    const known = new Set(rows.map((r) => r.id))
    for (const id of [...between(-1, 400), 65_535].filter((i) => !known.has(i))) {
      expect(conditionCode(id)).toBeUndefined()
      expect(conditionText(id)).toBe(String(id))
    }
  })

  it('keeps a text as it came', () => {
    expect(conditionText('MLTI')).toBe('MLTI')
    expect(conditionText('219')).toBe('219')
    expect(conditionText('')).toBe('')
  })
})

describe('policyOf', () => {
  it.each(TABLE)('gives the line of %s', (_, group, ids, hasSide, mayBeLeg) => {
    for (const id of ids) {
      expect(policyOf([id])).toEqual({
        group,
        hasSide,
        mayBeLeg,
        isIso: group === Group.Iso,
        isCancel: group === Group.Cancel,
        isMultiLeg: group === Group.MultiLeg,
        isLate: group === Group.Late,
        isSeedSweep: false,
        unknown: 0,
      })
    }
  })

  it('takes a print without conditions as regular', () => {
    expect(policyOf([])).toEqual({ ...policyOf([209]), group: Group.Regular })
  })

  it.each([
    [[209, 219], Group.Iso],
    [[219, 209], Group.Iso],
    [[219, 227], Group.Auction],
    [[228, 231], Group.Floor],
    [[231, 230], Group.Cross],
    [[229, 247], Group.MultiLeg],
    [[219, 232], Group.MultiLeg],
    [[247, 202], Group.Late],
    [[208, 201], Group.Cancel],
    [[207, 219, 9999], Group.Cancel],
    [[9999, 219], Group.Iso],
    [['SWEEP', 219], Group.Iso],
  ])('lets the lowest line of %j decide', (list, group) => {
    expect(policyOf(list).group).toBe(group)
  })

  it.each([
    [[232], true, false],
    [[204], false, true],
    [[232, 204], true, true],
    [[204, 232], true, true],
    [[247, 209], true, false],
    [[208, 219], false, true],
    [[232, 201], true, false],
    [[201, 204, 240], true, true],
    [[229, 231], false, false],
  ])('sets multi-leg and late of %j by any of them', (list, isMultiLeg, isLate) => {
    expect(policyOf(list)).toMatchObject({ isMultiLeg, isLate })
  })

  it.each([
    [['SWEEP'], true],
    [['MLTI'], true],
    [[209, 'SWEEP'], true],
    [['MLTI', 204], true],
    [[219], false],
    [['ISOI'], false],
    [['sweep'], false],
    [['SWEEPS'], false],
    [[' MLTI'], false],
    [[232], false],
    [[], false],
  ])('finds the seed sweep of %j: %s', (list, isSeedSweep) => {
    expect(policyOf(list).isSeedSweep).toBe(isSeedSweep)
  })

  it.each([
    [[], 0],
    [[209, 219], 0],
    [[211, 220, 224], 0],
    [[200], 1],
    [[221, 222, 223, 225, 226, 249], 6],
    [[209, 9999, 9999], 2],
    [['SWEEP', 209], 1],
  ])('counts what no table names in %j: %i', (list, unknown) => {
    expect(policyOf(list).unknown).toBe(unknown)
  })

  it('agrees with the table for any list', () => {
    const condition = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 199, max: 250 }) },
      { weight: 1, arbitrary: fc.constantFrom<number | string>('SWEEP', 'X', 0, 9999) },
    )
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 5 }), (list) => {
        const [, group, , hasSide, mayBeLeg] = byTable(list)
        expect(policyOf(list)).toMatchObject({
          group,
          hasSide,
          mayBeLeg,
          isIso: group === Group.Iso,
          isCancel: group === Group.Cancel,
          isMultiLeg: list.some((c) => typeof c === 'number' && c >= 232 && c <= 247),
          isLate: list.some((c) => c === 202 || c === 204 || c === 206 || c === 208),
          isSeedSweep: list.includes('SWEEP'),
        })
      }),
      { seed: 219, numRuns: 2000 },
    )
  })
})
