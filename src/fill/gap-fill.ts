import type { Client } from 'pg'
import { DAY_MS, newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import { isMarketHours } from '../reader/market-hours.ts'
import { RestError } from '../reader/rest.ts'
import { type Filled, fillContract, findKnown } from './fill-contract.ts'
import { contractsOf, type EndedGap, setStatus } from './gap-queue.ts'
import type { FilledContract } from './messages.ts'
import { quotesAround } from './quotes-around.ts'
import type { FillRules } from './rerun.ts'
import type { TapeAsker } from './rest-pages.ts'
import { fetchTrades } from './rest-trades.ts'
import { isIn, type Scope, type Span } from './scope.ts'
import { type ContractTape, type TapeQuote, TapeTooLongError } from './tape.ts'

/** Prints this far outside of the gap may have been lost with it. */
const EDGE_MS_MIN = 5_000
/** What is received later than this behind its own time is not waited for. */
const LATE_MS = 5_000
const DENIED = [401, 403]
const MARKET_STEP_MS = 60_000
/** Any ten days have a day of trading. */
const MARKET_LOOK_MS_MAX = 10 * DAY_MS

/** The key may not read tapes: asking again with the same key changes nothing. */
export class TapesDeniedError extends Error {
  override readonly name = 'TapesDeniedError'
}

export type GapFillOptions = {
  readonly client: Client
  readonly asker: TapeAsker
  readonly rules: FillRules
  readonly signal: AbortSignal
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
 * Fills what of a gap lies on the New York day of its end, contract after contract, and marks it as
 * filled, or as partly filled where contracts or an earlier day were left out. Throws what another
 * attempt may change (database, REST server), and TapesDeniedError; what is done stays done.
 */
export async function fillGap(gap: EndedGap, options: GapFillOptions): Promise<void> {
  const { client, signal, onWarn } = options
  const day = newYorkDay(gap.endedAt)
  await setStatus(client, gap.gapId, 'filling')
  let leftOut = 0
  for (const ticker of await contractsOf(client, gap, day)) {
    signal.throwIfAborted()
    const why = await fillOne(gap, ticker, day, options)
    if (why === null) continue
    leftOut++
    onWarn(`${ticker} is left out of the fill of a gap: ${why}`)
  }
  const isWhole = !hadMarket(gap.startedAt, startOfNewYorkDay(day))
  if (!isWhole) {
    onWarn('a gap began on an earlier day: flow backfill fills that day from its flat file')
  }
  await setStatus(client, gap.gapId, leftOut === 0 && isWhole ? 'filled' : 'partly filled')
}

/** Whether the market was open at some time from `from` to `to`, epoch ms. */
export function hadMarket(from: number, to: number): boolean {
  if (to - from > MARKET_LOOK_MS_MAX) return true
  for (let time = from; time < to; time += MARKET_STEP_MS) if (isMarketHours(time)) return true
  return false
}

/** Null, or why this contract cannot be filled. */
async function fillOne(
  gap: EndedGap,
  ticker: string,
  day: number,
  options: GapFillOptions,
): Promise<string | null> {
  const { client, rules, onFilled } = options
  const scope: Scope = {
    inserts: insertsOf(gap, rules),
    gaps: [{ from: gap.startedAt, to: gap.endedAt }],
  }
  for (;;) {
    await options.mayAsk()
    let asked: { tape: ContractTape; quotes: readonly TapeQuote[] } | null = null
    try {
      asked = await askFor(ticker, day, scope, options)
      options.onAnswer(null)
    } catch (error) {
      const why = whyLeftOut(error)
      if (why !== null) return why
      if (!(error instanceof RestError)) throw error
      options.onAnswer(error)
      continue // as often as it takes: mayAsk waits
    }
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
  }
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

/** Null where another attempt may help. */
function whyLeftOut(error: unknown): string | null {
  if (error instanceof TapeTooLongError) return error.message
  if (!(error instanceof RestError)) return null
  if (DENIED.includes(error.status ?? 0)) throw new TapesDeniedError(error.message)
  return error.mayRetry ? null : error.message
}
