import type { Contract } from '../domain/contract.ts'
import type { CancelFacts, StoredPrint } from '../domain/evidence.ts'
import { DAY_MS, newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import { RequestError } from '../metrics/routes.ts'
import { COLUMNS } from './columns.ts'
import type { Database } from './database.ts'

/** Which print is asked about. `day`: New York date as days since 1970; null: the newest. */
export type AskedPrint = {
  readonly contract: Contract
  readonly sequence: number
  readonly day: number | null
}

export type FoundPrint = {
  /** Prints of one New York day, newest first; none where only cancels are left of it. */
  readonly rows: readonly StoredPrint[]
  readonly cancels: readonly CancelFacts[]
}

/** Prints and cancels of one sequence that are told of. */
const ROWS_MAX = 100
/** Time that a look through many days may take. */
const LOOK_MS_MAX = 8_000
/** First and last instant that a timestamp of the table may have. */
const TIME_MAX = 8.64e15

/**
 * The rows and cancels of a contract's sequence, of the asked day or of the newest day that has
 * any. The index is on (symbol, timestamp), so it looks at one day of the underlying at a time, the
 * contract's last day first, and stops at the first that has the print. Throws a RequestError 404
 * that says why nothing may be there, 422 when it takes too long.
 */
export async function findPrint(database: Database, asked: AskedPrint): Promise<FoundPrint> {
  if (asked.day !== null) {
    const rows = await rowsOf(database, asked, ...boundsOf(asked.day))
    const cancels = await cancelsOf(database, asked, ...boundsOf(asked.day))
    if (rows.length === 0 && cancels.length === 0) throw missing(asked)
    return { rows, cancels }
  }
  const cancels = await cancelsOf(database, asked, 0, TIME_MAX)
  const cancelDay = cancels.length === 0 ? null : dayOf(cancels[0]!)
  const floor = cancelDay === null ? 0 : startOfNewYorkDay(cancelDay)
  const deadline = performance.now() + LOOK_MS_MAX
  const expired = startOfNewYorkDay(asked.contract.expirationDay + 1)
  // a print after the expiration is a fault of the feed: those days come last
  const rows =
    (await lookBack(database, asked, floor, expired, deadline)) ??
    (await lookBack(database, asked, Math.max(floor, expired), TIME_MAX, deadline)) ??
    []
  if (rows.length === 0 && cancels.length === 0) throw missing(asked)
  const day = rows.length === 0 ? cancelDay : newYorkDay(rows[0]!.timestamp)
  return { rows, cancels: cancels.filter((cancel) => dayOf(cancel) === day) }
}

/** From the newest day before `to` back to `from`; null: no day has the print. */
async function lookBack(
  database: Database,
  asked: AskedPrint,
  from: number,
  to: number,
  deadline: number,
): Promise<readonly StoredPrint[] | null> {
  let end = to
  for (;;) {
    const newest = await newestOf(database, asked.contract.underlying, from, end)
    if (newest === null) return null
    const day = newYorkDay(newest)
    const [start, next] = boundsOf(day)
    const rows = await rowsOf(database, asked, Math.max(from, start), Math.min(end, next))
    if (rows.length > 0) return rows
    if (performance.now() > deadline) {
      throw new RequestError(
        422,
        `${nameOf(asked)} is not in the days from ${dateText(day)} on, and to look further takes ` +
          'too long: name its day, a New York date such as 2025-11-21',
      )
    }
    end = Math.max(from, start)
  }
}

/** Time of the underlying's newest print in [from, to); null: none. */
async function newestOf(
  database: Database,
  symbol: string,
  from: number,
  to: number,
): Promise<number | null> {
  const rows = await database.query<{ newest: number }>(
    `SELECT timestamp::float8 AS newest FROM options_flow_history AS flow
     WHERE symbol = $1 AND flow.timestamp >= $2 AND flow.timestamp < $3
     ORDER BY flow.timestamp DESC LIMIT 1`,
    [symbol, from, to],
  )
  return rows[0]?.newest ?? null
}

async function rowsOf(
  database: Database,
  { contract, sequence }: AskedPrint,
  from: number,
  to: number,
): Promise<readonly StoredPrint[]> {
  return database.query<StoredPrint>(
    `SELECT ${COLUMNS} FROM options_flow_history AS flow
     WHERE symbol = $1 AND flow.timestamp >= $2 AND flow.timestamp < $3
       AND contract_ticker = $4 AND flow.sequence = $5
     ORDER BY flow.timestamp DESC, arrival DESC LIMIT ${ROWS_MAX}`,
    [contract.underlying, from, to, contract.ticker, sequence],
  )
}

type CancelRow = {
  readonly timestamp: number
  readonly sequence: number | null
  readonly received_at: number | null
  readonly price: number
  readonly size: number
  readonly exchange: string | null
  readonly removed_timestamp: number | null
  readonly removed_sequence: number | null
  readonly was_stored: boolean
}

/** Cancels that have this sequence or took away the print that had it, newest first. */
async function cancelsOf(
  database: Database,
  { contract, sequence }: AskedPrint,
  from: number,
  to: number,
): Promise<readonly CancelFacts[]> {
  const rows = await database.query<CancelRow>(
    `SELECT timestamp::float8 AS timestamp, sequence::float8 AS sequence,
       received_at::float8 AS received_at, price::float8 AS price, size, exchange,
       removed_timestamp::float8 AS removed_timestamp,
       removed_sequence::float8 AS removed_sequence, was_stored
     FROM flow_cancels AS gone
     WHERE symbol = $1 AND gone.timestamp >= $2 AND gone.timestamp < $3 AND contract_ticker = $4
       AND (gone.sequence = $5 OR gone.removed_sequence = $5)
     ORDER BY gone.timestamp DESC LIMIT ${ROWS_MAX}`,
    [contract.underlying, from, to, contract.ticker, sequence],
  )
  return rows.map((row) => cancelFacts(row, sequence))
}

function cancelFacts(row: CancelRow, sequence: number): CancelFacts {
  const { timestamp, price, size, exchange, removed_timestamp: time } = row
  const isMessage = row.removed_sequence !== sequence
  const removed = time === null ? null : { timestamp: time, sequence: row.removed_sequence }
  const what = isMessage ? 'this sequence is that of a cancel message, no print' : 'cancelled'
  const because =
    removed === null
      ? `${what}; it matched no print of its day, exchange, price and size`
      : row.was_stored
        ? `${what}; the stored row was removed`
        : `${what}; the print had no stored row: it was still held, or below FLOW_MIN_SIZE`
  const common = { timestamp, sequence: row.sequence, receivedAt: row.received_at, price, size }
  return { ...common, exchange, removed, wasStored: row.was_stored, because }
}

/** First instant of a New York day and of the next one. */
function boundsOf(day: number): readonly [from: number, to: number] {
  return [startOfNewYorkDay(day), startOfNewYorkDay(day + 1)]
}

function dayOf({ removed, timestamp }: CancelFacts): number {
  return newYorkDay(removed?.timestamp ?? timestamp)
}

function nameOf({ contract, sequence }: AskedPrint): string {
  return `${contract.ticker} with sequence ${sequence}`
}

/** `2025-11-21` of a day since 1970. */
function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function missing(asked: AskedPrint): RequestError {
  const { day } = asked
  const [on, elsewhere] = day === null ? ['', ''] : [` on ${dateText(day)}`, 'of another day, ']
  return new RequestError(
    404,
    `no stored print ${nameOf(asked)}${on}. It may be ${elsewhere}smaller than FLOW_MIN_SIZE and ` +
      'no leg of a sweep or split, older than the retention, in a gap of the feed (flow_gaps), ' +
      'of an underlying that is not watched, or from a flat file, which has no sequences',
  )
}
