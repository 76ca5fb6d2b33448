import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readRecording } from '../../src/recording/read.ts'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually, FlowProcess, flow, imbalance, killLeftovers } from './flow-process.ts'
import { SECRET_KEY } from './prints.ts'
import { rowTexts } from './table.ts'

const SYMBOLS = ['SPX', 'SPY', 'QQQ']
/** What the rules need to know, to the recorder and to whoever plays the recording. */
const RULES = {
  FLOW_SYMBOLS: SYMBOLS.join(','),
  FLOW_LOOKUP_PREMIUM: '3000',
  FLOW_MIN_SIZE: '1',
}

let postgres: TestPostgres
let folder: string
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-evidence-'))
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  rmSync(folder, { recursive: true, force: true })
})
afterAll(() => postgres.stop())

async function simulated(options: SimulatorOptions) {
  const simulator = await startSimulator(options)
  cleanups.push(() => simulator.close())
  return simulator
}

/** Records a synthetic market with its REST and its clusters over so many connections; the file. */
async function recorded(connections: 1 | 3): Promise<string> {
  const source = { kind: 'synthetic', seed: 11, rate: 500, prints: 2000, symbols: SYMBOLS } as const
  const simulator = await simulated({
    source,
    maxConnections: connections,
    waitFor: connections,
  })
  const dir = join(folder, `${connections}`)
  const recorder = new FlowProcess(['record', '--dir', dir], {
    ...RULES,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_REST_URL: simulator.restUrl,
    FLOW_REST_PER_SECOND: '200',
    FLOW_QUOTES_PER_CONNECTION: '40',
    FLOW_UNDERLYING: 'stocks,indices',
    FLOW_SUBSCRIBE: connections === 1 ? 'wildcard' : 'contracts',
    FLOW_SYMBOLS_PER_CONNECTION: '1',
  })
  await simulator.finished
  await sleep(1500) // for the last answers
  expect(await recorder.kill('SIGTERM')).toBe(0)
  expect(recorder.said).not.toContain(SECRET_KEY)
  const [file, ...more] = readdirSync(dir)
  expect(more).toEqual([])
  return join(dir, file!)
}

/** How many events of each kind of ours a recording holds. */
async function evidenceIn(file: string): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {}
  for await (const batch of readRecording(file)) {
    for (const { bytes } of batch) {
      const text = Buffer.from(bytes).toString()
      expect(text).not.toContain(SECRET_KEY)
      if (!text.startsWith('[{"ev":"flow.')) continue
      for (const { ev } of JSON.parse(text) as { ev: string }[]) kinds[ev] = (kinds[ev] ?? 0) + 1
    }
  }
  return kinds
}

async function replayed(file: string, shards: string, settings: Record<string, string> = {}) {
  const url = await postgres.freshDatabase()
  const run = await flow(['replay', file], {
    ...RULES,
    DATABASE_URL: url,
    FLOW_SHARDS: shards,
    ...settings,
  })
  expect([run.code, run.stderr, imbalance(run.account)]).toEqual([0, '', 0])
  const events = await query<{ event: string }>(
    url,
    `SELECT (to_jsonb(e) - 'recorded_at')::text AS event FROM flow_events e ORDER BY 1`,
  )
  return { url, rows: await rowTexts(url), events: events.map(({ event }) => event) }
}

describe('a recording with evidence', () => {
  it.each([1, 3] as const)('over %i connection(s) gives the same rows each time', async (n) => {
    const file = await recorded(n)
    const kinds = await evidenceIn(file)
    expect(Object.keys(kinds)).toContain('flow.nbbo')
    expect(Object.keys(kinds)).toContain('flow.underlying')
    const first = await replayed(file, '1')
    const counts = await query<Record<string, string>>(
      first.url,
      `SELECT count(*) FILTER (WHERE quote_source = 'rest' AND side <> 'UNKNOWN') AS rest,
         count(*) FILTER (WHERE quote_source = 'feed') AS feed,
         count(*) FILTER (WHERE underlying_source = 'stocks') AS stocks,
         count(*) FILTER (WHERE underlying_source = 'indices') AS indices
       FROM options_flow_history`,
    )
    for (const [what, count] of Object.entries(counts[0]!)) {
      expect(Number(count), what).toBeGreaterThan(0)
    }
    expect(first.events.length).toBeGreaterThan(0)
    for (const shards of ['1', '2', '4']) {
      const again = await replayed(file, shards)
      expect(again.rows).toEqual(first.rows)
      expect(again.events).toEqual(first.events)
    }
  })

  it('gives the same rows when a vendor plays it to an engine', async () => {
    // without lookups: an engine that can ask nobody waits for no answer, and one that can asks
    // anew, so only a replay labels with the answers of the recording
    const settings = { FLOW_LOOKUP_PREMIUM: '0' }
    const file = await recorded(1)
    const replay = await replayed(file, '2', settings)
    const tape = await simulated({
      source: { kind: 'tape', open: () => readRecording(file), speed: 'max' },
    })
    const url = await postgres.freshDatabase()
    const engine = new Engine({
      ...RULES,
      ...settings,
      DATABASE_URL: url,
      FLOW_FEED_URL: tape.wsUrl,
    })
    await tape.finished
    await eventually('all windows closed', async () => (await engine.stats()).held === 0)
    expect(imbalance(await engine.drain())).toBe(0)
    const without = ['received_at']
    expect(await rowTexts(url, without)).toEqual(await rowTexts(replay.url, without))
  })
})
