import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createLog } from '../../src/console/log.ts'
import { FeedGate } from '../../src/engine/feed-gate.ts'
import { JournaledTarget } from '../../src/engine/journaled-target.ts'
import { limitsFor } from '../../src/engine/limits.ts'
import { Meter } from '../../src/engine/meter.ts'
import { Pipeline } from '../../src/engine/pipeline.ts'
import { Snapshots } from '../../src/engine/snapshots.ts'
import { Journal } from '../../src/journal/journal.ts'
import { readSnapshot, type SnapshotHeader } from '../../src/journal/snapshot-file.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'

const RULES = { rules: 'opra', minSize: 5, windowMs: 500, quoteMaxAgeMs: 5000 } as const
const HEADER: SnapshotHeader = {
  ...RULES,
  version: '1',
  shards: 1,
  lookupPremium: 0,
  symbols: ['SPY'],
}
const START = Date.UTC(2026, 7, 24, 14)

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function frame(q: number): Buffer {
  const what = { ev: 'T', sym: 'O:SPY260828P00640000', x: 302, p: 1, s: 10, c: [209] }
  return Buffer.from(JSON.stringify([{ ...what, t: START + q, q }]))
}

it('a journal that is full holds the feed until snapshots have made room, and no print is lost', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'flow-full-'))
  cleanups.push(async () => rmSync(dir, { recursive: true, force: true }))
  let stored = 0
  const pipeline: Pipeline = new Pipeline({
    watched: new Set(['SPY']),
    shards: 1,
    connections: 1,
    limits: { ...limitsFor(1), printLogRows: 1 << 16 },
    classifier: { ...RULES, lookupPremium: 0 },
    writer: {
      define: () => {},
      requote: () => {},
      cancel: () => {},
      post: (slab) => {
        stored += slab.rows
        pipeline.release({ slabs: [slab], cancels: 0, requotes: 0 })
      },
    },
    onStatus: () => {},
    onData: () => {},
    onBlocked: () => gate.hold('pipeline'),
    onUnblocked: () => gate.release('pipeline'),
    onLag: () => {},
    onResult: () => {},
    onError: (error) => {
      throw error
    },
  })
  cleanups.push(() => pipeline.close())
  const gate = new FeedGate(() => {})
  const troubles: (string | null)[] = []
  const journal = await Journal.open(dir, {
    maxBytes: 64 * 1024,
    syncMs: 1,
    secrets: [],
    after: null,
    onTrouble: (error) => troubles.push(error?.message ?? null),
    onProblem: () => {},
  })
  cleanups.push(() => journal.close())
  const said: string[] = []
  const metrics = createMetrics({ version: '1', rules: 'opra', symbols: ['SPY'] })
  const log = createLog({ format: 'json', secrets: [], write: (line) => said.push(line) })
  const snapshots = new Snapshots({
    dir,
    journal,
    given: () => target.given,
    pipeline,
    writer: { settled: async () => ({ writer: 'w', batch: 1, newest: 1 }) },
    gate,
    header: HEADER,
    restored: null,
    log,
    metrics,
    meter: new Meter(metrics),
    onSaved: () => {},
  })
  cleanups.push(async () => snapshots.close())
  let isPaused = false
  let pauses = 0
  gate.follow({
    pause: () => {
      isPaused = true
      pauses++
    },
    resume: () => {
      isPaused = false
    },
  })
  const target = new JournaledTarget(pipeline, journal.position, {
    journal,
    gate,
    onFull: () => void snapshots.makeRoom(),
    onThrow: (error) => {
      throw error
    },
  })
  target.open()
  let most = 0
  for (let q = 1; q <= 3000; q++) {
    while (isPaused) await gate.released
    const recv = START + q
    target.push(frame(q), false, { recv, clock: q, connection: 0, readAt: recv })
    most = Math.max(most, journal.bytes)
  }
  await pipeline.drain()
  expect(stored).toBe(3000)
  expect(pauses).toBeGreaterThan(2)
  expect(most).toBeLessThan(80 * 1024)
  expect(troubles[0]).toContain('FLOW_JOURNAL_MAX_MIB')
  expect(troubles.at(-1)).toBe(null)
  await snapshots.saveNow()
  const saved = await readSnapshot(
    dir,
    () => null,
    () => {},
  )
  expect(saved?.position).toEqual(journal.position)
})
