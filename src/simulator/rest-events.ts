import type { History, PastEvent } from './history.ts'
import { type Cursor, type Page, pageOf } from './rest-page.ts'
import { nanoseconds, RestQuery } from './rest-query.ts'

/** A page of `/v3/trades/{ticker}` or `/v3/quotes/{ticker}`: the newest first unless asked. */
export function eventsPage(
  history: History,
  kind: 'trades' | 'quotes',
  ticker: string,
  cursor: Cursor,
): Page {
  const last = Math.min(cursor.last, history.latest)
  const query = new RestQuery(new URLSearchParams(cursor.query))
  const limit = query.limit(1000, 50_000)
  const isWanted = query.filter('timestamp', nanoseconds)
  const found = history
    .find(kind === 'trades' ? 'T' : 'Q', ticker, last)
    .filter(({ time }) => isWanted(BigInt(time) * 1_000_000n))
  if (query.text('order') !== 'asc') found.reverse()
  return pageOf(found, limit, { ...cursor, last }, kind === 'trades' ? tradeRow : quoteRow)
}

/** Exact where it matters: ms times 1,000,000 prints with all its digits up to the year 2100. */
export const nanosecondsOf = (event: PastEvent): number => event.time * 1_000_000

function tradeRow(past: PastEvent): object {
  const event = past.read()
  return {
    ...(event.c === undefined ? {} : { conditions: event.c }),
    exchange: event.x,
    participant_timestamp: nanosecondsOf(past),
    price: event.p,
    sequence_number: event.q,
    sip_timestamp: nanosecondsOf(past),
    size: event.s,
  }
}

function quoteRow(past: PastEvent): object {
  const event = past.read()
  return {
    ask_exchange: event.ax,
    ask_price: event.ap,
    ask_size: event.as,
    bid_exchange: event.bx,
    bid_price: event.bp,
    bid_size: event.bs,
    sequence_number: event.q,
    sip_timestamp: nanosecondsOf(past),
  }
}
