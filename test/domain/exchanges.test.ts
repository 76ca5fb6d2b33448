import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'

const { exchanges } = JSON.parse(
  readFileSync(new URL('../fixtures/domain/opra-exchanges.json', import.meta.url), 'utf8'),
) as {
  readonly exchanges: readonly {
    readonly id: number
    readonly letter: string
    readonly acronym: string
  }[]
}

describe('exchangeAcronym', () => {
  it.each(exchanges)('$id is $acronym', ({ id, letter, acronym }) => {
    expect(exchangeAcronym(id)).toBe(acronym)
    expect(id).toBe(300 + letter.charCodeAt(0) - 'A'.charCodeAt(0))
  })

  it('names no other id', () => {
    const known = new Set(exchanges.map((e) => e.id))
    const named = Array.from({ length: 1000 }, (_, id) => id)
      .concat([-1, -(2 ** 31), 2 ** 31, Number.NaN, 302.5])
      .filter((id) => !known.has(id) && exchangeAcronym(id) !== undefined)
    expect(named).toEqual([])
  })

  it('gives no two exchanges one acronym', () => {
    expect(new Set(exchanges.map((e) => exchangeAcronym(e.id))).size).toBe(exchanges.length)
  })
})
