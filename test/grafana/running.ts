import { parseFault } from '../../src/simulator/faults.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually } from '../e2e/flow-process.ts'
import { keepOpenInterest } from '../e2e/open-interest.ts'

export const SYMBOLS = ['SPY', 'QQQ', 'SPX'] as const

export type Running = { readonly engine: Engine; readonly close: () => Promise<void> }

/**
 * `flow run` on a simulated vendor that drops the line once, so that there is a reconnect and a
 * gap. Resolves once it is connected again.
 */
export async function startRunning(
  databaseUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const vendor = await startSimulator({
    source: { kind: 'synthetic', rate: 600, seed: 11, symbols: SYMBOLS },
    faults: [parseFault('drop@2s')],
  })
  await keepOpenInterest(databaseUrl, vendor, SYMBOLS)
  const engine = new Engine({
    DATABASE_URL: databaseUrl,
    FLOW_FEED_URL: vendor.wsUrl,
    FLOW_REST_URL: vendor.restUrl,
    FLOW_SYMBOLS: SYMBOLS.join(),
    MASSIVE_API_KEY: 'a-key',
    ...settings,
  })
  await engine.ready()
  await eventually('the line is lost and found', async () => {
    const samples = await engine.metrics()
    const reconnects = [...samples]
      .filter(([name]) => name.startsWith('flow_feed_reconnects_total'))
      .reduce((sum, [, value]) => sum + value, 0)
    return reconnects > 0 && samples.get('flow_feed_connected{connection="0"}') === 1
  })
  return {
    engine,
    close: async () => {
      await engine.kill('SIGTERM')
      await vendor.close()
    },
  }
}
