import { expect, it } from 'vitest'
import { FlowAnalysisEngine } from '../../src/index.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually, flow } from '../e2e/flow-process.ts'
import { SECRET_KEY } from '../e2e/prints.ts'
import { useStage } from '../e2e/stage.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

it('a running engine serves the context of what it has just stored', async () => {
  const simulator = await startSimulator({ source: { kind: 'synthetic', seed: 5, rate: 600 } })
  cleanups.push(() => simulator.close())
  const { DATABASE_URL: url } = await settingsFor(await vendorOf())
  const engine = new Engine({
    DATABASE_URL: url!,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_REST_URL: simulator.restUrl,
    FLOW_SYMBOLS: 'SPY',
    // the tape may be older than a quarter of an hour
    FLOW_STALE_MS: '86400000',
  })
  await engine.ready()
  await eventually('a context of some prints', async () => {
    const { status, body } = await engine.get('/api/flow/SPY?window=short')
    if (status !== 200) return false
    const { tradeCount, isStale } = JSON.parse(body)
    expect(isStale).toBe(false)
    return tradeCount > 30
  })
  // not the time of the answer: it counts what came while the database was asked, too
  const asOf = Date.now()
  expect((await engine.get('/api/flow/QQQ')).status).toBe(404)
  await engine.drain()

  // what was known then is still what was known then, whoever asks
  const library = new FlowAnalysisEngine({ databaseUrl: url!, staleMs: 86_400_000 })
  const context = await library.getFlowContext('SPY', 'short', { asOf })
  await library.close()
  const words = ['context', 'SPY', '--window', 'short', '--as-of', `${asOf}`, '--json']
  const told = await flow(words, { DATABASE_URL: url!, FLOW_STALE_MS: '86400000' })
  expect(JSON.parse(told.stdout)).toEqual(context)
  // all of these were stored by then; cancels may take some away
  expect(context?.tradeCount).toBeGreaterThan(20)
})
