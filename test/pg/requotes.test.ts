import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import {
  Aggressiveness,
  CustomerRule,
  QuoteSource,
  Sentiment,
  Side,
} from '../../src/domain/labels.ts'
import type { Cancel } from '../../src/slab/cancel.ts'
import type { Requote } from '../../src/slab/requote.ts'
import { newBatch } from '../../src/writer/batch.ts'
import { CopyBuffer } from '../../src/writer/copy-buffer.ts'
import { migrate } from '../../src/writer/migrate.ts'
import { storeBatch } from '../../src/writer/transaction.ts'
import { drift } from '../rollup/drift.ts'
import { PLAIN, type Row } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { AT, block, boughtOn, logged, replaced } from './event-rows.ts'
import { cancelOf, postRows, startedWriter, TICKER } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})
afterEach(async () => {
  expect(await drift(url)).toEqual([])
})

/** The quote 9.71 to 10, which came late for this row and makes it a sale. */
function requoteOf(row: Partial<Row>, change: Partial<Requote> = {}): Requote {
  const { contract, time, sequence, arrival } = { ...PLAIN, ...row }
  return {
    ...{ contract, time, sequence, arrival },
    recv: time + 1_234,
    bid: 97_100,
    ask: 100_000,
    bidSize: 17,
    askSize: -1,
    quoteAge: 420,
    quoteSource: QuoteSource.Rest,
    side: Side.Sell,
    sentiment: Sentiment.Bearish,
    aggressiveness: Aggressiveness.Aggressive,
    isAboveAsk: false,
    isBelowBid: true,
    customerSide: Side.Buy,
    customerRule: CustomerRule.QuoteBest,
    ...change,
  }
}

/** One life of a writer: stores rows, then applies late quotes and cancels, and ends. */
async function life(
  rows: readonly Partial<Row>[],
  requotes: readonly Requote[],
  cancels: readonly Cancel[] = [],
): Promise<void> {
  const { writer, seen } = await startedWriter(url)
  if (rows.length > 0) postRows(writer, rows)
  writer.requote(requotes)
  writer.cancel(cancels)
  await writer.drain()
  await writer.stop()
  expect(seen.errors).toEqual([])
}

const unquoted = (arrival: number): Partial<Row> => ({ ...block(arrival), size: 40, tradeType: 4 })

const rowsByArrival = () =>
  query<Record<string, unknown>>(url, 'SELECT * FROM options_flow_history ORDER BY arrival')

it('gives the stored row the labels of the late quote, and no other row', async () => {
  await life([unquoted(1), unquoted(2), unquoted(3)], [requoteOf(unquoted(2))])
  const rows = await rowsByArrival()
  expect(rows[1]).toMatchObject({
    bid: '9.71',
    ask: '10',
    bid_size: 17,
    ask_size: null,
    quote_age_ms: 420,
    quote_source: 'rest',
    side: 'SELL',
    sentiment: 'BEARISH',
    aggressiveness: 'AGGRESSIVE',
    is_above_ask: false,
    is_below_bid: true,
    customer_side: 'BUY',
    customer_rule: 'quote_best',
    customer_confidence: expect.closeTo(0.637),
    revision: 1,
    revised_at: `${PLAIN.time + 2 + 1_234}`,
  })
  const plain = { bid: null, side: 'UNKNOWN', quote_source: null, customer_rule: null, revision: 0 }
  expect(rows[0]).toMatchObject(plain)
  expect(rows[2]).toMatchObject(plain)
})

it('leaves the confidence open where no rule told the customer side', async () => {
  const none = { customerSide: Side.Unknown, customerRule: CustomerRule.None }
  await life([unquoted(1)], [requoteOf(unquoted(1), none)])
  expect(await rowsByArrival()).toMatchObject([
    { customer_side: 'UNKNOWN', customer_rule: null, customer_confidence: null, revision: 1 },
  ])
})

it('leaves what the tick test told where the late quote cannot tell the customer side', async () => {
  const told = { customerSide: Side.Sell, customerRule: CustomerRule.TickAll }
  const none = { customerSide: Side.Unknown, customerRule: CustomerRule.None }
  await life([{ ...unquoted(1), ...told }], [requoteOf(unquoted(1), none)])
  const kept = { customer_side: 'SELL', customer_rule: 'tick_all' }
  expect(await rowsByArrival()).toMatchObject([
    { ...kept, customer_confidence: expect.closeTo(0.533), side: 'SELL', revision: 1 },
  ])
})

