import { afterEach, expect, it } from 'vitest'
import { type Limits, limitsFor } from '../../src/engine/limits.ts'
import { Pipeline } from '../../src/engine/pipeline.ts'
import * as count from '../../src/shard/counts.ts'
import type { Definitions } from '../../src/slab/definitions.ts'
import { RowSlab } from '../../src/slab/row-slab.ts'
import type { PostedSlab } from '../../src/writer/messages.ts'
import { RulesModel } from '../model/rules-model.ts'
import { remove, rowOf } from '../model/run-tape.ts'
import type { ModelRow, Settings, TapeFrame } from '../model/types.ts'

const START = Date.UTC(2026, 7, 24, 14)
const SETTINGS: Settings = {
  rules: 'opra',
  symbols: new Set(['SPX', 'QQQ', 'IWM', 'SPY']),
  minSize: 5,
  windowMs: 500,
  quoteMaxAgeMs: 5000,
}
const CONTRACTS = [
  'O:SPXW260828C06475000',
  'O:QQQ260828C00500000',
  'O:IWM260828P00210000',
  'O:SPY260828P00640000',
  'O:SPY260828C00640000',
  'O:TSLA260828C00300000',
]

/** A seeded tape: quotes, prints on several venues, now and then a cancel. */
function tapeOf(events: number, seed: number): TapeFrame[] {
  let state = seed
  const next = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const frames: TapeFrame[] = []
  let now = START
  for (let q = 1; q <= events; q++) {
    now += next(40)
    const sym = CONTRACTS[next(CONTRACTS.length)]
    const event =
      next(3) === 0
        ? { ev: 'Q', sym, bx: 302, ax: 302, bp: 1, ap: 1 + next(5) / 100, bs: 5, as: 5, t: now, q }
        : {
            ...{ ev: 'T', sym, x: 300 + next(4), p: 0.99 + next(6) / 100, s: 1 + next(30) },
            ...{ t: now, q, c: [[209], [219], [232], [201]][next(40) === 0 ? 3 : next(3)] },
          }
    frames.push({ recv: now + 5, frame: JSON.stringify([event]) })
  }
  return frames
}

type Posted = {
  readonly pipeline: Pipeline
  readonly rows: ModelRow[]
  readonly posted: PostedSlab[]
  readonly counts: Float64Array
  readonly blocked: { times: number }
  /** Resolves when the intake takes frames again. */
  whenFree(): Promise<void>
}

const open: Pipeline[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((pipeline) => pipeline.close()))
})

/** The pipeline with real shards; rows are read where the writer would take them. */
function start(
  shards: number,
  onPost: (pipeline: Pipeline, slab: PostedSlab) => void,
  limits: Partial<Limits> = {},
): Posted {
  const rows: ModelRow[] = []
  const posted: PostedSlab[] = []
  const sets: (readonly (number | string)[])[] = [[]]
  const counts = new Float64Array(count.COUNTS)
  const blocked = { times: 0 }
  let free = () => {}
  const pipeline: Pipeline = new Pipeline({
    watched: SETTINGS.symbols,
    shards,
    connections: 1,
    limits: { ...limitsFor(shards), printLogRows: 1 << 16, ...limits },
    classifier: { ...SETTINGS, lookupPremium: 0 },
    writer: {
      define: (d: Definitions) => {
        d.conditionSets.forEach((set, i) => {
          sets[d.firstConditionSet + i] = set
        })
      },
      post: (slab) => {
        posted.push(slab)
        const view = new RowSlab(slab.buffer)
        for (let row = 0; row < slab.rows; row++) {
          rows.push(rowOf(view, row, pipeline.dictionary, sets))
        }
        onPost(pipeline, slab)
      },
      requote: () => {},
      cancel: (cancels) => {
        for (const cancel of cancels) remove(rows, cancel, pipeline.dictionary)
      },
    },
    onStatus: () => {},
    onData: () => {},
    onBlocked: () => {
      blocked.times++
    },
    onUnblocked: () => free(),
    onLag: () => {},
    onResult: (result) => {
      result.counts.forEach((n, i) => {
        counts[i]! += n
      })
    },
    onError: (error) => {
      throw error
    },
  })
  open.push(pipeline)
  const whenFree = () =>
    new Promise<void>((resolve) => {
      free = resolve
    })
  return { pipeline, rows, posted, counts, blocked, whenFree }
}

async function feed(run: Posted, frames: readonly TapeFrame[]): Promise<void> {
  for (const { recv, frame } of frames) {
    const stamp = { recv, clock: recv, connection: 0, readAt: Date.now() }
    run.pipeline.push(Buffer.from(frame), false, stamp)
    if (run.pipeline.isBlocked) await run.whenFree()
  }
}

const names = (rows: readonly ModelRow[]) =>
  rows
    .map((row) => {
      const { contract, timestamp, arrival, tradeType, sentiment, side, size, eventLegs } = row
      return [contract, timestamp, arrival, tradeType, sentiment, side, size, eventLegs].join(' ')
    })
    .sort()

const release = (pipeline: Pipeline, slab: PostedSlab) => {
  setImmediate(() => pipeline.release({ slabs: [slab], cancels: 0, requotes: 0 }))
}

