import type { History, PastEvent } from './history.ts'
import { type Cursor, nextOf, type Page } from './rest-page.ts'
import { nanoseconds, RestQuery } from './rest-query.ts'
import { nanosecondsOf } from './rest-times.ts'

/**
 * A page of `/v3/trades/{ticker}` or `/v3/quotes/{ticker}`: the newest first unless asked. The next
 * page begins behind the last event of this one, whatever has come or been forgotten since.
 */
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
    .filter(({ time }) => isWanted(nanosecondsOf(time)))
  const isAscending = query.text('order') === 'asc'
  if (!isAscending) found.reverse()
  const { after } = cursor
  const start =
    after === undefined ? 0 : found.findIndex((past) => isBehind(past, after, isAscending))
  const rows = start < 0 ? [] : found.slice(start, start + limit)
  const end = rows.at(-1)
  const isLast = end === undefined || start + rows.length === found.length
  return {
    results: rows.map(kind === 'trades' ? tradeRow : quoteRow),
    next: isLast ? null : nextOf({ ...cursor, last, after: [end.time, end.id] }),
  }
}

/** Whether an event comes after the one at `place` (time and id) in this order. */
function isBehind(
  { time, id }: PastEvent,
  place: readonly [time: number, id: number],
  isAscending: boolean,
): boolean {
  const difference = time - place[0] || id - place[1]
  return isAscending ? difference > 0 : difference < 0
}

function tradeRow(past: PastEvent): object {
  const event = past.read()
  return {
    ...(event.c === undefined ? {} : { conditions: event.c }),
    exchange: event.x,
    participant_timestamp: nanosecondsOf(past.time),
    price: event.p,
    sequence_number: event.q,
    sip_timestamp: nanosecondsOf(past.time),
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
    sip_timestamp: nanosecondsOf(past.time),
  }
}
