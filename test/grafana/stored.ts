import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'

/** Flow of a synthetic tape as the engine itself stores it: `prints` or more are received. */
export async function storeSyntheticFlow(databaseUrl: string, prints: number): Promise<void> {
  const vendor = await startSimulator({
    source: { kind: 'synthetic', seed: 5, rate: 2000, quotesPerPrint: 2 },
  })
  const engine = new Engine({
    DATABASE_URL: databaseUrl,
    FLOW_FEED_URL: vendor.wsUrl,
    FLOW_MIN_SIZE: '1',
  })
  await engine.ready()
  await engine.received(prints)
  await engine.drain()
  await vendor.close()
}
