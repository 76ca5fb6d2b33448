import { expect, it } from 'vitest'
import type { Explained } from '../../src/domain/evidence.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { unfollowed } from '../api/explained.ts'
import { Engine } from './engine.ts'
import { eventually, flow, imbalance } from './flow-process.ts'
import { SECRET_KEY } from './prints.ts'
import { useStage } from './stage.ts'
import { type Row, tableRows } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

const TYPES = ['BLOCK', 'LARGE', 'REGULAR', 'SPLIT', 'SWEEP']
/** What makes two rows rows of different kinds. */
const kindOf = (row: Row): string =>
  [
    row.trade_type,
    row.side,
    row.quote_source,
    row.underlying_source,
    row.customer_rule,
    row.is_unusual_volume,
    row.is_multi_leg,
    row.multiplier,
    row.size_percentile === null,
    row.open_interest === null,
  ].join(' ')

it('explains a row of each kind that a live run with all evidence stores', async () => {
  const simulator = await startSimulator({ source: { kind: 'synthetic', seed: 21, rate: 600 } })
  cleanups.push(() => simulator.close())
  const { DATABASE_URL: url } = await settingsFor(await vendorOf())
  const settings = { DATABASE_URL: url! }
  const engine = new Engine({
    ...settings,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_REST_URL: simulator.restUrl,
    FLOW_REST_PER_SECOND: '200',
    FLOW_QUOTES_PER_CONNECTION: '100',
    FLOW_LOOKUP_PREMIUM: '5000',
    FLOW_UNDERLYING: 'stocks,indices',
  })
  await engine.ready()
  const kinds = await eventually('rows of all kinds', async () => {
    const found = new Map((await tableRows(url!)).map((row) => [kindOf(row), row]))
    const rows = [...found.values()]
    const has = (column: string, values: unknown[]) =>
      values.every((value) => rows.some((row) => row[column] === value))
    return (
      has('trade_type', TYPES) &&
      has('quote_source', ['feed', 'rest', null]) &&
      has('underlying_source', ['stocks', 'indices']) &&
      rows.some((row) => row.size_percentile !== null) &&
      rows.length > 20 &&
      rows
    )
  })

  for (const row of kinds) {
    const { status, body } = await engine.get(
      `/api/trades/${encodeURIComponent(String(row.contract_ticker))}/${row.sequence}`,
    )
    expect([status, kindOf(row)]).toEqual([200, kindOf(row)])
    const explained = JSON.parse(body) as Explained
    // a cancel may have removed it since
    if (explained.status !== 'stored') continue
    expect(unfollowed(explained.evidence), body).toEqual([])
    const { quote } = explained.evidence
    expect(quote.usable ? quote.source : null, body).toBe(explained.trade.quote_source)
  }
  expect(imbalance(await engine.drain())).toBe(0)

  const stored = await tableRows(url!)
  for (const type of TYPES) {
    const { contract_ticker, sequence } = stored.find((row) => row.trade_type === type)!
    const said = await flow(['explain', String(contract_ticker), String(sequence)], settings)
    expect([said.code, said.stderr]).toEqual([0, ''])
    expect(said.stdout).toContain(String(contract_ticker))
    expect(said.stdout).toMatch(new RegExp(`^ *trade type +${type} `, 'm'))
  }
})
