import { describe, expect, test } from 'vitest'
import { seeded } from '../../bench/kit/random.ts'
import { documentOf } from '../../bench/soak/report.ts'
import type { Sample } from '../../bench/soak/samples.ts'
import type { Buckets } from '../../bench/soak/statistics.ts'
import { type Check, checks, type Ending, logFullAt } from '../../bench/soak/verdict.ts'

const MIB = 2 ** 20
const RATE = 10_000
const SENT = 3600 * RATE
const LOG_ROWS = 4_194_304

type Made = {
  /** Bytes that are never given back, each print. */
  readonly leak?: number
  /** Handles that are never given back, an hour. */
  readonly handles?: number
  /** How much slower commits are in the last quarter. */
  readonly slower?: number
}

/** An hour of samples with the noise of a garbage collector and a snapshot each minute. */
function hour({ leak = 0, handles = 0, slower = 1 }: Made = {}): Sample[] {
  const random = seeded(5)
  return Array.from({ length: 361 }, (_, n): Sample => {
    const atS = n * 10
    const received = atS * RATE
    const log = 66 * Math.min(LOG_ROWS, received)
    const snapshot = n % 6 === 0 ? 270 * MIB : 0
    const slow = slower === 1 ? 0 : Math.max(0, n - 270)
    const latency: Buckets = [
      [0.01, 90 * n - 90 * slow],
      [0.1, 100 * n - 90 * slow],
      [1, 100 * n],
      [Number.POSITIVE_INFINITY, 100 * n],
    ]
    return {
      atS,
      rss: 250 * MIB + log + snapshot + leak * received + 10 * MIB * random(),
      heap: 20 * MIB + 15 * MIB * random(),
      external: 40 * MIB + snapshot,
      fds: 38 + Math.floor(2 * random()) + Math.floor((handles * atS) / 3600),
      threads: 13,
      cpuS: atS * 0.6,
      lagP99: 0.011,
      lagMax: 0.02,
      stalls: 0,
      stalledS: 0,
      latency: {
        receive_to_committed: latency,
        receive_to_classified: latency,
        classified_to_committed: latency,
      },
      spool: 500 * MIB,
      credits: 12,
      contracts: 6000,
      reconnects: 0,
      database: received * 200,
      account: account(received),
      feed: {
        port: 1,
        contracts: 6000,
        printsPerRound: 200_000,
        quotesPerRound: 800_000,
        prints: received,
        quotes: 4 * received,
        startedAt: 1,
        aheadBytesMax: 0,
        lateMsMax: 3,
        connections: 1,
      },
    }
  })
}

function account(received: number): Sample['account'] {
  const stored = received / 2
  const none = { filtered: 0, duplicate: 0, cancelled: 0, dropped: 0 }
  return { received, ...none, below_min_size: received - stored, stored }
}

const GOOD: Ending = {
  early: null,
  exitCode: 0,
  sent: SENT,
  rows: SENT / 2 - 7,
  removed: 7,
  last: account(SENT),
}

/** Names of the questions whose answer is bad. */
const bad = (found: readonly Check[]): string[] =>
  found.filter(({ isGood }) => !isGood).map(({ name }) => name)

describe('the verdict of an hour', () => {
  test('is good when memory, handles and latency stay as they are', () => {
    const samples = hour()
    expect(bad(checks(samples, GOOD))).toEqual([])
    expect(logFullAt(samples)).toBe(420)
  })

  test('finds two bytes that are lost with each print', () => {
    expect(bad(checks(hour({ leak: 2 }), GOOD))).toEqual(['resident memory'])
  })

  test('finds a handle that is lost every five minutes', () => {
    expect(bad(checks(hour({ handles: 12 }), GOOD))).toEqual(['file descriptors'])
  })

  test('finds commits that have become slow', () => {
    expect(bad(checks(hour({ slower: 10 }), GOOD))).toEqual([
      'latency, receive_to_committed',
      'latency, classified_to_committed',
    ])
  })

  test('finds prints that are missing, or in the table and not in the account', () => {
    const lost = { ...GOOD, last: account(SENT - 2) }
    expect(bad(checks(hour(), lost))).toEqual(['received', 'table'])
    const odd = { ...GOOD, last: { ...account(SENT), stored: SENT / 2 - 1 } }
    expect(bad(checks(hour(), odd))).toEqual(['account', 'table'])
    expect(bad(checks(hour(), { ...GOOD, rows: GOOD.rows + 1 }))).toEqual(['table'])
    const died = { ...GOOD, early: 'the engine ended', exitCode: 1, last: null }
    const names = ['account', 'received', 'table', 'exit code', 'length']
    expect(bad(checks(hour(), died))).toEqual(names)
  })
})

test('the report says it all, with a line for each five minutes', () => {
  const samples = hour()
  const text = documentOf({
    machine: 'a machine',
    commit: 'abc',
    startedAt: new Date(0),
    command: 'npm run soak',
    minSize: '10',
    samples,
    checks: checks(samples, GOOD),
    saved: [{ bytes: 277 * MIB, ms: 900, shard_ms: 90 }],
    troubles: ['{"level":"warn","msg":"slow"}'],
    troubleCount: 3,
  })
  expect(text).toContain('**Passed.** 60.0 minutes, 10000 prints a second\nwith 4.0 quotes each')
  expect(text.match(/^\| \d+-\d+ \|/gm)?.length).toBe(12)
  expect(text).toContain('3 warnings and errors')
  expect(text).toContain('full after 7.0 minutes')
  expect(text).not.toMatch(/NaN|undefined|null/)
})
