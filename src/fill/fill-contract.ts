import type { Client } from 'pg'
import { parseContract } from '../domain/contract.ts'
import { DAY_MS, startOfNewYorkDay } from '../domain/new-york.ts'
import { withLackingLegs } from './lacking-legs.ts'
import { noteVolume } from './late-volumes.ts'
import { loadAverage, loadCancels, loadReference, loadRows } from './load.ts'
import { type KnownPrint, matchTape } from './match.ts'
import { merge } from './merge.ts'
import { quotesOf } from './print-quotes.ts'
import { type FillRules, rerun } from './rerun.ts'
import { isIn, type Scope, type Span } from './scope.ts'
import { applyMerge } from './store-fill.ts'
import type { ContractTape, TapeQuote } from './tape.ts'

/** One fill at a time over all processes of a database: two would both find a print missing. */
const LOCK = 'SELECT pg_advisory_xact_lock(7306093, 3)'

export type ContractFill = {
  readonly tape: ContractTape
  readonly quotes: readonly TapeQuote[]
  /** New York date as days since 1970-01-01: that of the tape. */
  readonly day: number
  readonly scope: Scope
  readonly rules: FillRules
  /** Gaps that the contract is done for, and which new prints each of them counts as its own. */
  readonly gaps: readonly CountedGap[]
  /**
   * Of a running engine, whose shard is to be told the volume for the first of the gaps: everything
   * received before is stored, epoch ms. Left out: nobody is told.
   */
  readonly storedTo?: number
}

export type CountedGap = Span & { readonly gapId: string }

export type Filled = {
  /** Prints of the tape that were stored already. */
  readonly known: number
  readonly filled: number
  readonly revised: number
  /** Contracts of the day that the engine does not know of. */
  readonly missedVolume: number
}

/** Holds a tape against the table within the open transaction, which locks what it finds. */
export async function findKnown(
  client: Client,
  tape: ContractTape,
  day: number,
): Promise<{
  readonly prints: KnownPrint[]
  readonly stored: Awaited<ReturnType<typeof loadRows>>
}> {
  const symbol = parseContract(tape.ticker)?.underlying ?? tape.ticker
  const [from, to] = [startOfNewYorkDay(day), startOfNewYorkDay(day + 1)]
  const times = [...new Set(tape.prints.map(({ t }) => t))]
  const stored = await loadRows(client, symbol, tape.ticker, times, to)
  const cancels = await loadCancels(client, symbol, tape.ticker, from, to)
  return { prints: matchTape(tape.prints, stored, cancels), stored }
}

/**
 * Puts into the table what it lacks of a contract's day, in one transaction that also counts it in
 * its gaps and notes that the contract is done. What is stored already stays; done again it changes
 * nothing. The connection must have no transaction open; after a failure it has none either.
 */
export async function fillContract(client: Client, fill: ContractFill): Promise<Filled> {
  await client.query(`BEGIN; ${LOCK}`)
  try {
    const filled = await fillWithin(client, fill)
    await client.query('COMMIT')
    return filled
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}) // the first error is the one that counts
    throw error
  }
}

async function fillWithin(client: Client, fill: ContractFill): Promise<Filled> {
  const { tape, day, scope, rules, gaps, storedTo } = fill
  const { ticker } = tape
  const symbol = parseContract(ticker)?.underlying ?? ticker
  const { prints: inTape, stored } = await findKnown(client, tape, day)
  const prints = withLackingLegs(inTape, stored)
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
  const reference = await loadReference(client, ticker, date, stored)
  const quotes = quotesOf(prints, stored, fill.quotes, rules.quoteMaxAgeMs)
  const run = rerun(ticker, prints, quotes, reference, rules)
  const lacks = run.rows.findIndex((row, place) => {
    return row !== null && row.averageCount === 0 && prints[place]!.stored < 0
  })
  const average = lacks < 0 ? null : await loadAverage(client, symbol, prints[lacks]!.print.t)
  const merged = merge({ ticker, prints, stored, run, scope, rules, average })
  await applyMerge(client, symbol, ticker, merged, run.definitions, rules)
  const { inserts, revisions, missedVolume } = merged
  for (const gap of gaps) {
    await note(client, gap.gapId, ticker, inserts.filter(({ time }) => isIn(gap, time)).length)
  }
  if (storedTo !== undefined) {
    const volume = { gapId: gaps[0]!.gapId, ticker, date, volume: missedVolume }
    await noteVolume(client, volume, storedTo, prints, stored)
  }
  const known = inTape.filter((print) => print.stored >= 0).length
  return { known, filled: inserts.length, revised: revisions.length, missedVolume }
}

async function note(client: Client, gapId: string, ticker: string, prints: number): Promise<void> {
  await client.query('UPDATE flow_gaps SET filled = filled + $2 WHERE gap_id = $1', [gapId, prints])
  await client.query(
    `INSERT INTO flow_fills (gap_id, contract_ticker, prints, filled_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (gap_id, contract_ticker) DO UPDATE
       SET prints = flow_fills.prints + excluded.prints, filled_at = excluded.filled_at`,
    [gapId, ticker, prints, Date.now()],
  )
}
