/**
 * Row slabs to COPY bytes: the binary encoder beside a plain text encoder that builds strings, and
 * the whole writer thread into an embedded PostgreSQL with the time split by step.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Bench } from 'tinybench'
import { conditionText } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import {
  AGGRESSIVENESS_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
} from '../../src/domain/labels.ts'
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import type { Definitions } from '../../src/slab/definitions.ts'
import { ROW_SLAB_BYTES, ROW_SLAB_ROWS, RowSlab } from '../../src/slab/row-slab.ts'
import { exchangeText } from '../../src/writer/copy-blocks.ts'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { startWriter } from '../../src/writer/handle.ts'
import type { Committed } from '../../src/writer/messages.ts'

const CONTRACTS = 2_000
const CONDITION_SETS = [[209], [219], [232], [227], [248, 209]]
const OPEN = Date.UTC(2025, 10, 21, 14, 30)
const STORE_ROWS = 400_000
const STORE_SLABS = 24

export type EncodeResults = {
  readonly binaryRowsPerSecond: number
  readonly textRowsPerSecond: number
  readonly bytesPerRow: number
  readonly storedRowsPerSecond: number
  /** Share of the storing time, 0 to 1; encoding overlaps with COPY. */
  readonly encodeShare: number
  readonly copyShare: number
  readonly commitShare: number
}

/** Encodes and stores a seeded tape; every figure is checked for the right number of rows first. */
export async function run(): Promise<EncodeResults> {
  const definitions = tapeDefinitions()
  const slab = tapeSlab(new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES)), seeded(20_251_121), 0)
  const encoder = new RowEncoder()
  encoder.define(definitions)
  const out = new CopyBuffer()
  const encode = (): void => {
    out.clear()
    encoder.encode(slab, 0, ROW_SLAB_ROWS, out, ROW_SLAB_ROWS, 1 << 26)
  }
  encode()
  if (rowOffsets(out.bytes.subarray(0, out.length)).length !== ROW_SLAB_ROWS + 1) {
    throw new Error('the encoder must write every row of the slab')
  }
  let textBytes = 0
  const bench = new Bench({ time: 2_000, warmupTime: 500 })
  bench.add('binary COPY', encode)
  bench.add('text COPY', () => {
    textBytes = Buffer.byteLength(textOf(slab, definitions))
  })
  await bench.run()
  if (textBytes === 0) throw new Error('the text encoder wrote nothing')
  const [binary, text] = bench.tasks.map((task) => {
    if (!('throughput' in task.result)) throw new Error(`${task.name} failed`)
    return task.result.throughput.mean * ROW_SLAB_ROWS
  })
  return {
    binaryRowsPerSecond: binary!,
    textRowsPerSecond: text!,
    bytesPerRow: out.length / ROW_SLAB_ROWS,
    ...(await measureStore(definitions)),
  }
}

