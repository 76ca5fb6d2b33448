import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { QuoteSource } from '../../src/domain/labels.ts'
import { readWindow } from '../../src/flow/query.ts'
import { VECTOR_COLUMNS, type VectorColumn } from '../../src/rollup/vector.ts'
import { type Batch, newBatch } from '../../src/writer/batch.ts'
import { CopyBuffer } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { migrate } from '../../src/writer/migrate.ts'
import { storeBatch } from '../../src/writer/transaction.ts'
import { queryOf } from '../flow/stored-flow.ts'
import { drift } from '../rollup/drift.ts'
import { definitionsOf, type Row, slabOf } from '../writer/rows.ts'
import { startTestPostgres, type TestPostgres } from './database.ts'
import { cancelOf } from './started-writer.ts'

const TICKERS = ['O:SPXW251219C06475000', 'O:SPXW251219P06475000']
/** Not at the start of a minute. */
const START = Date.UTC(2025, 10, 21, 15) + 37_123
const TYPES = ['SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR']
const MANNERS = ['PASSIVE', 'NORMAL', 'AGGRESSIVE']
const COUNTS = ['sweep', 'block', 'split', 'large'] as const

let server: TestPostgres
let url: string
let client: pg.Client

beforeAll(async () => {
  server = await startTestPostgres()
  url = await server.freshDatabase()
  client = new pg.Client({ connectionString: url })
  await client.connect()
  await migrate(client)
  await client.query('INSERT INTO flow_batches VALUES (gen_random_uuid(), 0, 0, 0) RETURNING *')
})
afterAll(async () => {
  await client.end()
  await server.stop()
})

/** What a print's labels were from when on; null: it was cancelled. */
type Version = { readonly from: number; readonly row: Row | null }
type Print = { readonly row: Row; readonly knownAt: number; readonly versions: Version[] }

