import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { conditionName } from '../../src/domain/condition-names.ts'
import { conditionCode, conditionOf, conditionText } from '../../src/domain/conditions.ts'

const { conditions } = JSON.parse(
  readFileSync(new URL('../fixtures/domain/opra-conditions.json', import.meta.url), 'utf8'),
) as { readonly conditions: readonly { readonly id: number; readonly flags: readonly string[] }[] }

const ALL_IDS = Array.from({ length: 400 }, (_, id) => id)

describe('conditionName', () => {
  it('names the ids that have a short code, and no other', () => {
    const named = ALL_IDS.filter((id) => conditionName(id) !== undefined)
    expect(named).toEqual(ALL_IDS.filter((id) => conditionCode(id) !== undefined))
    expect(new Set(named.map(conditionName)).size).toBe(named.length)
  })

  // the name says what the flags of the reference say
  it.each([
    ['is_cancel', /Cancell?ed/],
    ['is_late', /Late/],
    ['is_iso', /(?<!Non )ISO|Intermarket Sweep/],
    ['is_auction', /Auction/],
    ['is_cross', /Cross/],
    ['is_floor', /floor/i],
    ['is_multi_leg', /^(Multi Leg|Stock Options|Multilateral)/],
    ['legacy', /legacy/],
  ])('agrees with the flag %s of every condition', (flag, word) => {
    const flagged = conditions.filter(({ flags }) => flags.includes(flag)).map(({ id }) => id)
    const named = conditions.map(({ id }) => id).filter((id) => word.test(conditionName(id)!))
    expect(named).toEqual(flagged)
  })
})

describe('conditionOf', () => {
  it('is the inverse of the text for every id', () => {
    for (const id of [...ALL_IDS, 999_999]) expect(conditionOf(conditionText(id))).toBe(id)
  })

  it.each(['SWEEP', 'MLTI', '', '1.5', '-3', 'isoi'])('leaves the text %j as it is', (text) => {
    expect(conditionOf(text)).toBe(text)
  })
})
