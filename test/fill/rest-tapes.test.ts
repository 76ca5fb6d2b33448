import { afterEach, describe, expect, test } from 'vitest'
import type { KnownPrint } from '../../src/fill/match.ts'
import { quotesOf as quotesOfPrints } from '../../src/fill/print-quotes.ts'
import type { TapeAsker, TapeResult } from '../../src/fill/rest-pages.ts'
import { fetchQuotes } from '../../src/fill/rest-quote-range.ts'
import { fetchTrades } from '../../src/fill/rest-trades.ts'
import { TapeTooLongError } from '../../src/fill/tape.ts'
import type { RestOptions } from '../../src/reader/rest.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { type Answer, json, type RestServer, startRest } from '../reader/rest-server.ts'

const KEY = 'must-stay/secret'
const TICKER = 'O:SPXW251219C06475000'
const T0 = 1_766_154_600_000
const [FROM, TO] = [T0, T0 + 1000] as const

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(...answers: Answer[]): Promise<RestServer> {
  const server = await startRest(answers)
  cleanups.push(server.close)
  return server
}

/** An asker with what it has told. */
function askerOf(baseUrl: string, rest: Partial<RestOptions> = {}, budget = new RestBudget(1000)) {
  const results: TapeResult[] = []
  const problems: string[] = []
  const asker: TapeAsker = {
    rest: { baseUrl, apiKey: KEY, retryMinMs: 1, triesMax: 3, ...rest },
    budget,
    priority: 'lookup',
    onResult: (result) => results.push(result),
    onProblem: (problem) => problems.push(problem),
  }
  return { asker, results, problems }
}

const never = new AbortController().signal

/** The vendor's row; times as texts, because JSON has more digits than a number. */
function trade(ns: string, more: object = {}): string {
  const fields = JSON.stringify({ conditions: [209], exchange: 312, price: 7.2, size: 3, ...more })
  return `${fields.slice(0, -1)},"participant_timestamp":1,"sip_timestamp":${ns}}`
}
const quote = (ns: string, more: object = {}): string =>
  trade(ns, { bid_price: 7, ask_price: 7.5, bid_size: 4, ask_size: 5, ...more })

/** A page; `next` may use the server that was asked as SELF, and the page's own path as SAME. */
function page(rows: readonly string[], next?: string): Answer {
  return (response, request) => {
    const self = `http://${request.headers.host}`
    const path = request.url?.replace(/\?.*/, '')
    const link = next?.replace('SELF', self).replace('SAME', `${self}${path}`)
    const more = link === undefined ? '' : `,"next_url":${JSON.stringify(link)}`
    response.end(`{"status":"OK","results":[${rows.join()}]${more}}`)
  }
}

async function tradesOf(server: RestServer, rest: Partial<RestOptions> = {}) {
  const { asker, results, problems } = askerOf(server.url, rest)
  const tape = await fetchTrades(asker, TICKER, FROM, TO, never)
  return { tape, results, problems }
}

