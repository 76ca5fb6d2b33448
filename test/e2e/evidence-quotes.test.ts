import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Random } from '../../src/simulator/random.ts'
import type { Peer } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance } from './flow-process.ts'
import { quote, SECRET_KEY, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { nbboAt, startVendorRest } from './vendor-rest.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

const QUOTES_MAX = 20
const ROUNDS = 12
const CONTRACTS_A_ROUND = 40

/** The most quoted contracts that the vendor held for a connection after any message of it. */
function mostQuoted(peer: Peer): number {
  const held = new Set<string>()
  let most = 0
  for (const { action, params } of peer.said) {
    for (const topic of params.split(',')) {
      if (!topic.startsWith('Q.')) continue
      if (action === 'subscribe') held.add(topic)
      if (action === 'unsubscribe') held.delete(topic)
      // within a message too: the vendor reads it from the left
      most = Math.max(most, held.size)
    }
  }
  return most
}

const quotesOf = (peer: Peer) => peer.topics().filter((topic) => topic.startsWith('Q.'))
const contract = (n: number) => `O:SPY271217C00${String(100 + n).padStart(3, '0')}000`

it('never holds more quotes at the vendor than it may, and counts what they cover', async () => {
  const vendor = await vendorOf()
  const rest = await startVendorRest({ nbbo: nbboAt })
  cleanups.push(() => rest.close())
  const engine = new Engine({
    ...(await settingsFor(vendor)),
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_REST_URL: rest.url,
    FLOW_REST_PER_SECOND: '1000',
    FLOW_QUOTES_PER_CONNECTION: `${QUOTES_MAX}`,
    FLOW_LOOKUP_PREMIUM: '10000',
    FLOW_MIN_SIZE: '1',
  })
  await engine.ready()
  const random = new Random(7)
  let prints = 0
  let withSide = 0
  const play = async (peer: Peer, round: number): Promise<void> => {
    const t = Date.now()
    const quotes = quotesOf(peer).map((topic) => quote({ sym: topic.slice(2), t }))
    // interest moves on: each round has contracts that the last one had not
    const sent = Array.from({ length: 60 }, (_, i) => {
      const isSpread = random.next() < 0.2 // a leg of a complex order is signed by no quote
      prints++
      if (!isSpread) withSide++
      const n = round * 15 + random.int(0, CONTRACTS_A_ROUND - 1)
      // ever more premium, so that newcomers displace what was asked for a moment ago
      const p = 0.5 * 2 ** round
      const s = random.int(1, 100)
      return trade({ sym: contract(n), t: t + i, p, s, c: [isSpread ? 232 : 209] })
    })
    peer.send(...quotes, ...sent)
    await sleep(300)
  }
  for (let round = 0; round < ROUNDS; round++) await play(vendor.peers[0]!, round)
  await engine.received(prints)
  // the vendor forgets a connection that ends; the next one asks for no more either
  vendor.peers[0]!.socket.destroy()
  const again = await eventually('a new connection', () => vendor.peers[1])
  await eventually('its quotes', () => quotesOf(again).length > 0)
  for (let round = 0; round < 4; round++) await play(again, ROUNDS + round)
  await engine.received(prints)
  const coverage = async () => {
    const metrics = await engine.metrics()
    return ['feed', 'rest', 'none'].map(
      (source) => metrics.get(`flow_quote_coverage_prints_total{source="${source}"}`)!,
    )
  }
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count)
  await eventually('all prints labelled', async () => sum(await coverage()) >= withSide)
  await eventually('a round without changes', async () => {
    return (await engine.metric('flow_quoted_contracts')) === quotesOf(again).length
  })

  for (const peer of vendor.peers) {
    expect(mostQuoted(peer)).toBeGreaterThan(QUOTES_MAX / 2)
    expect(mostQuoted(peer)).toBeLessThanOrEqual(QUOTES_MAX)
  }
  const metrics = await engine.metrics()
  const changes = (change: string) => metrics.get(`flow_quote_changes_total{change="${change}"}`)!
  expect(changes('unsubscribe')).toBeGreaterThan(0)
  expect(changes('subscribe') - changes('unsubscribe')).toBe(quotesOf(again).length)
  for (const count of await coverage()) expect(count).toBeGreaterThan(0)
  expect(sum(await coverage())).toBe(withSide)
  const account = await engine.drain()
  expect([imbalance(account), account.received]).toEqual([0, prints])
})
