import { expect, it } from 'vitest'
import type { Explained } from '../../src/domain/evidence.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually } from '../e2e/flow-process.ts'
import { CONTRACT, quote, trade } from '../e2e/prints.ts'
import { useStage } from '../e2e/stage.ts'
import { countRows } from '../e2e/table.ts'

const { vendorOf, settingsFor } = useStage()

it('a running engine explains its prints, and a cancelled one', async () => {
  const vendor = await vendorOf()
  const settings = await settingsFor(vendor)
  const engine = new Engine(settings)
  await engine.ready()
  const now = Date.now()
  const prints = [302, 303, 312].map((x, n) => trade({ x, p: 1.6, s: 20, t: now + n }))
  vendor.peers[0]!.send(quote({ t: now - 10 }), ...prints)
  await eventually('the sweep stored', async () => (await countRows(settings.DATABASE_URL!)) === 3)
  vendor.peers[0]!.send({ ...prints[2], c: [201], q: 1_000_000, t: now + 2000 })
  await eventually('a leg removed', async () => (await countRows(settings.DATABASE_URL!)) === 2)

  const ask = async ({ q }: Record<string, unknown>): Promise<Explained> => {
    const { status, body } = await engine.get(`/api/trades/${encodeURIComponent(CONTRACT)}/${q}`)
    expect(status).toBe(200)
    return JSON.parse(body)
  }
  const kept = await ask(prints[0]!)
  if (kept.status !== 'stored') throw new Error('expected a stored print')
  const { side, tradeType, quote: seen, window } = kept.evidence
  expect(side).toMatchObject({ label: 'BUY', rule: 'at_or_above_ask', follows: true })
  expect(tradeType).toMatchObject({ label: 'SWEEP', rule: 'sweep_leg', follows: true })
  expect(tradeType.because).toBe(
    'leg of a sweep of 3 prints on 3 exchanges (2 of them are still stored)',
  )
  expect(seen).toMatchObject({ usable: true, bid: 1.5, ask: 1.6, source: 'feed', ageMs: 10 })
  expect(window).toMatchObject({ legsAtClose: 3, event: { revision: 2, reason: 'cancel' } })
  expect(window!.earlier).toMatchObject([{ revision: 1, reason: 'found', legCount: 3 }])

  const gone = await ask(prints[2]!)
  expect(gone).toMatchObject({
    status: 'cancelled',
    cancels: [{ sequence: 1_000_000, removed: { sequence: prints[2]!.q }, wasStored: true }],
  })
  await engine.drain()
})
