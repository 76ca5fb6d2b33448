import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/simulator/clusters.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance } from './flow-process.ts'
import { SECRET_KEY } from './prints.ts'
import { useStage } from './stage.ts'
import { type Row, tableRows } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

const SYMBOLS = ['SPX', 'SPY']
const BOTH = { SPX: 'indices', SPY: 'stocks' }
const PARITY = { SPX: 'parity', SPY: 'parity' }
const NOTHING = { SPX: null, SPY: null }

/**
 * Prices of an underlying as the simulator tells them over REST: its truth, in a plan with both
 * clusters.
 */
type Truth = { readonly time: number; readonly price: number }[]

class Market {
  readonly #truth = new Map<string, Truth>(SYMBOLS.map((symbol) => [symbol, []]))
  readonly #simulator: Simulator

  constructor(simulator: Simulator) {
    this.#simulator = simulator
  }

  async look(): Promise<void> {
    for (const [symbol, truth] of this.#truth) {
      const name = symbol === 'SPX' ? 'I:SPX' : symbol
      const url = `${this.#simulator.restUrl}/v3/snapshot/options/${name}?limit=1`
      const answer = await fetch(url, { headers: { Authorization: 'Bearer any' } })
      const { results } = (await answer.json()) as {
        results: { underlying_asset: { price?: number; value?: number } }[]
      }
      const { price, value } = results[0]!.underlying_asset
      truth.push({ time: Date.now(), price: (price ?? value)! })
    }
  }

  /** Share by which the price of a row is beside the truth nearest in time. */
  errorOf(row: Row): number {
    const near = this.#truth.get(String(row.symbol))!.reduce((best, one) => {
      const time = Number(row.timestamp)
      return Math.abs(one.time - time) < Math.abs(best.time - time) ? one : best
    })
    return Math.abs(Number(row.underlying_price) / near.price - 1)
  }
}

/** Rows of a source that a run waits for, by underlying. */
const ENOUGH = 50

/** Runs an engine on a market until there are enough rows of each source. */
async function run(
  clusters: readonly Cluster[],
  settings: Record<string, string>,
  sources: Readonly<Record<string, string | null>>,
): Promise<{ engine: Engine; rows: Row[]; market: Market }> {
  const simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 5, rate: 300, symbols: SYMBOLS },
    clusters: ['options', ...clusters],
  })
  cleanups.push(() => simulator.close())
  const { DATABASE_URL: url } = await settingsFor(await vendorOf())
  const engine = new Engine({
    DATABASE_URL: url!,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_SYMBOLS: SYMBOLS.join(','),
    FLOW_MIN_SIZE: '1',
    ...settings,
  })
  await engine.ready()
  const market = new Market(simulator)
  await eventually(`rows of ${JSON.stringify(sources)}`, async () => {
    await market.look()
    await sleep(150)
    const rows = await tableRows(url!)
    return SYMBOLS.every((symbol) => {
      const mine = rows.filter((row) => row.symbol === symbol)
      return mine.filter((row) => row.underlying_source === sources[symbol]).length >= ENOUGH
    })
  })
  await market.look()
  const account = await engine.drain()
  expect(imbalance(account)).toBe(0)
  return { engine, rows: await tableRows(url!), market }
}

const sourcesOf = (rows: readonly Row[], symbol: string) =>
  new Set(rows.filter((row) => row.symbol === symbol).map((row) => row.underlying_source))

describe('the price of the underlying', () => {
  it('comes from the clusters that the key has, within 0.5 % of the market', async () => {
    const clusters = { FLOW_UNDERLYING: 'stocks,indices', FLOW_QUOTES_PER_CONNECTION: '0' }
    const { rows, market } = await run(['stocks', 'indices'], clusters, BOTH)
    const priced = rows.filter((row) => row.underlying_price !== null)
    for (const row of priced) {
      expect(row.underlying_source).toBe(row.symbol === 'SPX' ? 'indices' : 'stocks')
      expect(market.errorOf(row), JSON.stringify(row)).toBeLessThan(0.005)
    }
    // once there is a price, every print has one
    const last = rows.slice(-ENOUGH)
    expect(last.filter((row) => row.underlying_price === null)).toEqual([])
  })

  it('comes from put-call parity without them, within 1 %, and is null without quotes', async () => {
    const quoted = await run(['stocks', 'indices'], { FLOW_QUOTES_PER_CONNECTION: '1000' }, PARITY)
    const priced = quoted.rows.filter((row) => row.underlying_price !== null)
    for (const row of priced) {
      expect(row.underlying_source).toBe('parity')
      expect(quoted.market.errorOf(row), JSON.stringify(row)).toBeLessThan(0.01)
    }
    const bare = await run([], { FLOW_QUOTES_PER_CONNECTION: '0' }, NOTHING)
    for (const row of bare.rows) {
      expect([row.underlying_price, row.underlying_source]).toEqual([null, null])
    }
  })

  it('of a cluster that the plan refuses is one warning, and parity in its place', async () => {
    const clusters = { FLOW_UNDERLYING: 'stocks,indices', FLOW_QUOTES_PER_CONNECTION: '1000' }
    const { engine, rows } = await run(['stocks'], clusters, { SPX: 'parity', SPY: 'stocks' })
    const warnings = engine.lines.filter(({ level }) => level === 'warn' || level === 'error')
    expect(warnings).toHaveLength(1)
    expect(warnings[0]!.msg).toMatch(/^no prices of underlyings from indices: .*FLOW_UNDERLYING=st/)
    expect(engine.said).not.toContain(SECRET_KEY)
    expect(sourcesOf(rows, 'SPX')).not.toContain('indices')
    expect(sourcesOf(rows, 'SPY')).toContain('stocks')
  })
})
