import type { Client } from 'pg'
import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import { RestError } from '../reader/rest.ts'
import { RestBreaker } from '../reader/rest-breaker.ts'
import { findKnown } from './fill-contract.ts'
import { quotesAround } from './quotes-around.ts'
import type { TapeAsker } from './rest-pages.ts'
import type { ContractTape, TapeQuote } from './tape.ts'

const DENIED = [401, 403]

export type BackfillQuotesOptions = {
  readonly client: Client
  /** Whom to ask for quotes; null: nobody. */
  readonly asker: TapeAsker | null
  /** Dollars: quotes are asked for where a missing print has this premium; 0: never. */
  readonly lookupPremium: number
  readonly quoteMaxAgeMs: number
  /** New York date as days since 1970-01-01. */
  readonly day: number
  readonly signal: AbortSignal
  readonly onProblem: (problem: string) => void
}

/**
 * Quotes for the missing prints of a contract up to a time (epoch ms), where one is worth a
 * question. Trouble of the REST server is told once and ends nothing: prints go without a quote,
 * while it lasts, and after 401 or 403 to the end. Throws what the database throws, and what
 * `signal` is aborted with.
 */
export function backfillQuotes(
  options: BackfillQuotesOptions,
): (tape: ContractTape, to: number) => Promise<readonly TapeQuote[]> {
  const { client, asker, lookupPremium, quoteMaxAgeMs, day, signal, onProblem } = options
  const breaker = new RestBreaker({
    what: 'questions for quotes',
    onWarn: () => {}, // the first failure is told, below
    now: () => performance.now(),
  })
  let isDenied = false
  let isTold = false
  const isWorth = ({ p, s }: { p: number; s: number }): boolean => {
    return lookupPremium > 0 && p * s * CONTRACT_MULTIPLIER >= lookupPremium
  }
  const note = (error: unknown): void => {
    signal.throwIfAborted()
    breaker.noteFailure(error)
    isDenied = error instanceof RestError && DENIED.includes(error.status ?? 0)
    if (isTold) return
    isTold = true
    const words = error instanceof Error ? error.message : String(error)
    const span = isDenied ? 'to the end' : 'while this lasts'
    onProblem(
      `missing prints go without a quote ${span}: ${words}; FLOW_FILL_PER_SECOND=0 asks for none`,
    )
  }
  return async (tape, to) => {
    if (asker === null || isDenied || breaker.pausedFor !== null) return []
    if (!tape.prints.some(isWorth)) return []
    await client.query('BEGIN')
    const { prints } = await findKnown(client, tape, day).finally(() => client.query('ROLLBACK'))
    const missing = prints.filter(({ print, stored, isCancel }) => {
      return stored < 0 && !isCancel && print.t <= to && isWorth(print)
    })
    if (missing.length === 0) return []
    const times = missing.map(({ print }) => print.t)
    try {
      const quotes = await quotesAround(asker, tape.ticker, times, quoteMaxAgeMs, signal)
      breaker.noteSuccess()
      return quotes
    } catch (error) {
      note(error)
      return []
    }
  }
}
