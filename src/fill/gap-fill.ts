import type { Client } from 'pg'
import { DAY_MS, newYorkDay, newYorkOffset, startOfNewYorkDay } from '../domain/new-york.ts'
import { RestError } from '../reader/rest.ts'
import { reasonOf, type StoreReason } from '../writer/store-error.ts'
import { type Filled, fillContract, findKnown } from './fill-contract.ts'
import { contractsOf, type EndedGap, noteLeftOut, setStatus } from './gap-queue.ts'
import type { FilledContract } from './messages.ts'
import { quotesAround } from './quotes-around.ts'
import type { FillRules } from './rerun.ts'
import type { TapeAsker } from './rest-pages.ts'
import { fetchTrades } from './rest-trades.ts'
import { isIn, type Scope, type Span } from './scope.ts'
import type { ContractTape, TapeQuote } from './tape.ts'

/** Prints this far outside of the gap may have been lost with it. */
const EDGE_MS_MIN = 5_000
/** What is received later than this behind its own time is not waited for. */
const LATE_MS = 5_000
const DENIED = [401, 403]
/** What the database has against one contract, and what may be better in a moment. */
const OF_CONTRACT: readonly StoreReason[] = ['data', 'schema', 'other']
const RETRIED: readonly StoreReason[] = ['conflict', 'timeout']
/** Of one contract in one look; the others have their turn in between. */
const TRIES_MAX = 3
/** So many failures with no contract filled in between: it is not the contracts. */
const FAILURES_MAX = 20
/** Contracts of which it is told why they are left out; the others are counted. */
const TOLD_MAX = 10
const HOUR_MS = 3_600_000
const MARKET_STEP_MS = 60_000
/** The longest time without options trading: from Friday evening to Sunday evening. */
const MARKET_LOOK_MS_MAX = 3 * DAY_MS

/** The key may not read tapes: asking again with the same key changes nothing. */
export class TapesDeniedError extends Error {
  override readonly name = 'TapesDeniedError'
}

export type GapFillOptions = {
  readonly client: Client
  readonly asker: TapeAsker
  readonly rules: FillRules
  readonly signal: AbortSignal
  /** The gap was looked at before: contracts that are new since, or were left out. */
  readonly isLater: boolean
  /** Everything received before is stored when rows are loaded from here on, epoch ms. */
  readonly storedTo: () => Promise<number>
  /** Resolves when the next contract may be asked for. */
  readonly mayAsk: () => Promise<void>
  readonly onAnswer: (error: unknown) => void
  readonly onFilled: (filled: FilledContract) => void
  readonly onWarn: (line: string) => void
}

/** What a fill of this gap puts in, by the time of the prints. */
export function insertsOf({ startedAt, endedAt }: EndedGap, { windowMs }: FillRules): Span {
  const edgeMs = Math.max(EDGE_MS_MIN, 5 * windowMs)
  return { from: startedAt - edgeMs, to: endedAt + edgeMs }
}

/** Whether all that the feed itself brought of the gap's time is in the table. */
export function isSettled(gap: EndedGap, rules: FillRules, receivedTo: number): boolean {
  return receivedTo >= insertsOf(gap, rules).to + LATE_MS
}

/**
 * Fills what of a gap lies on the New York day of its end, contract after contract, and marks it:
 * as filled when each contract that has a row of that day by now is done, as partly filled where
 * contracts or an earlier day were left out. Gives how many contracts were. A contract that fails
 * is tried again behind the others, TRIES_MAX times. Throws what ails the database, and
 * TapesDeniedError; what is done stays done.
 */
export async function fillGap(gap: EndedGap, options: GapFillOptions): Promise<number> {
  const { client, isLater, onWarn } = options
  const day = newYorkDay(gap.endedAt)
  if (!isLater) await setStatus(client, gap.gapId, 'filling')
  const leftOut = await fillEach(gap, await contractsOf(client, gap, day), day, options)
  const isWhole = !hadMarket(gap.startedAt, startOfNewYorkDay(day))
  if (!isWhole && !isLater) {
    onWarn('a gap began on an earlier day: flow backfill fills that day from its flat file')
  }
  if (leftOut > 0) await noteLeftOut(client, gap.gapId)
  else await setStatus(client, gap.gapId, isWhole ? 'filled' : 'partly filled')
  return leftOut
}

