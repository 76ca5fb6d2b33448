import type { Database } from '../../src/api/database.ts'
import { tradeRoute } from '../../src/api/trade.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import type { Route } from '../../src/metrics/routes.ts'
import { check } from './target.ts'

/** What a query may be beside the texts of the code: places of parameters and the limit. */
const PLAIN_SQL = /^[A-Za-z0-9_.,:;$()<>=\s"'\-[\]*/|&+{}!?@#%]*$/
const INDEX_MAX = 20

/**
 * The routes of the API over a store without rows that looks at each query: no text of a request
 * may be in it.
 */
export function routesOver(texts: Set<string>): readonly Route[] {
  const database: Database = {
    query(text, values) {
      const shape = text.replace(/LIMIT \d{1,4}$/, 'LIMIT n').replace(/\$\d+/g, '$n')
      check(PLAIN_SQL.test(shape), `plain SQL: ${shape}`)
      texts.add(shape)
      check(texts.size <= INDEX_MAX * 2, `few queries, not one a request: ${shape}`)
      const places = [...text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n))
      check(Math.max(0, ...places) === values.length, 'each value has its place')
      for (const value of values) check(isGood(value), `a value to ask for: ${String(value)}`)
      return Promise.resolve([])
    },
    close: () => Promise.resolve(),
  }
  return [tradesRoute(() => database), tradeRoute(() => database)]
}

function isGood(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return /^[A-Z0-9:]{1,30}$/.test(value)
  return Array.isArray(value) && value.every((one) => /^[A-Z]{3,10}$/.test(String(one)))
}
