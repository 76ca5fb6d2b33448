import type { FlowContext, FlowWindow } from '../flow/flow-context.ts'
import type { Query } from './database.ts'
import type { AlertFacts, LegFacts } from './facts.ts'
import { EVENT_TYPES } from './rules.ts'

/** A sum or score is taken as it was for so long. */
const FRESH_MS = 3_000
/** Answers that are remembered. */
const ANSWERS_MAX = 1_000
const MINUTE_MS = 60_000

export type LookupsOptions = {
  readonly query: Query
  readonly contextOf: (symbol: string, window: FlowWindow) => Promise<FlowContext | null>
  readonly now: () => number
}

/** What rules ask of the database, as seldom as possible. */
export class Lookups {
  readonly #options: LookupsOptions
  readonly #answers = new Map<string, { readonly at: number; readonly value: number | null }>()

  constructor(options: LookupsOptions) {
    this.#options = options
  }

  /** What the newest leg of an event knows; nulls where its rows are gone. */
  async legsOf(facts: AlertFacts): Promise<LegFacts> {
    const [row] = await this.#options.query<LegFacts>(
      `SELECT underlying_price::float8 AS underlying_price, open_interest,
         day_volume::float8 AS day_volume FROM options_flow_history
       WHERE symbol = $1 AND contract_ticker = $2 AND timestamp BETWEEN $3 AND $4
       ORDER BY timestamp DESC, arrival DESC LIMIT 1`,
      [facts.symbol, facts.contract_ticker, facts.started_at, facts.ended_at],
    )
    return row ?? { underlying_price: null, open_interest: null, day_volume: null }
  }

  /** Events of the contract and side that began within `withinMs` before this one, it included. */
  async repeatsOf(facts: AlertFacts, types: readonly string[], withinMs: number): Promise<number> {
    const kinds = types.filter((type) => (EVENT_TYPES as readonly string[]).includes(type))
    const [row] = await this.#options.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM flow_events
       WHERE symbol = $1 AND contract_ticker = $2 AND side = $3 AND kind = ANY($4)
         AND started_at > $5 AND started_at <= $6 AND NOT is_void`,
      [
        facts.symbol,
        facts.contract_ticker,
        facts.side,
        kinds,
        facts.started_at - withinMs,
        facts.started_at,
      ],
    )
    return row?.count ?? 0
  }

  /** Bullish less bearish premium of the underlying in the minutes of the last `withinMs`. */
  netPremiumOf(symbol: string, withinMs: number): Promise<number | null> {
    return this.#fresh(`net ${symbol} ${withinMs}`, async (now) => {
      const since = Math.floor((now - withinMs) / MINUTE_MS)
      const [row] = await this.#options.query<{ net: number }>(
        `SELECT coalesce(sum(bullish_premium - bearish_premium), 0)::float8 AS net FROM (
           SELECT bullish_premium, bearish_premium FROM flow_minute_sums
             WHERE symbol = $1 AND minute > $2
           UNION ALL
           SELECT bullish_premium, bearish_premium FROM flow_corrections
             WHERE symbol = $1 AND minute > $2) AS sums`,
        [symbol, since],
      )
      return row?.net ?? null
    })
  }

  /** Institutional score of the underlying; null without flow. */
  scoreOf(symbol: string, window: FlowWindow): Promise<number | null> {
    return this.#fresh(`score ${symbol} ${window}`, async () => {
      const context = await this.#options.contextOf(symbol, window)
      return context?.institutionalScore ?? null
    })
  }

  async #fresh(name: string, ask: (now: number) => Promise<number | null>): Promise<number | null> {
    const now = this.#options.now()
    const known = this.#answers.get(name)
    if (known !== undefined && now - known.at < FRESH_MS) return known.value
    const value = await ask(now)
    this.#answers.delete(name)
    this.#answers.set(name, { at: now, value })
    // the first is the one that was asked longest ago
    if (this.#answers.size > ANSWERS_MAX) this.#answers.delete(this.#answers.keys().next().value!)
    return value
  }
}