/** Gives how many contracts are left out. */
async function fillEach(
  gap: EndedGap,
  tickers: readonly string[],
  day: number,
  options: GapFillOptions,
): Promise<number> {
  const { signal, onWarn } = options
  const queue = [...tickers]
  const tries = new Map<string, number>()
  let leftOut = 0
  let failures = 0
  for (const [place, ticker] of queue.entries()) {
    signal.throwIfAborted()
    const failure = await fillOne(gap, ticker, day, options)
    failures = failure === null ? 0 : failures + 1
    if (failure === null) continue
    const tried = (tries.get(ticker) ?? 0) + 1
    tries.set(ticker, tried)
    if (failure.mayRetry && tried < TRIES_MAX && failures < FAILURES_MAX) queue.push(ticker)
    else if (++leftOut <= TOLD_MAX) {
      onWarn(`${ticker} is left out of the fill of a gap: ${failure.why}`)
    }
    if (failures < FAILURES_MAX) continue
    leftOut += new Set(queue.slice(place + 1)).size
    break
  }
  if (leftOut > TOLD_MAX) onWarn(`${leftOut} contracts are left out of the fill of a gap for now`)
  return leftOut
}

/**
 * Whether options may have traded at some time from `from` to `to`, epoch ms: any time from Sunday
 * 20:00 to Friday 17:00 New York counts, for the index options trade in the evening and at night.
 */
export function hadMarket(from: number, to: number): boolean {
  if (to - from > MARKET_LOOK_MS_MAX) return true
  for (let time = from; time < to; time += MARKET_STEP_MS) if (mayTrade(time)) return true
  return false
}

function mayTrade(time: number): boolean {
  const local = time + newYorkOffset(time)
  const day = Math.floor(local / DAY_MS)
  const weekday = (day + 4) % 7 // 0 is Sunday: 1970-01-01 was a Thursday
  const hour = (local - day * DAY_MS) / HOUR_MS
  if (weekday === 0) return hour >= 20
  return weekday < 5 || (weekday === 5 && hour < 17)
}

type Failure = { readonly why: string; readonly mayRetry: boolean }

/** Null, or why this contract cannot be filled now. */
async function fillOne(
  gap: EndedGap,
  ticker: string,
  day: number,
  options: GapFillOptions,
): Promise<Failure | null> {
  const { client, rules, signal, onFilled } = options
  const scope: Scope = {
    inserts: insertsOf(gap, rules),
    gaps: [{ from: gap.startedAt, to: gap.endedAt }],
  }
  await options.mayAsk()
  try {
    const asked = await askFor(ticker, day, scope, options)
    options.onAnswer(null)
    const filled: Filled = await fillContract(client, {
      ...asked,
      day,
      scope,
      rules,
      gaps: [{ gapId: gap.gapId, ...scope.inserts }],
      storedTo: await options.storedTo(),
    })
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
    onFilled({ ticker, date, volume: filled.missedVolume, prints: filled.filled })
    return null
  } catch (error) {
    signal.throwIfAborted()
    const failure = await failureOf(error, client)
    if (error instanceof RestError) options.onAnswer(error)
    return failure
  }
}

/** What ails this contract. Throws what does not end with it: the key, the database. */
async function failureOf(error: unknown, client: Client): Promise<Failure> {
  const why = error instanceof Error ? error.message : String(error)
  if (error instanceof RestError) {
    if (DENIED.includes(error.status ?? 0)) throw new TapesDeniedError(why)
    return { why, mayRetry: error.mayRetry }
  }
  const { code = '' } = error as { code?: unknown }
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    const reason = reasonOf(error)
    const mayRetry = RETRIED.includes(reason)
    if (!mayRetry && !OF_CONTRACT.includes(reason)) throw error
    return { why, mayRetry }
  }
  // a connection that is lost fails here too
  await client.query('SELECT 1').catch(() => {
    throw error
  })
  return { why, mayRetry: false }
}

/** The contract's day, and its quotes where prints of the gap are missing. */
async function askFor(
  ticker: string,
  day: number,
  { inserts }: Scope,
  { client, asker, rules, signal }: GapFillOptions,
): Promise<{ tape: ContractTape; quotes: readonly TapeQuote[] }> {
  const from = startOfNewYorkDay(day)
  const tape = await fetchTrades(asker, ticker, from, startOfNewYorkDay(day + 1) - 1, signal)
  await client.query('BEGIN')
  const { prints } = await findKnown(client, tape, day).finally(() => client.query('ROLLBACK'))
  const missing = prints.filter(({ print, stored }) => stored < 0 && isIn(inserts, print.t))
  const times = missing.map(({ print }) => print.t)
  const { quoteMaxAgeMs } = rules
  return { tape, quotes: await quotesAround(asker, ticker, times, quoteMaxAgeMs, signal) }
}