describe('trades', () => {
  test('asks for the whole span, all nanoseconds of its last ms, with the key in the header', async () => {
    const server = await serve(page([trade(`${T0}000000`, { sequence_number: 12 })]))
    const { tape, results, problems } = await tradesOf(server)
    expect(tape).toEqual({
      ticker: TICKER,
      prints: [{ t: T0, p: 7.2, s: 3, x: 312, c: [209], q: 12 }],
    })
    expect([results, problems]).toEqual([['ok'], []])
    expect(server.requests).toEqual([
      {
        path:
          `/v3/trades/${TICKER}?timestamp.gte=${FROM}000000&timestamp.lte=${TO}999999` +
          '&order=asc&sort=timestamp&limit=50000',
        authorization: `Bearer ${KEY}`,
      },
    ])
  })

  test('floors nanoseconds to the ms of the feed, where a number would round up', async () => {
    expect(Math.floor(Number(`${T0}999999`) / 1e6)).not.toBe(T0) // what is read exactly here
    const server = await serve(page([trade(`${T0}999999`), trade(`${T0 + 1}000000`)]))
    const { tape } = await tradesOf(server)
    expect(tape.prints.map(({ t }) => t)).toEqual([T0, T0 + 1])
  })

  test('follows next_url to the end, without a key that the server put into it', async () => {
    const server = await serve(
      page([trade(`${T0}000001`)], `SAME?cursor=a&apiKey=${KEY}`),
      page([trade(`${T0}000002`), trade(`${T0}000003`)], 'SAME?cursor=b'),
      page([trade(`${T0}000004`)]),
    )
    const { tape, results } = await tradesOf(server)
    expect(tape.prints).toHaveLength(4)
    expect(results).toEqual(['ok', 'ok', 'ok'])
    expect(server.requests.slice(1).map(({ path }) => path)).toEqual([
      `/v3/trades/${TICKER}?cursor=a`,
      `/v3/trades/${TICKER}?cursor=b`,
    ])
  })

  test('never follows next_url to another server', async () => {
    const foreign = await serve(page([]))
    const server = await serve(page([trade(`${T0}000001`)], `${foreign.url}/v3?cursor=${KEY}`))
    const trades = tradesOf(server)
    await expect(trades).rejects.toThrow(
      `the next page of the trades of ${TICKER} lies at ${foreign.url}/v3, expected ${server.url}`,
    )
    await expect(trades).rejects.not.toThrow(KEY)
    expect(foreign.requests).toEqual([])
  })

  test.each(['SELF/v3/trades/O:SPXW251219C06500000?cursor=a', 'SELF/v3/quotes/%?cursor=a'])(
    'never follows next_url to what was not asked for: %s',
    async (next) => {
      const server = await serve(page([trade(`${T0}000001`)], next))
      await expect(tradesOf(server)).rejects.toThrow(
        `the next page of the trades of ${TICKER} lies at ${next.replace(/SELF|\?.*/g, '')}, expected`,
      )
      expect(server.requests).toHaveLength(1)
    },
  )

  test('follows next_url also where the path has the contract in escapes, or a prefix', async () => {
    const path = `/vendor/v3/trades/${encodeURIComponent(TICKER)}`
    const server = await serve(page([], `SELF${path}?cursor=a`), page([trade(`${T0}000001`)]))
    expect((await tradesOf(server)).tape.prints).toHaveLength(1)
  })

  test('pages that never end are left after 200', async () => {
    const server = await serve(page([], 'SAME?cursor=again'))
    await expect(tradesOf(server)).rejects.toThrow('expected an end within 200 pages')
    expect(server.requests).toHaveLength(200)
  })

  test('is in order of nanoseconds, then of sequence, however the pages come', async () => {
    const of = (ns: string, q: number) => trade(ns, { sequence_number: q, size: q })
    const server = await serve(
      page([of(`${T0 + 1}000000`, 4), of(`${T0}000002`, 2)], 'SAME?cursor=x'),
      page([of(`${T0}000002`, 1), of(`${T0}000003`, 3), of(`${T0 + 1}000000`, 4)]),
    )
    const { tape } = await tradesOf(server)
    expect(tape.prints.map(({ s }) => s)).toEqual([1, 2, 3, 4, 4])
  })

  test.each([
    ['no sequence', {}, { q: null }],
    ['sequence 0', { sequence_number: 0 }, { q: null }],
    ['no exchange', { exchange: undefined }, { x: null }],
    ['exchange 0, which the feed has too', { exchange: 0 }, { x: 0 }],
    ['an exchange below 0', { exchange: -1 }, { x: null }],
    ['no conditions', { conditions: undefined }, { c: [] }],
    ['numbers as texts', { price: '7.25', size: '4', conditions: ['219'] }, { p: 7.25, s: 4 }],
    ['a cancel', { conditions: [201] }, { c: [201] }],
    ['a price of 0', { price: 0 }, { p: 0 }],
  ])('%s', async (_, given, expected) => {
    const { tape } = await tradesOf(await serve(page([trade(`${T0}000000`, given)])))
    expect(tape.prints[0]).toMatchObject(expected)
  })

  test('rows that are no prints of that time are left out, counted once', async () => {
    const good = trade(`${T0}000000`)
    const bad = [
      'null',
      '"row"',
      '{}',
      trade('12'),
      trade('1.766e18'),
      trade(`${FROM - 1}999999`),
      trade(`${TO + 1}000000`),
      trade(`${T0}000000`, { price: 'x' }),
      trade(`${T0}000000`, { size: null }),
      trade(`${T0}000000`, { conditions: 'ISOI' }),
      trade(`${T0}000000`, { conditions: ['ISOI'] }),
    ]
    const { tape, problems } = await tradesOf(await serve(page([good, ...bad, good])))
    expect(tape.prints).toHaveLength(2)
    expect(problems).toEqual([
      `the trades of ${TICKER}: ${bad.length} rows are no prints of that time: left out`,
    ])
  })

  test('a contract that did not trade has an empty tape', async () => {
    expect((await tradesOf(await serve(json({ status: 'OK' })))).tape.prints).toEqual([])
  })

  test('too many prints of one contract is an error that names it', async () => {
    const rows = Array.from({ length: 6 }, (_, i) => trade(`${T0}00000${i}`))
    const server = await serve(page(rows.slice(0, 3), 'SAME?cursor=x'), page(rows.slice(3)))
    const { asker } = askerOf(server.url)
    const trades = fetchTrades(asker, TICKER, FROM, TO, never, 5)
    await expect(trades).rejects.toThrow(TapeTooLongError)
    await expect(trades).rejects.toThrow(`tape of ${TICKER}: expected at most 5 prints`)
    expect((await fetchTrades(asker, TICKER, FROM, TO, never, 3)).prints).toHaveLength(3)
  })

  test.each([[[]], [null], [{ results: 'none' }]])('%j is no page', async (body) => {
    await expect(tradesOf(await serve(json(body)))).rejects.toThrow(
      `the trades of ${TICKER}: expected {"results": [...]}, came other JSON`,
    )
  })

  test('a strange ticker cannot add to the request', async () => {
    const server = await serve(json({}))
    await fetchTrades(askerOf(server.url).asker, '../x?limit=1#', FROM, TO, never)
    expect(server.requests[0]!.path).toMatch(/^\/v3\/trades\/\.\.%2Fx%3Flimit%3D1%23\?timestamp/)
  })
})

