import type { Client } from 'pg'
import { parseContract } from '../domain/contract.ts'
import { startOfNewYorkDay } from '../domain/new-york.ts'
import { backfillQuotes } from './backfill-quotes.ts'
import { fillContract } from './fill-contract.ts'
import { flatTapes } from './flat-tapes.ts'
import { concerns, type DayGap, gapsIn, noteRead } from './gap-parts.ts'
import type { FillRules } from './rerun.ts'
import type { TapeAsker } from './rest-pages.ts'

/** A writer that has committed nothing for this long is not running: it commits each minute. */
const WRITER_ALIVE_MS = 150_000
/** What a running engine has received in its last seconds may be on its way to the table. */
const ON_ITS_WAY_MS = 15_000

export type BackfillOptions = {
  readonly client: Client
  /** Flat file trades_v1 of the day. */
  readonly path: string
  /** New York date as days since 1970-01-01. */
  readonly day: number
  readonly wants: (ticker: string) => boolean
  /** Underlyings that are filled; null: all. */
  readonly symbols: readonly string[] | null
  readonly rules: FillRules
  /** Whom to ask for quotes; null: nobody. */
  readonly asker: TapeAsker | null
  /** Dollars: quotes are asked for where a missing print has this premium; 0: never. */
  readonly lookupPremium: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  readonly onProblem: (problem: string) => void
}

export type BackfillSummary = {
  contracts: number
  /** Prints of the file, of these contracts. */
  prints: number
  /** Of them those that were stored already. */
  known: number
  filled: number
  /** Stored rows that changed. */
  revised: number
  /** Contracts of the file that could not be read. */
  leftOut: number
  /** Whether the file was read to its end: if not, contracts may be missing beside those. */
  isWhole: boolean
  /** Gaps of the day that are filled now, all their days and symbols. */
  gaps: number
}

/**
 * Puts into the table what it lacks of a day's flat file, contract after contract, and notes in the
 * gaps of that day and of these symbols what is filled. Run again it changes nothing, and goes on
 * where it was ended. Throws what flatTapes and the database throw, and what `signal` is aborted
 * with.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillSummary> {
  const { client, path, day, wants, symbols, rules, signal, onProgress, onProblem } = options
  const [from, to] = [startOfNewYorkDay(day), startOfNewYorkDay(day + 1) - 1]
  for (const time of [from, to]) {
    await client.query(
      'SELECT flow_ensure_partition((to_timestamp($1 / 1000.0) AT TIME ZONE $2)::date)',
      [time, 'UTC'],
    )
  }
  const inserts = { from, to: Math.min(to, await settledTo(client)) }
  const gaps = (await gapsIn(client, from, to)).filter((gap) => concerns(gap, symbols))
  const summary: BackfillSummary = {
    ...{ contracts: 0, prints: 0, known: 0, filled: 0, revised: 0, leftOut: 0, gaps: 0 },
    isWhole: false,
  }
  const tell = (problem: string, leftOut: string | null): void => {
    if (leftOut !== null) summary.leftOut++
    onProblem(problem)
  }
  const quotesOf = backfillQuotes({ ...options, quoteMaxAgeMs: rules.quoteMaxAgeMs })
  let later = 0
  const onEnd = (isWhole: boolean): void => {
    summary.isWhole = isWhole
  }
  for await (const tape of flatTapes(path, wants, day, tell, { onProgress, onEnd })) {
    signal.throwIfAborted()
    later += tape.prints.filter(({ t }) => t > inserts.to).length
    const quotes = await quotesOf(tape, inserts.to)
    const own = gaps.filter((gap) => isOf(gap, tape.ticker))
    const scope = { inserts, gaps: own }
    const { known, filled, revised } = await fillContract(client, {
      ...{ tape, quotes, day, scope, rules, gaps: own },
    })
    summary.contracts++
    summary.prints += tape.prints.length
    summary.known += known
    summary.filled += filled
    summary.revised += revised
  }
  if (later > 0) {
    onProblem(
      `${later} prints are left for later: an engine runs on this database, and what it has of ` +
        `the time after ${new Date(inserts.to).toISOString()} may be on its way; run this again later`,
    )
  }
  const isWhole = summary.isWhole && summary.leftOut === 0
  for (const gap of gaps) {
    const read = { day, symbols, to: inserts.to, isWhole }
    if (await noteRead(client, gap, read, Date.now())) summary.gaps++
  }
  return summary
}

/**
 * Up to when an engine that runs on this database has stored what it received, epoch ms; Infinity
 * where none runs.
 */
async function settledTo(client: Client): Promise<number> {
  const text = `SELECT min(received_to)::float8 AS "to" FROM flow_batches
    WHERE is_feed AND NOT drained AND committed_at > $1`
  const { rows } = await client.query<{ to: number | null }>(text, [Date.now() - WRITER_ALIVE_MS])
  const to = rows[0]?.to ?? null
  return to === null ? Number.POSITIVE_INFINITY : to - ON_ITS_WAY_MS
}

function isOf({ symbols }: DayGap, ticker: string): boolean {
  return symbols.includes('*') || symbols.includes(parseContract(ticker)?.underlying ?? ticker)
}