it('revises the event that the print is by itself, and keeps the version before', async () => {
  await life([block(31), ...boughtOn([302, 308], 11)], [requoteOf(block(31))])
  const [sweep, event] = await logged(url)
  expect(sweep).toMatchObject({ kind: 'SWEEP', revision: 1, side: 'BUY' })
  expect(event).toMatchObject({
    kind: 'BLOCK',
    revision: 2,
    reason: 'late quote',
    side: 'SELL',
    sentiment: 'BEARISH',
    total_size: '600',
    why:
      'one print of 600 contracts: 500 or more; ' +
      'its quote came late (bid $9.71, ask $10), which makes it SELL',
  })
  expect(await replaced(url)).toMatchObject([
    { event_id: event!.event_id, revision: 1, reason: 'found', side: 'UNKNOWN' },
  ])
})

it('changes nothing of a row that has a quote, or a second time, or for an unknown print', async () => {
  const quoted = boughtOn([302, 308], 11)
  const other = requoteOf(block(31), { side: Side.Buy })
  await life(
    [...quoted, block(31)],
    [
      requoteOf(quoted[0]!),
      requoteOf(block(31), { arrival: 30, side: Side.Buy }),
      requoteOf(block(31), { sequence: 30, side: Side.Buy }),
      requoteOf(block(31), { time: AT + 30, side: Side.Buy }),
      requoteOf(block(31)),
      other,
    ],
  )
  const rows = await rowsByArrival()
  expect(rows.map(({ side, revision }) => [side, revision])).toEqual([
    ['BUY', 0],
    ['BUY', 0],
    ['SELL', 1],
  ])
  expect((await logged(url)).map((event) => event.revision)).toEqual([1, 2])
})

it('finds the row that an earlier process stored under its own arrival number', async () => {
  await life([block(31)], [])
  const again = { ...block(31), arrival: 3 }
  await life([again], [requoteOf(again)])
  expect(await rowsByArrival()).toMatchObject([{ arrival: 31, side: 'SELL', revision: 1 }])
  expect(await logged(url)).toMatchObject([{ revision: 2, side: 'SELL' }])
  // the same tape once more
  await life([again], [requoteOf(again)])
  expect(await rowsByArrival()).toMatchObject([{ revision: 1 }])
  expect(await logged(url)).toMatchObject([{ revision: 2 }])
})

it('comes before the cancel of the same print', async () => {
  await life([block(31)], [requoteOf(block(31))], [cancelOf(block(31))])
  expect(await rowsByArrival()).toEqual([])
  expect(await logged(url)).toMatchObject([{ revision: 3, reason: 'cancel', is_void: true }])
  expect((await replaced(url)).map((version) => version.reason)).toEqual(['found', 'late quote'])
})

it('sets aside a quote that PostgreSQL refuses, and applies the others', async () => {
  const { writer, seen } = await startedWriter(url)
  await query(url, 'ALTER TABLE options_flow_history ADD CHECK (bid <> 7)')
  postRows(writer, [block(31), block(32)])
  writer.requote([requoteOf(block(31), { bid: 70_000 }), requoteOf(block(32))])
  await writer.drain()
  await writer.stop()
  expect(seen.errors.map((error) => error.reason)).toEqual(['data', 'data'])
  expect((await rowsByArrival()).map((row) => row.revision)).toEqual([0, 1])
  expect((await logged(url)).map((event) => event.revision)).toEqual([1, 2])
})

it('counts the rows that it revised, and does so once when a COMMIT is not known', async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await migrate(client)
  await life([block(31), block(32)], [])
  const writer = '00000000-0000-4000-8000-000000000001'
  await client.query(
    'INSERT INTO flow_batches (writer, batch, committed_at, received_to) VALUES ($1, 0, 0, 0)',
    [writer],
  )
  const batch = newBatch(new CopyBuffer())
  batch.requotes.push(requoteOf(block(31)), requoteOf(block(33)))
  batch.cancels.push(cancelOf(block(32)))
  const job = {
    client,
    writer,
    batchNumber: 1,
    batch,
    tickerOf: () => TICKER,
    onCommit: () => {},
    resumes: 'nothing' as const,
  }
  const stored = await storeBatch({
    ...job,
    storedUpTo: -1,
    minSize: 10,
    resumes: 'nothing' as const,
  })
  expect(stored).toMatchObject({ setAside: 0, repeated: 0, revised: 1 })
  // as the sink does when the answer to its COMMIT did not come
  expect(
    await storeBatch({ ...job, storedUpTo: -1, minSize: 10, resumes: 'nothing' as const }),
  ).toBeNull()
  await client.end()
  expect((await logged(url)).map((event) => event.revision)).toEqual([2, 2])
  expect(await replaced(url)).toHaveLength(2)
})