describe('a server in trouble', () => {
  test('429 is tried again after what it asks for, 5xx too, each try paid and counted', async () => {
    const server = await serve(
      json({ error: 'slow down' }, 429, { 'retry-after': '1' }),
      json({}, 503),
      page([trade(`${T0}000000`)]),
    )
    const budget = new RestBudget(1000)
    const { asker, results } = askerOf(server.url, {}, budget)
    const begun = performance.now()
    const { prints } = await fetchTrades(asker, TICKER, FROM, TO, never)
    expect(performance.now() - begun).toBeGreaterThan(990)
    expect(prints).toHaveLength(1)
    expect(results).toEqual(['throttled', 'failed', 'ok'])
    expect(budget.usedRatio()).toBeGreaterThan(0)
    expect(server.requests).toHaveLength(3)
  })

  test('a try that finds the budget used up waits for it, a repeated one too', async () => {
    const server = await serve(json({}, 500), page([], 'SAME?cursor=x'), page([]))
    const { asker } = askerOf(server.url, {}, new RestBudget(2))
    const begun = performance.now()
    await fetchTrades(asker, TICKER, FROM, TO, never)
    expect(performance.now() - begun).toBeGreaterThan(990)
    expect(server.requests).toHaveLength(3)
  })

  test('it gives up after so many tries, with the last status and without the key', async () => {
    const server = await serve(json({ error: `not ${KEY}` }, 429))
    const { asker, results } = askerOf(server.url)
    const trades = fetchTrades(asker, TICKER, FROM, TO, never)
    await expect(trades).rejects.toMatchObject({ name: 'RestError', status: 429 })
    await expect(trades).rejects.toThrow(/came 429 \("not \[key\]"\); gave up after 3 tries/)
    expect(results).toEqual(['throttled', 'throttled', 'throttled'])
  })

  test('a refused key is not tried again', async () => {
    const server = await serve(json({ message: KEY }, 403))
    await expect(tradesOf(server)).rejects.toThrow(/came 403 \("\[key\]"\). Check MASSIVE_API_KEY/)
    expect(server.requests).toHaveLength(1)
  })

  test('a signal ends it: a request on its way, a wait for the budget, a wait to try again', async () => {
    const hanging = await serve(() => {})
    const spent = new RestBudget(1)
    const throttled = await serve(json({}, 429, { 'retry-after': '60' }))
    for (const [server, budget] of [
      [hanging, new RestBudget(9)],
      [throttled, new RestBudget(9)],
      [hanging, spent],
    ] as const) {
      const stop = new AbortController()
      const { asker, results } = askerOf(server.url, {}, budget)
      if (budget === spent) while (budget.tryTake('lookup')) void 0
      const trades = fetchTrades(asker, TICKER, FROM, TO, stop.signal)
      setTimeout(() => stop.abort(), 50)
      await expect(trades).rejects.toThrow(/abort/i)
      expect(results).toEqual(server === throttled ? ['throttled'] : [])
    }
  })
})

