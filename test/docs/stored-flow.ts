import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { keepOpenInterest } from '../e2e/open-interest.ts'
import { withClient } from '../pg/database.ts'

const PRINTS = 12_000
const SYMBOLS = ['SPX', 'NDX', 'SPY', 'QQQ', 'IWM']

/** Flow of a synthetic tape with references over REST, a gap, and two days of long ago. */
export async function storeDocumentedFlow(databaseUrl: string): Promise<void> {
  const vendor = await startSimulator({
    source: { kind: 'synthetic', seed: 5, rate: 2000, symbols: SYMBOLS },
  })
  const settings = {
    ...{ DATABASE_URL: databaseUrl, MASSIVE_API_KEY: 'demo', FLOW_MIN_SIZE: '1' },
    ...{ FLOW_FEED_URL: vendor.wsUrl, FLOW_REST_URL: vendor.restUrl },
  }
  await keepOpenInterest(databaseUrl, vendor, SYMBOLS)
  // between two starts is a gap
  for (const prints of [PRINTS / 2, PRINTS / 2]) {
    const engine = new Engine(settings)
    await engine.ready()
    await engine.received(prints)
    await engine.drain()
  }
  await vendor.close()
  await withClient(databaseUrl, async (client) => {
    // a minute before, by another hand, so that there is a minute and a next one
    await client.query(
      `INSERT INTO options_flow_history SELECT (jsonb_populate_record(flow, jsonb_build_object(
         'timestamp', timestamp - 60000, 'received_at', received_at - 60000, 'rules', null))).*
       FROM options_flow_history AS flow WHERE symbol = 'SPY'`,
    )
    // how often one contract is hit twice more is a matter of chance, and of how busy a machine is
    await client.query(
      `INSERT INTO flow_events SELECT (jsonb_populate_record(event, jsonb_build_object(
         'event_id', event.event_id || '-' || again))).*
       FROM flow_events AS event, generate_series(1, 2) AS again
       WHERE event_id = (SELECT event_id FROM flow_events
         WHERE side IN ('BUY', 'SELL') AND NOT is_void ORDER BY started_at LIMIT 1)`,
    )
    await client.query('SELECT flow_ensure_partition(day) FROM unnest($1::date[]) AS day', [
      ['2025-01-06', '2025-01-07'],
    ])
  })
}