/** The writer thread with all its slabs in flight, as when the engine is ahead of the database. */
async function measureStore(definitions: Definitions) {
  const dataDir = await mkdtemp(join(tmpdir(), 'flow-bench-'))
  await chmod(dataDir, 0o755) // PostgreSQL may run as another user
  const postgres = await startEmbeddedPostgres({ dataDir, onLog: () => {} })
  const random = seeded(7)
  const seen: Committed[] = []
  let posted = 0
  const writer = await startWriter({
    databaseUrl: postgres.url,
    retentionDays: null,
    onCommitted: (committed) => {
      seen.push(committed)
      for (const slab of committed.slabs) postNext(slab.buffer)
    },
    onStoreError: (error) => console.error(error.message),
    onWaiting: () => {},
    onFatal: (error) => {
      throw error
    },
    onLog: () => {},
  })
  const postNext = (buffer: ArrayBuffer): void => {
    if (posted >= STORE_ROWS) return
    tapeSlab(new RowSlab(buffer), random, posted)
    posted += ROW_SLAB_ROWS
    const now = performance.timeOrigin + performance.now()
    writer.post({ buffer, rows: ROW_SLAB_ROWS, oldestReadAt: now, classifiedAt: now })
  }
  writer.define(definitions)
  const startedAt = performance.now()
  for (let slab = 0; slab < STORE_SLABS; slab++) postNext(new ArrayBuffer(ROW_SLAB_BYTES))
  while (writer.rowsWaiting > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  const tookMs = performance.now() - startedAt
  await writer.stop()
  await checkStored(postgres.url, posted)
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
  const sum = (step: (committed: Committed) => number): number =>
    seen.reduce((total, committed) => total + step(committed), 0) / tookMs
  return {
    storedRowsPerSecond: (posted / tookMs) * 1_000,
    encodeShare: sum((committed) => committed.encodeMs),
    copyShare: sum((committed) => committed.copyMs),
    commitShare: sum((committed) => committed.commitMs),
  }
}

async function checkStored(url: string, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const text = 'SELECT count(*)::integer AS rows FROM options_flow_history'
  const stored = (await client.query<{ rows: number }>(text)).rows[0]!.rows
  await client.end()
  if (stored !== rows) throw new Error(`stored rows must be ${rows}, were ${stored}`)
}

function tapeDefinitions(): Definitions {
  const contracts = Array.from({ length: CONTRACTS }, (_, place) => {
    const root = ['SPXW', 'SPY', 'QQQ', 'NDX', 'IWM'][place % 5]
    const strike = `${(100 + place) * 1_000}`.padStart(8, '0')
    return `O:${root}251219${place % 2 === 0 ? 'C' : 'P'}${strike}`
  })
  return { firstContract: 0, contracts, firstConditionSet: 1, conditionSets: CONDITION_SETS }
}

/** Fills a slab with a plausible tape: half the prints quoted, a sixth legs of an event. */
function tapeSlab(slab: RowSlab, random: () => number, first: number): RowSlab {
  for (let row = 0; row < ROW_SLAB_ROWS; row++) {
    const price = 100 + Math.floor(random() ** 3 * 500_000)
    const hasQuote = random() < 0.5
    const isLeg = random() < 1 / 6
    slab.time[row] = OPEN + Math.floor((first + row) / 20)
    slab.recv[row] = slab.time[row]! + 20
    slab.sequence[row] = 1_000_000 + first + row
    slab.price[row] = price
    slab.bid[row] = hasQuote ? price - 100 : Number.NaN
    slab.ask[row] = hasQuote ? price + 300 : Number.NaN
    slab.eventTime[row] = slab.time[row]! - 100
    slab.contract[row] = Math.floor(random() ** 2 * CONTRACTS)
    slab.arrival[row] = first + row + 1
    slab.eventArrival[row] = first + row
    slab.size[row] = 10 + Math.floor(random() ** 6 * 2_000)
    slab.exchange[row] = 300 + Math.floor(random() * 26)
    slab.bidSize[row] = 10
    slab.askSize[row] = 250
    slab.quoteAge[row] = Math.floor(random() * 5_000)
    slab.eventLegs[row] = isLeg ? 3 : 0
    slab.eventSpan[row] = 120
    slab.dte[row] = 28
    slab.conditions[row] = 1 + Math.floor(random() * CONDITION_SETS.length)
    slab.flags[row] = Math.floor(random() * 8)
    slab.tradeType[row] = Math.floor(random() * 5)
    slab.sentiment[row] = Math.floor(random() * 3)
    slab.aggressiveness[row] = Math.floor(random() * 3)
    slab.side[row] = Math.floor(random() * 4)
  }
  return slab
}

/** What one would write first: a string for each row, in COPY's text format. */
function textOf(slab: RowSlab, definitions: Definitions): string {
  const lines: string[] = []
  for (let row = 0; row < ROW_SLAB_ROWS; row++) {
    const contract = parseContract(definitions.contracts[slab.contract[row]!]!)!
    const price = slab.price[row]! / 10_000
    const flags = Array.from({ length: 7 }, (_, bit) => (slab.flags[row]! & (1 << bit) ? 't' : 'f'))
    const conditions = definitions.conditionSets[slab.conditions[row]! - 1]!.map(conditionText)
    const orNull = (value: number): string => (Number.isNaN(value) ? '\\N' : `${value}`)
    const hasEvent = slab.eventLegs[row]! > 0
    const event = `${contract.ticker}-${slab.eventTime[row]}-${slab.eventArrival[row]}`
    const expiration = new Date(contract.expirationDay * 86_400_000).toISOString().slice(0, 10)
    const fields = [
      contract.underlying,
      contract.ticker,
      contract.strikeMills / 1_000,
      expiration,
      contract.isCall ? 'call' : 'put',
      '\\N',
      TRADE_TYPE_TEXT[slab.tradeType[row]!],
      SENTIMENT_TEXT[slab.sentiment[row]!],
      AGGRESSIVENESS_TEXT[slab.aggressiveness[row]!],
      SIDE_TEXT[slab.side[row]!],
      ...flags,
      exchangeText(slab.exchange[row]!) ?? '\\N',
      `{${conditions.join(',')}}`,
      slab.time[row],
      price,
      slab.size[row],
      price * slab.size[row]! * 100,
      slab.dte[row],
      slab.arrival[row],
      orNull(slab.recv[row]!),
      orNull(slab.sequence[row]!),
      orNull(slab.bid[row]! / 10_000),
      orNull(slab.ask[row]! / 10_000),
      slab.bidSize[row],
      slab.askSize[row],
      slab.quoteAge[row],
      hasEvent ? event : '\\N',
      hasEvent ? slab.eventLegs[row] : '\\N',
      hasEvent ? slab.eventSpan[row] : '\\N',
    ]
    lines.push(fields.join('\t'))
  }
  return lines.join('\n')
}

/** mulberry32: small, seeded, good enough for a tape. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

if (import.meta.main) console.table(await run())
