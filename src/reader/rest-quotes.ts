import type { NbboAnswer } from './evidence.ts'
import { fetchJson, RestError, type RestOptions, restUrl } from './rest.ts'

/** Digits of the nanoseconds in a millisecond. */
const NS_DIGITS = 6
const NS_LAST = '9'.repeat(NS_DIGITS)

export type RestQuote = NonNullable<NbboAnswer['quote']>

/**
 * The NBBO of a contract in force at the end of the millisecond `at` (epoch ms): the vendor's last
 * quote until then, or null where it has none. Throws RestError.
 */
export async function fetchNbbo(
  ticker: string,
  at: number,
  options: RestOptions,
): Promise<RestQuote | null> {
  const url = restUrl(options.baseUrl, quotePath(ticker, at))
  const json = await fetchJson(url, { ...options, parse: parseExactTimes })
  return quoteOf(json, ticker, at)
}

/** The vendor counts nanoseconds, which a number does not hold exactly: so they are text. */
function quotePath(ticker: string, at: number): string {
  return `/v3/quotes/${ticker}?timestamp.lte=${at}${NS_LAST}&order=desc&limit=1`
}

/** JSON whose vendor times (`sip_timestamp`) come as the digits that were sent. */
export function parseExactTimes(body: string): unknown {
  return JSON.parse(body.replace(/("sip_timestamp"\s*:\s*)(\d+)(?![\d.eE])/g, '$1"$2"'))
}

function quoteOf(json: unknown, ticker: string, at: number): RestQuote | null {
  const results = ((json ?? {}) as { results?: unknown }).results ?? []
  if (!Array.isArray(results)) throw unexpected(ticker, '{"results": [...]}')
  if (results.length === 0) return null
  const row = (results[0] ?? {}) as Record<string, unknown>
  const time = msOf(row.sip_timestamp)
  if (!(time <= at)) throw unexpected(ticker, `a sip_timestamp in ns up to the end of ms ${at}`)
  const bid = numberOf(row.bid_price)
  const ask = numberOf(row.ask_price)
  if (!(bid >= 0 && ask >= 0)) throw unexpected(ticker, 'bid_price and ask_price of 0 or more')
  return {
    time,
    bid,
    ask,
    ...whole('bidSize', row.bid_size),
    ...whole('askSize', row.ask_size),
    ...whole('bidExchange', row.bid_exchange),
    ...whole('askExchange', row.ask_exchange),
  }
}

/** Whole ms of nanoseconds in digits: rounded down, as the feed's own times are. NaN: no digits. */
function msOf(nanoseconds: unknown): number {
  const isTime = typeof nanoseconds === 'string' && /^\d{16,20}$/.test(nanoseconds)
  return isTime ? Number(nanoseconds.slice(0, -NS_DIGITS)) : Number.NaN
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : Number.NaN
}

/** A size or exchange id, left out where there is none. */
function whole<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  const number = numberOf(value)
  if (!(Number.isSafeInteger(number) && number >= 0)) return {}
  return { [key]: number } as { [P in K]?: number }
}

function unexpected(ticker: string, expected: string): RestError {
  return new RestError(
    `quote of ${ticker} over REST: expected ${expected}, came other JSON`,
    200,
    false,
  )
}
