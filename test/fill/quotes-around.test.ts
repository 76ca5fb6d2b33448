import { afterEach, expect, test } from 'vitest'
import { quotesAround } from '../../src/fill/quotes-around.ts'
import { PAGE_ROWS } from '../../src/fill/rest-pages.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { type Answer, type RestServer, startRest } from '../reader/rest-server.ts'

const TICKER = 'O:SPY261218C00600000'
const T0 = 1_766_154_600_000
const MAX_AGE_MS = 5000
const EMPTY = { bp: 0, ap: 0, bs: 0, as: 0 }

let server: RestServer | null = null
afterEach(() => server?.close())

/** A page of quotes one ms apart, and perhaps one behind it. */
function page(from: number, count: number, hasNext: boolean): Answer {
  return (response, request) => {
    const rows = Array.from({ length: count }, (_, i) => {
      return `{"sip_timestamp":${from + i}000000,"bid_price":1,"ask_price":2}`
    })
    const next = hasNext
      ? `,"next_url":"http://${request.headers.host}/v3/quotes/${TICKER}?cursor=x"`
      : ''
    response.end(`{"status":"OK","results":[${rows.join()}]${next}}`)
  }
}

async function around(answers: Answer[], times: readonly number[]) {
  server = await startRest(answers)
  const asker = {
    rest: { baseUrl: server.url, apiKey: 'key', retryMinMs: 1, triesMax: 1 },
    budget: new RestBudget(1000),
    priority: 'lookup' as const,
    onProblem: () => {},
  }
  const signal = new AbortController().signal
  const quotes = await quotesAround(asker, TICKER, times, MAX_AGE_MS, signal)
  const spans = server.requests
    .map(({ path }) => new URLSearchParams(path.split('?')[1]))
    .filter((query) => query.has('timestamp.gte'))
    .map((query) => [
      Number(query.get('timestamp.gte')!.slice(0, -6)) - T0,
      Number(query.get('timestamp.lte')!.slice(0, -6)) - T0,
    ])
  return { quotes, spans }
}

test('an answer of four full pages, cut there, goes on as a new span behind its end', async () => {
  const cutAt = T0 + 4 * PAGE_ROWS - 1
  const full = [0, 1, 2, 3].map((i) => page(T0 + i * PAGE_ROWS, PAGE_ROWS, true))
  const minutes = Array.from({ length: 10 }, (_, i) => T0 + MAX_AGE_MS + i * 28_000)
  const { quotes, spans } = await around([...full, page(cutAt, 7, false)], minutes)
  const last = minutes.at(-1)! - T0
  expect(spans).toEqual([
    [0, last],
    [cutAt - T0, last], // the ms of the cut anew: it may have had more
  ])
  expect(quotes).toHaveLength(4 * PAGE_ROWS - 1 + 1 + 7 + 1)
  expect(quotes.every(({ t }, i) => i === 0 || t >= quotes[i - 1]!.t)).toBe(true)
  expect(quotes[4 * PAGE_ROWS - 1]).toEqual({ t: cutAt, ...EMPTY })
})

test('behind a span nothing is known, up to the next one', async () => {
  const [first, second] = [T0 + MAX_AGE_MS, T0 + 200_000]
  const answers = [page(T0, 2, false), page(second - 1, 1, false)]
  const { quotes, spans } = await around(answers, [first, second])
  expect(spans).toEqual([
    [0, MAX_AGE_MS],
    [200_000 - MAX_AGE_MS, 200_000],
  ])
  expect(quotes.map(({ t, bp }) => [t - T0, bp])).toEqual([
    [0, 1],
    [1, 1],
    [MAX_AGE_MS + 1, 0],
    [199_999, 1],
    [200_001, 0],
  ])
})

test('so many quotes that no print is reached end after a limited number of questions', async () => {
  const full = Array.from({ length: 8 }, () => page(T0, PAGE_ROWS, true))
  const { quotes, spans } = await around(full, [T0 + 300_000, T0 + 300_001, T0 + 300_002])
  expect(spans.length).toBeLessThanOrEqual(3)
  expect(quotes.at(-1)).toMatchObject(EMPTY)
})
