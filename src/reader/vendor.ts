/**
 * The vendor's words: what we send and which answers we know. No other file spells them.
 * Source: the vendor's WebSocket and REST documentation and measured sessions, September 2026.
 */

/** Topics in one subscribe message; the vendor names no limit, 200 is what runs in production. */
export const TOPICS_PER_MESSAGE = 200

/** Every contract's trades. There is no such word for quotes. */
export const ALL_TRADES = 'T.*'

export function tradeTopic(ticker: string): string {
  return `T.${ticker}`
}

export function quoteTopic(ticker: string): string {
  return `Q.${ticker}`
}

export function authMessage(apiKey: string): string {
  return JSON.stringify({ action: 'auth', params: apiKey })
}

/** At most TOPICS_PER_MESSAGE topics; the caller splits. */
export function subscribeMessage(topics: readonly string[]): string {
  return JSON.stringify({ action: 'subscribe', params: topics.join(',') })
}

/** At most TOPICS_PER_MESSAGE topics; the caller splits. */
export function unsubscribeMessage(topics: readonly string[]): string {
  return JSON.stringify({ action: 'unsubscribe', params: topics.join(',') })
}

/** What a status event means for a session, whatever words said it. */
export type StatusMeaning =
  | 'connected'
  | 'authenticated'
  | 'refused'
  | 'auth_timeout'
  | 'connection_limit'
  | 'acknowledged'
  | 'not_authorized'
  | 'error'
  | 'unknown'

/**
 * The meaning of one status event. Servers of 2019 said `success` + `authenticated` where today's
 * say `auth_success`. An acknowledged topic is no promise of data: any ticker text is acknowledged.
 */
export function statusMeaning(status: string, message: string): StatusMeaning {
  switch (status) {
    case 'connected':
      return 'connected'
    case 'auth_success':
      return 'authenticated'
    case 'auth_failed': // a wrong key, or a plan without this feed
      return 'refused'
    case 'auth_timeout':
      return 'auth_timeout'
    case 'max_connections':
      return 'connection_limit'
    case 'success':
      return message.trim().toLowerCase() === 'authenticated' ? 'authenticated' : 'acknowledged'
    case 'error':
      return /not authorized/i.test(message) ? 'not_authorized' : 'error'
    default:
      return 'unknown'
  }
}

/** The REST host under its two names: the vendor was renamed and answers to both. */
export const REST_ORIGINS: readonly string[] = ['https://api.massive.com', 'https://api.polygon.io']

/** Rows of one page of the contract listing; the vendor's maximum. */
export const LISTING_ROWS_PER_PAGE = 1000

/** Path and query of the first page of an underlying's unexpired contracts, in ticker order. */
export function listingPath(underlying: string): string {
  const query = new URLSearchParams({
    underlying_ticker: underlying,
    expired: 'false',
    order: 'asc',
    sort: 'ticker',
    limit: String(LISTING_ROWS_PER_PAGE),
  })
  return `/v3/reference/options/contracts?${query}`
}