const labels = fc.record({
  tradeType: fc.integer({ min: 0, max: 4 }),
  sentiment: fc.integer({ min: 0, max: 2 }),
  aggressiveness: fc.integer({ min: 0, max: 2 }),
  side: fc.integer({ min: 0, max: 3 }),
})
const change = fc.record({
  kind: fc.constantFrom('rows', 'rows', 'rows', 'cancel', 'requote', 'fill', 'revise'),
  passed: fc.constantFrom(0, 1, 40, 3_000, 25_000, 61_000),
  /** How much older than the change the prints are. */
  age: fc.constantFrom(-30_000, 0, 0, 15, 15, 2_000, 59_000, 70_000, 200_000),
  isTold: fc.boolean(),
  count: fc.integer({ min: 1, max: 4 }),
  which: fc.nat(),
  contract: fc.integer({ min: 0, max: 1 }),
  size: fc.integer({ min: 1, max: 5_000 }),
  labels,
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** Makes the changes to an empty table, and gives the prints as they were. */
async function make(changes: readonly Change[]): Promise<{ prints: Print[]; end: number }> {
  await client.query('TRUNCATE options_flow_history, flow_cancels')
  const prints: Print[] = []
  let now = START
  let arrival = 0
  for (const { kind, passed, age, isTold, count, which, contract, size, labels } of changes) {
    now += passed
    const here = prints.filter(({ versions }) => versions.at(-1)!.row !== null)
    const print = here[which % Math.max(here.length, 1)]
    const known = isTold ? now : now - 5
    const change = (row: Row | null) => {
      const from = Math.max(print!.versions.at(-1)!.from, known)
      print!.versions.push({ from, row })
    }
    if (kind === 'rows' || kind === 'fill') {
      const isFill = kind === 'fill'
      const rows = Array.from({ length: count }, (): Row => {
        arrival++
        const time = now - age - (arrival % 3) * 20_000
        const numbers = { time, recv: isTold && !isFill ? now : Number.NaN, arrival }
        return { ...slabRow, ...numbers, sequence: arrival, contract, size, ...labels }
      })
      for (const row of rows) {
        const knownAt = isFill ? now : isTold ? now : row.time
        prints.push({ row, knownAt, versions: [{ from: knownAt, row }] })
      }
      await store({ rows, filledAt: isFill ? now : Number.NaN })
    } else if (print === undefined) {
    } else if (kind === 'cancel') {
      const { row } = print
      const recv = isTold ? known : Number.NaN
      await store({ cancels: [cancelOf(row, { time: known, recv, sequence: 1e6 + ++arrival })] })
      change(null)
    } else if (kind === 'requote') {
      const old = print.versions.at(-1)!.row!
      if (!Number.isNaN(old.bid)) continue
      const { tradeType } = old
      const quote = { bid: 1, ask: 2, bidSize: 1, askSize: 1, quoteAge: 1, recv: known }
      const requote = {
        ...{ contract: old.contract, time: old.time, sequence: old.sequence },
        ...{
          arrival: old.arrival,
          quoteSource: QuoteSource.Rest,
          customerSide: 3,
          customerRule: 0,
        },
        ...{ isAboveAsk: false, isBelowBid: false, ...quote, ...labels },
      } as unknown as Batch['requotes'][number]
      await store({ requotes: [requote] })
      change({ ...old, bid: 1, ...labels, tradeType })
    } else {
      const { sentiment, side, ...old } = print.versions.at(-1)!.row!
      const { tradeType, aggressiveness } = labels
      await client.query('BEGIN')
      await client.query("SELECT set_config('flow.known_at', $1, true)", [`${known}`])
      await client.query(
        `UPDATE options_flow_history SET trade_type = $1, aggressiveness = $2, revised_at = $3
         WHERE arrival = $4`,
        [
          TYPES[tradeType],
          MANNERS[aggressiveness],
          print.versions.at(-1)!.from > known ? print.versions.at(-1)!.from : known,
          old.arrival,
        ],
      )
      await client.query('COMMIT')
      change({ ...old, sentiment, side, tradeType, aggressiveness })
    }
  }
  return { prints, end: now }
}

const slabRow: Row = {
  ...{ time: 0, recv: 0, sequence: 0, price: 20_000, bid: Number.NaN, ask: Number.NaN },
  ...{
    eventTime: 0,
    contract: 0,
    arrival: 0,
    eventArrival: 0,
    size: 1,
    exchange: 302,
    bidSize: -1,
  },
  ...{ askSize: -1, quoteAge: 0, eventLegs: 0, eventSpan: 0, dte: 28, conditions: 0, flags: 0 },
  ...{ tradeType: 4, sentiment: 2, aggressiveness: 1, side: 3, underlyingPrice: Number.NaN },
  ...{ averageSum: 0, averageCount: 0, averageScope: 0, dayVolume: 1, openInterest: -1 },
  ...{ multiplier: 100, sizePercentile: 65_535, premiumPercentile: 65_535, percentileSample: 0 },
  ...{ customerSide: 3, customerRule: 0, quoteSource: 0, underlyingSource: 0 },
}

let batchNumber = 0

async function store(what: {
  rows?: readonly Row[]
  filledAt?: number
  cancels?: Batch['cancels']
  requotes?: Batch['requotes']
}): Promise<void> {
  const { rows = [], filledAt = Number.NaN, cancels = [], requotes = [] } = what
  const copy = new CopyBuffer()
  const encoder = new RowEncoder('opra', filledAt)
  encoder.define(definitionsOf(TICKERS))
  encoder.encode(slabOf(rows), 0, rows.length, copy, 10_000, 1 << 28)
  const batch = newBatch(copy)
  batch.cancels.push(...cancels)
  batch.requotes.push(...requotes)
  const { rows: writers } = await client.query('SELECT writer FROM flow_batches')
  const tickerOf = (contract: number) => TICKERS[contract]!
  const about = { tickerOf, storedUpTo: -1, minSize: 1, resumes: 'nothing', onCommit: () => {} }
  const job = { client, writer: writers[0].writer, batchNumber: ++batchNumber, batch, ...about }
  await storeBatch(job as Parameters<typeof storeBatch>[0])
}

/** The window before `at` by looking at every print. */
function modelled(prints: readonly Print[], at: number, windowMs: number, isAsOf: boolean) {
  const sums = Object.fromEntries(VECTOR_COLUMNS.map((column) => [column, 0])) as Record<
    VectorColumn,
    number
  >
  for (const { row, knownAt, versions } of prints) {
    // what is more than a minute ahead of a moment is of a tape of another day
    const isAhead = row.time >= (Math.floor(at / 60_000) + 2) * 60_000
    if (row.time <= at - windowMs || isAhead || (isAsOf && knownAt > at)) continue
    const version = isAsOf ? versions.findLast(({ from }) => from <= at) : versions.at(-1)
    const now = version!.row
    if (now === null) continue
    const premium = now.size * 200
    sums.trades++
    sums.volume += now.size
    sums.premium += premium
    if (now.contract === 0) {
      sums.call_volume += now.size
      sums.call_premium += premium
    }
    const type = COUNTS[now.tradeType]
    if (type !== undefined) {
      sums[`${type}_count`]++
      sums[`${type}_premium`] += premium
    }
    if (now.side > 1) continue
    sums[now.side === 0 ? 'buy_volume' : 'sell_volume'] += now.size
    sums[now.side === 0 ? 'buy_premium' : 'sell_premium'] += premium
    if (now.sentiment === 0) sums.bullish_premium += premium
    if (now.sentiment === 1) sums.bearish_premium += premium
    if (now.aggressiveness === 2) sums.aggressive_premium += premium
    if (now.aggressiveness === 0) sums.passive_premium += premium
  }
  return sums
}

it('gives of any moment what was known then, whatever happened since', async () => {
  let changed = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 2, maxLength: 25 }),
      fc.array(fc.double({ min: -0.02, max: 1.1, noNaN: true }), { minLength: 6, maxLength: 6 }),
      async (changes, places) => {
        const { prints, end } = await make(changes)
        expect(await drift(url)).toEqual([])
        changed += prints.filter(({ versions }) => versions.length > 1).length
        const versionTimes = prints.flatMap(({ versions }) => versions.map(({ from }) => from))
        const moments = [
          ...places.map((place) => Math.floor(START + place * (end - START))),
          ...versionTimes.flatMap((time) => [time - 1, time]).slice(0, 8),
          Math.ceil(end / 60_000) * 60_000,
        ]
        for (const at of moments) {
          for (const windowMs of [200_000, 3_600_000]) {
            for (const isAsOf of [true, false]) {
              const asked = { symbol: 'SPX', windowMs, at, isAsOf }
              const { sums } = await readWindow(queryOf(client), asked)
              const about = `${at - START} ${windowMs} ${isAsOf}`
              const found = Object.fromEntries(VECTOR_COLUMNS.map((name) => [name, sums[name]]))
              expect(found, about).toEqual(modelled(prints, at, windowMs, isAsOf))
            }
          }
        }
      },
    ),
    { numRuns: 30 },
  )
  expect(changed).toBeGreaterThan(50)
}, 120_000)
