import pg from 'pg'
import { findEmbeddedPostgres } from '../postgres/embedded.ts'
import { askedContext, readContext } from './asked.ts'
import {
  applyCompositeBoost,
  applyFlowBoost,
  BOOST_DEFAULTS,
  type BoostSettings,
  type CompositeScores,
} from './boost.ts'
import type { BoostContext, Direction, FlowContext, FlowWindow } from './flow-context.ts'
import type { Query } from './query.ts'

export const STALE_MS = 900_000

const CONNECTIONS_MAX = 4
const QUERY_MS_MAX = 10_000
const CONNECT_MS_MAX = 5_000
/** No such table, column or function. */
const OTHER_SCHEMA: readonly (string | undefined)[] = ['42P01', '42703', '42883']

/** Nobody answers, or somebody to whom our address or password means nothing. */
function isNotThere(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true
  return /^(?:28|3D|57P)/.test(error.code ?? '')
}

export type FlowEngineOptions = {
  /** postgres://USER:PASSWORD@HOST:5432/NAME */
  readonly databaseUrl?: string | undefined
  /** Without databaseUrl: the data directory of the engine whose embedded PostgreSQL is read. */
  readonly dataDir?: string | undefined
  /** Flow whose newest print is older is stale, ms. */
  readonly staleMs?: number | undefined
  readonly boost?: Partial<BoostSettings> | undefined
}

/**
 * What the stored flow says of an underlying, and what that means to a signal. The database is
 * opened by the first getFlowContext; the boosts need none.
 */
export class FlowAnalysisEngine {
  readonly #options: FlowEngineOptions
  readonly #boost: BoostSettings
  #pool: Promise<pg.Pool> | null = null
  #isClosed = false

  constructor(options: FlowEngineOptions = {}) {
    this.#options = options
    this.#boost = { ...BOOST_DEFAULTS, ...options.boost }
  }

  /**
   * The context of an underlying (SPXW is SPX) over the last hour, four hours or day; null where
   * that has no flow. With `asOf` (epoch ms) it sees nothing that was known later. Throws a
   * RangeError for a symbol, window or moment that cannot be, and what to do where the database
   * cannot be read.
   */
  async getFlowContext(
    symbol: string,
    window: FlowWindow,
    { asOf }: { readonly asOf?: number | undefined } = {},
  ): Promise<FlowContext | null> {
    const asked = askedContext(symbol, window, asOf)
    return readContext(this.#query, asked, this.#options.staleMs ?? STALE_MS)
  }

  /** See applyFlowBoost of boost.ts, with the settings of this engine. */
  applyFlowBoost(
    baseScore: number,
    context: BoostContext | null | undefined,
    direction: Direction,
  ): number {
    return applyFlowBoost(baseScore, context, direction, this.#boost)
  }

  /** See applyCompositeBoost of boost.ts, with the settings of this engine. */
  applyCompositeBoost(
    scores: CompositeScores,
    context: BoostContext | null | undefined,
    direction: Direction,
  ): CompositeScores {
    return applyCompositeBoost(scores, context, direction, this.#boost)
  }

  /** Waits for queries that are under way and ends the connections. */
  async close(): Promise<void> {
    this.#isClosed = true
    const pool = await this.#pool?.catch(() => null)
    this.#pool = null
    await pool?.end()
  }

  readonly #query: Query = async <R extends object>(
    text: string,
    values: readonly unknown[],
    name: string,
  ): Promise<R[]> => {
    if (this.#isClosed) throw new Error('the FlowAnalysisEngine is closed: make a new one')
    this.#pool ??= this.#open()
    const asked = this.#pool
    try {
      const pool = await asked
      return (await pool.query<R>({ name, text, values: [...values] })).rows
    } catch (error) {
      if (error instanceof pg.DatabaseError && OTHER_SCHEMA.includes(error.code)) {
        const what = 'the database has not the schema of this version: run flow migrate'
        throw new Error(what, { cause: error })
      }
      if (this.#options.databaseUrl === undefined && isNotThere(error)) this.#forget(asked)
      throw error
    }
  }

  /** The engine may have started again elsewhere: the next question looks for it. */
  #forget(asked: Promise<pg.Pool>): void {
    if (this.#pool !== asked) return
    this.#pool = null
    // questions under way on it end by themselves
    asked.then((pool) => pool.end()).catch(() => {})
  }

  async #open(): Promise<pg.Pool> {
    try {
      const pool = new pg.Pool({
        connectionString: this.#options.databaseUrl ?? (await this.#findEmbedded()),
        max: CONNECTIONS_MAX,
        statement_timeout: QUERY_MS_MAX,
        connectionTimeoutMillis: CONNECT_MS_MAX,
        application_name: 'flow-context',
        // its plan does not depend on what is asked for, and to make it anew takes longer than it does
        options: '-c plan_cache_mode=force_generic_plan',
        // a script that forgets close() still ends once it has nothing else to do
        allowExitOnIdle: true,
      })
      // an idle connection that is lost is replaced by the next query
      pool.on('error', () => {})
      return pool
    } catch (error) {
      this.#pool = null // the engine may run the next time
      throw error
    }
  }

  async #findEmbedded(): Promise<string> {
    const dataDir = this.#options.dataDir ?? '.flow'
    const url = await findEmbeddedPostgres(dataDir)
    if (url !== null) return url
    throw new Error(
      `no database: no databaseUrl (DATABASE_URL) is given, and no engine runs the embedded ` +
        `PostgreSQL of ${dataDir}; start one (flow run), or set DATABASE_URL or FLOW_DATA_DIR`,
    )
  }
}