it.each([1, 2, 4])('gives the rows of the rules on %i shard threads', async (shards) => {
  const frames = tapeOf(3000, 11)
  const model = new RulesModel(SETTINGS).run(frames)
  const run = start(shards, release)
  await feed(run, frames)
  await run.pipeline.drain()
  expect(names(run.rows)).toEqual(names(model.rows))
  const { counts } = run.pipeline.decoder
  expect(counts.received).toBe(model.account.received)
  expect(counts.filtered).toBe(model.account.filtered)
  expect(run.counts[count.COUNT_CANCELLED]).toBe(model.account.cancelled)
  expect(run.counts[count.COUNT_BELOW_MIN_SIZE]).toBe(model.account.below_min_size)
  expect(run.pipeline.held).toBe(0)
})

it('stops reading while the writer keeps its slabs, and loses nothing', async () => {
  const frames = tapeOf(3000, 5)
  const many: TapeFrame[] = []
  for (let hour = 0; hour < 60; hour++) {
    // the same tape hour by hour: enough rows to fill every slab there is
    for (const { recv, frame } of frames) {
      const shift = hour * 3_600_000
      const text = frame.replace(/"t":(\d+)/g, (_, t) => `"t":${Number(t) + shift}`)
      many.push({ recv: recv + shift, frame: text.replace(/"q":(\d+)/g, `"q":$1${hour}`) })
    }
  }
  let isStalled = true
  const run = start(2, (pipeline, slab) => {
    if (!isStalled) release(pipeline, slab)
  })
  const fed = feed(run, many)
  const limits = limitsFor(2)
  await expect.poll(() => run.pipeline.isBlocked, { timeout: 30_000 }).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(run.pipeline.isBlocked).toBe(true)
  expect(run.posted.length).toBeLessThanOrEqual(limits.rowSlabs)
  expect(run.pipeline.credits).toBe(0)
  const stalled = run.posted.slice()
  isStalled = false
  run.pipeline.release({ slabs: stalled, cancels: 0, requotes: 0 })
  await fed
  await run.pipeline.drain()
  expect(run.blocked.times).toBeGreaterThan(0)
  const { received, filtered } = run.pipeline.decoder.counts
  const accounted =
    filtered +
    run.counts[count.COUNT_DUPLICATE]! +
    run.counts[count.COUNT_CANCELLED]! +
    run.counts[count.COUNT_BELOW_MIN_SIZE]! +
    run.counts[count.COUNT_ROWS]!
  expect(accounted).toBe(received)
})

it('knows each contract once, also of a slab that had to wait half read', async () => {
  const strike = (i: number) => `O:QQQ260828C${`${1000 * (i + 1)}`.padStart(8, '0')}`
  const frames: TapeFrame[] = []
  const HELD = 10_000
  for (let i = 0; i < HELD + 4000; i += 50) {
    // all are held until the first event of the later ones: more rows than row slabs can take
    const t = START + (i < HELD ? 0 : 1000)
    const events = Array.from({ length: 50 }, (_, k) => {
      const sym = strike(i + k)
      const quote = { ev: 'Q', sym, bp: 1, ap: 1.1, bs: 1, as: 1, t, q: 1 }
      return [quote, { ev: 'T', sym, x: 302, p: 1.1, s: 5 + ((i + k) % 997), t, q: 2 }]
    })
    frames.push({ recv: t + 5, frame: JSON.stringify(events.flat()) })
  }
  const run = start(1, release, { rowSlabs: 1 })
  await feed(run, frames)
  await run.pipeline.drain()
  const found = run.rows.map((row) => `${row.contract} ${row.size}`).sort()
  const sent = Array.from({ length: HELD + 4000 }, (_, i) => `${strike(i)} ${5 + (i % 997)}`)
  expect(found).toEqual(sent.sort())
})

it('stops reading when too many cancels wait for the writer', async () => {
  const run = start(1, release)
  const sym = 'O:QQQ260828C00500000'
  const { cancels } = limitsFor(1)
  const frames = Array.from({ length: 5 * cancels }, (_, i) => ({
    recv: START,
    frame: JSON.stringify([{ ev: 'T', sym, x: 302, p: 1, s: 1, c: [201], t: START, q: i + 1 }]),
  }))
  const fed = feed(run, frames)
  const cancelled = () => run.counts[count.COUNT_CANCELLED]!
  await expect.poll(cancelled, { timeout: 30_000 }).toBeGreaterThanOrEqual(cancels)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(run.pipeline.isBlocked).toBe(true)
  const waiting = cancelled()
  expect(waiting).toBeLessThan(cancels + 4096)
  const storing = setInterval(
    () => run.pipeline.release({ slabs: [], cancels: 4096, requotes: 0 }),
    1,
  )
  await fed
  await run.pipeline.drain()
  clearInterval(storing)
  expect(cancelled()).toBe(frames.length)
})

it('closes the windows of a quiet underlying on the reading clock alone', async () => {
  const run = start(1, release)
  const sym = 'O:QQQ260828C00500000'
  const quote = { ev: 'Q', sym, bp: 1, ap: 1.1, bs: 1, as: 1, t: START, q: 1 }
  const print = { ev: 'T', sym, x: 302, p: 1.1, s: 50, t: START + 10, q: 2 }
  const frame = Buffer.from(JSON.stringify([quote, print]))
  run.pipeline.push(frame, false, { recv: START, clock: 100, connection: 0, readAt: Date.now() })
  await expect.poll(() => run.pipeline.held).toBe(1)
  run.pipeline.passTime([1100])
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(run.pipeline.held).toBe(1) // exactly 2W: not more
  run.pipeline.passTime([1101])
  await expect.poll(() => run.rows.length).toBe(1)
  expect(run.rows[0]).toMatchObject({ tradeType: 'REGULAR', side: 'BUY' })
})
