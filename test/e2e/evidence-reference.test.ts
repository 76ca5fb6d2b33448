import { describe, expect, it } from 'vitest'
import { openDay } from '../../src/reader/reference-day.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { query } from '../pg/database.ts'
import { json } from '../reader/rest-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance } from './flow-process.ts'
import { type ChainRow, chainOf } from './open-interest.ts'
import { SECRET_KEY, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, tableRows } from './table.ts'
import { snapshotsOf, startVendorRest } from './vendor-rest.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

/** Before 06:45 in New York nobody asks: the vendor has yesterday's open interest until then. */
const isMorning = openDay(Date.now()) === null

/** A simulator whose market does not begin, so that only what a test publishes is printed. */
async function silentSimulator(): Promise<Simulator> {
  const simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 3, symbols: ['SPY'] },
    waitFor: 3, // there are two engines at most
  })
  cleanups.push(() => simulator.close())
  return simulator
}

const ok = 'flow_rest_requests_total{purpose="reference",result="ok"}'

async function contractsStored(url: string): Promise<Record<string, unknown>[]> {
  return query(
    url,
    `SELECT contract_ticker, day::text, open_interest, multiplier FROM flow_contracts ORDER BY 1`,
  )
}

describe.skipIf(isMorning)('open interest and multiplier', () => {
  it('of the chains come before the prints, and are not asked for again after a restart', async () => {
    const simulator = await silentSimulator()
    const chain = await chainOf(simulator, 'SPY')
    const asked = simulator.stats().restRequests
    const settings = {
      DATABASE_URL: (await settingsFor(await vendorOf())).DATABASE_URL!,
      FLOW_SYMBOLS: 'SPY',
      FLOW_QUOTES_PER_CONNECTION: '0',
      FLOW_LOOKUP_PREMIUM: '0',
      MASSIVE_API_KEY: SECRET_KEY,
      FLOW_FEED_URL: simulator.wsUrl,
      FLOW_REST_URL: simulator.restUrl,
    }
    const url = settings.DATABASE_URL
    const engine = new Engine(settings)
    await engine.ready()
    await eventually('the whole chain', async () => {
      return (await contractsStored(url)).length === chain.length
    })
    const pages = Math.ceil(chain.length / 250)
    expect(await engine.metric(ok)).toBe(pages)
    expect(simulator.stats().restRequests - asked).toBe(pages)
    const known = await contractsStored(url)
    const byTicker = new Map(known.map((row) => [row.contract_ticker, row]))
    for (const { details, open_interest } of chain) {
      expect(byTicker.get(details.ticker)).toMatchObject({
        open_interest,
        multiplier: details.shares_per_contract,
      })
    }

    const standard = chain.find((one) => isOf(one, 'SPY') && one.open_interest > 50)!
    const adjusted = chain.find((one) => isOf(one, 'SPY1'))!
    expect(adjusted.details.shares_per_contract).toBe(10)
    const { ticker: sym } = standard.details
    simulator.publish(
      JSON.stringify([
        trade({ sym, s: standard.open_interest, p: 2 }), // not more than is open
        trade({ sym, s: 10, p: 2 }), // more
        trade({ sym: adjusted.details.ticker, s: 50, p: 2 }),
      ]),
    )
    await eventually('the rows', async () => (await countRows(url)) === 3)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, 3])
    const told = (await tableRows(url)).map((row) => [
      row.open_interest,
      row.day_volume,
      row.is_unusual_volume,
      row.multiplier,
      row.premium,
    ])
    const open = standard.open_interest
    expect(told).toEqual([
      [open, open, false, 100, open * 200],
      [open, open + 10, true, 100, 2000],
      [adjusted.open_interest, 50, 50 > adjusted.open_interest, 10, 1000],
    ])

    // what was stored is known from the first print on, and nobody asks for it
    const before = simulator.stats().restRequests
    const again = new Engine(settings)
    await again.ready()
    const other = chain.find((one) => isOf(one, 'SPY') && one !== standard)!
    const print = trade({ sym: other.details.ticker, s: other.open_interest + 10 })
    simulator.publish(JSON.stringify([print]))
    await eventually('one more row', async () => (await countRows(url)) === 4)
    await again.drain()
    expect(simulator.stats().restRequests).toBe(before)
    expect((await tableRows(url))[3]).toMatchObject({
      open_interest: other.open_interest,
      is_unusual_volume: true,
    })
  })

  it('are unknown without a REST, and a plan without snapshots is one warning', async () => {
    const vendor = await vendorOf()
    const settings = await settingsFor(vendor)
    const rest = await startVendorRest({ snapshot: json({ status: 'NOT_AUTHORIZED' }, 403) })
    cleanups.push(() => rest.close())
    const engine = new Engine({
      ...settings,
      MASSIVE_API_KEY: SECRET_KEY,
      FLOW_REST_URL: rest.url,
      FLOW_SYMBOLS: 'SPX,SPY,QQQ',
    })
    await engine.ready()
    await eventually('a warning', () => engine.lines.some(({ level }) => level === 'warn'))
    vendor.peers[0]!.send(trade({ s: 1_000_000 }))
    await eventually('the row', async () => (await countRows(settings.DATABASE_URL!)) === 1)
    await engine.drain()
    expect(await tableRows(settings.DATABASE_URL!)).toMatchObject([
      { open_interest: null, is_unusual_volume: false, multiplier: 100, size: 1_000_000 },
    ])
    const warnings = engine.lines.filter(({ level }) => level === 'warn')
    expect(warnings).toHaveLength(1)
    expect(snapshotsOf(rest).length).toBeGreaterThan(0)
    expect(engine.said).not.toContain(SECRET_KEY)
  })
})

function isOf({ details }: ChainRow, root: string): boolean {
  return new RegExp(`^O:${root}\\d{6}[CP]`).test(details.ticker)
}
