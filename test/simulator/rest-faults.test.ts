import { afterEach, expect, test } from 'vitest'
import { parseFault } from '../../src/simulator/faults.ts'
import { restTroubles } from '../../src/simulator/rest-faults.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'

let simulator: Simulator
afterEach(async () => {
  await simulator?.close()
})

const CONTRACTS = '/v3/reference/options/contracts'

async function start(...faults: readonly string[]): Promise<void> {
  simulator = await startSimulator({
    source: { kind: 'synthetic', symbols: ['SPY'] },
    faults: faults.map(parseFault),
    faultSeed: 7,
  })
}
async function get(path: string, signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: 'Bearer key' }
  return fetch(simulator.restUrl + path, signal === undefined ? { headers } : { headers, signal })
}

test('reads a share, and how late a late answer is', () => {
  expect(parseFault('rest500:10%')).toEqual({ name: 'rest500', share: 0.1, delayMs: 2000 })
  expect(parseFault('restdelay:2.5%:300ms')).toEqual({
    name: 'restdelay',
    share: 0.025,
    delayMs: 300,
  })
  expect(parseFault('rest429')).toEqual({ name: 'rest429' })
})

test.each([
  ['rest500:0%', 'expected a share above 0 % up to 100 %, came 0 %'],
  ['rest500:101%', 'came 101 %'],
  ['rest500:10%:2s', 'rest500 has no length'],
  ['rest500', 'no such fault, expected one of drop@10s'],
  ['rest500:10', 'no such fault'],
  ['drop:10%', 'no such fault'],
])('refuses %j', (text, why) => {
  expect(() => parseFault(text)).toThrow(why)
})

test('each trouble has its share, and the same seed brings the same ones', () => {
  const faults = ['rest429:20%', 'rest500:10%', 'resthang:5%', 'restempty:5%'].map(parseFault)
  const draw = (seed: number) => {
    const trouble = restTroubles(faults, seed)
    return Array.from({ length: 5000 }, () => trouble('/x')?.kind ?? 'none')
  }
  const kinds = draw(1)
  expect(draw(1)).toEqual(kinds)
  expect(draw(2)).not.toEqual(kinds)
  const share = (kind: string) => kinds.filter((one) => one === kind).length / kinds.length
  expect(share('throttle')).toBeCloseTo(0.2, 1)
  expect(share('error')).toBeCloseTo(0.1, 1)
  expect(share('hang')).toBeGreaterThan(0.03)
  expect(share('empty')).toBeGreaterThan(0.03)
  expect(share('none')).toBeCloseTo(0.6, 1)
})

test('refuses some requests with 429 and Retry-After, and answers the others', async () => {
  await start('rest429:50%')
  const answers = await Promise.all(Array.from({ length: 40 }, () => get(CONTRACTS)))
  const refused = answers.filter((answer) => answer.status === 429)
  expect(refused.length).toBeGreaterThan(5)
  expect(answers.filter((answer) => answer.status === 200).length).toBe(40 - refused.length)
  for (const answer of refused) expect(answer.headers.get('retry-after')).toBe('1')
})

test('fails with 500 in the shape of the vendor', async () => {
  await start('rest500:100%')
  const answer = await get(CONTRACTS)
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({ status: 'ERROR', error: 'Internal Server Error' })
})

test('answers late, never early', async () => {
  await start('restdelay:100%:120ms')
  const begun = performance.now()
  expect((await get(CONTRACTS)).status).toBe(200)
  expect(performance.now() - begun).toBeGreaterThan(115)
})

test('a request that hangs has no answer, and does not keep the simulator from closing', async () => {
  await start('resthang:100%')
  await expect(get(CONTRACTS, AbortSignal.timeout(150))).rejects.toThrow(/timeout/)
  const waiting = get(CONTRACTS)
  waiting.catch(() => {})
  await expect.poll(() => simulator.stats().restRequests).toBe(2)
  await simulator.close()
  await expect(waiting).rejects.toThrow()
})

test('an empty answer has no results and no next page, and knows no single contract', async () => {
  await start('restempty:100%')
  const body = (await (await get(CONTRACTS)).json()) as object
  expect(body).toMatchObject({ status: 'OK', results: [] })
  expect(body).not.toHaveProperty('next_url')
  expect((await get('/v3/snapshot/options/SPY/O:SPY261218C00650000')).status).toBe(404)
})

test('a wrong key is refused before anything else goes wrong', async () => {
  await start('rest500:100%')
  expect((await fetch(`${simulator.restUrl}${CONTRACTS}?apiKey=invalid`)).status).toBe(401)
})