describe('quotes', () => {
  const quotesOf = async (server: RestServer) => {
    const { asker, problems } = askerOf(server.url)
    return { ...(await fetchQuotes(asker, TICKER, FROM, TO, never)), problems }
  }

  test('asks for the span and gives bid and ask with their sizes, in order', async () => {
    const server = await serve(
      page([
        quote(`${T0 + 5}000001`, { bid_price: 8, ask_price: '8.5' }),
        quote(`${T0}999999`, { sequence_number: 2, bid_size: 9 }),
        quote(`${T0}999999`, { sequence_number: 1 }),
      ]),
    )
    const { quotes, isWhole, problems } = await quotesOf(server)
    expect(quotes).toEqual([
      { t: T0, bp: 7, ap: 7.5, bs: 4, as: 5 },
      { t: T0, bp: 7, ap: 7.5, bs: 9, as: 5 },
      { t: T0 + 5, bp: 8, ap: 8.5, bs: 4, as: 5 },
    ])
    expect([isWhole, problems]).toEqual([true, []])
    expect(server.requests[0]!.path).toMatch(`/v3/quotes/${TICKER}?timestamp.gte=${FROM}000000`)
  })

  test('a side that is left out is empty; a price that is none leaves out the quote', async () => {
    const server = await serve(
      page([
        quote(`${T0}000000`, { bid_price: undefined, bid_size: undefined }),
        quote(`${T0}000001`, { ask_price: null }),
        quote(`${T0}000002`, { ask_price: -1 }),
        quote(`${T0}000003`, { bid_price: 'x' }),
        quote('1'),
      ]),
    )
    const { quotes, problems } = await quotesOf(server)
    expect(quotes).toEqual([
      { t: T0, bp: 0, ap: 7.5, bs: 0, as: 5 },
      { t: T0, bp: 7, ap: 0, bs: 4, as: 5 },
    ])
    expect(problems).toEqual([
      `the quotes of ${TICKER}: 3 rows are no quotes of that time: left out`,
    ])
  })

  test('stops after 4 pages, says that there are more, and knows no quote from there on', async () => {
    const server = await serve(page([quote(`${T0}000000`)], 'SAME?cursor=x'))
    const { quotes, isWhole } = await quotesOf(server)
    expect(isWhole).toBe(false)
    expect(quotes).toHaveLength(5)
    expect(quotes.at(-1)).toEqual({ t: T0, bp: 0, ap: 0, bs: 0, as: 0 })
    const known = (t: number): KnownPrint => {
      const print = { t, p: 7.2, s: 3, x: 312, c: [209], q: 12 }
      return {
        print,
        price: 72_000,
        exchange: '312',
        isCancel: false,
        stored: -1,
        isRecorded: false,
      }
    }
    expect(quotesOfPrints([known(T0), known(T0 + 4_000)], [], quotes, 5_000)).toEqual([null, null])
    expect(quotesOfPrints([known(T0)], [], quotes.slice(0, -1), 5_000)).toMatchObject([
      { bid: 70_000 },
    ])
    expect(server.requests).toHaveLength(4)
  })
})
