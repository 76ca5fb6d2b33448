import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readRecording } from '../../src/recording/read.ts'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually, FlowProcess, flow, imbalance, killLeftovers } from './flow-process.ts'
import { SECRET_KEY } from './prints.ts'
import { rowTexts } from './table.ts'

/** What the rules need to know, to the recorder and to whoever plays the recording. */
const RULES = { FLOW_SYMBOLS: 'SPX,SPY,QQQ', FLOW_LOOKUP_PREMIUM: '3000', FLOW_MIN_SIZE: '1' }

let postgres: TestPostgres
let folder: string
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
  folder = mkdtempSync(join(tmpdir(), 'flow-evidence-'))
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function simulated(options: SimulatorOptions) {
  const simulator = await startSimulator(options)
  cleanups.push(() => simulator.close())
  return simulator
}

/** Records a synthetic market of so many prints with its REST and its clusters; the file. */
async function recorded(prints: number): Promise<string> {
  const simulator = await simulated({
    source: { kind: 'synthetic', seed: 11, rate: 400, prints, symbols: ['SPX', 'SPY', 'QQQ'] },
  })
  const recorder = new FlowProcess(['record', '--dir', folder], {
    ...RULES,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_REST_URL: simulator.restUrl,
    FLOW_REST_PER_SECOND: '200',
    FLOW_QUOTES_PER_CONNECTION: '40',
    FLOW_UNDERLYING: 'stocks,indices',
  })
  await simulator.finished
  await sleep(1500) // for the last answers
  expect(await recorder.kill('SIGTERM')).toBe(0)
  expect(recorder.said).not.toContain(SECRET_KEY)
  const [file, ...more] = readdirSync(folder)
  expect(more).toEqual([])
  return join(folder, file!)
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

async function replayed(file: string, shards: string) {
  const url = await postgres.freshDatabase()
  const run = await flow(['replay', file], { ...RULES, DATABASE_URL: url, FLOW_SHARDS: shards })
  expect([run.code, run.stderr, imbalance(run.account)]).toEqual([0, '', 0])
  const events = await query<{ event: string }>(
    url,
    `SELECT (to_jsonb(e) - 'recorded_at')::text AS event FROM flow_events e ORDER BY 1`,
  )
  return { url, rows: await rowTexts(url), events: events.map(({ event }) => event) }
}

describe('a recording with evidence', () => {
  it('holds what REST and the clusters said, and gives the same rows each time', async () => {
    const file = await recorded(2400)
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
    expect(first.rows.length).toBeGreaterThan(2000)
    expect(first.events.length).toBeGreaterThan(0)
    for (const shards of ['1', '2', '4']) {
      const again = await replayed(file, shards)
      expect(again.rows).toEqual(first.rows)
      expect(again.events).toEqual(first.events)
    }

    // the same frames over a socket, as fast as they are taken: the evidence of the tape is all
    // there is, because nobody is asked, and answers that came in time still do
    const tape = await simulated({
      source: { kind: 'tape', open: () => readRecording(file), speed: 'max' },
    })
    const url = await postgres.freshDatabase()
    const engine = new Engine({ ...RULES, DATABASE_URL: url, FLOW_FEED_URL: tape.wsUrl })
    await tape.finished
    await eventually('all windows closed', async () => (await engine.stats()).held === 0)
    await engine.drain()
    const without = ['received_at']
    expect(await rowTexts(url, without)).toEqual(await rowTexts(first.url, without))
  })
})
