/**
 * Send to commit at a fixed rate, open loop: the nth print is due n / rate seconds after the start,
 * and its latency counts from then on, whether the feed was on time or not. Prints without quotes,
 * so none is held for a sweep; every print is stored. Beside it an INSERT of up to 500 rows at a
 * time.
 */
import pg from 'pg'
import { WebSocket } from 'ws'
import { limitsFor } from '../../src/engine/limits.ts'
import { Pipeline } from '../../src/engine/pipeline.ts'
import { RowSlab } from '../../src/slab/row-slab.ts'
import { startWriter } from '../../src/writer/handle.ts'
import { type BenchDatabase, startDatabase } from '../kit/database.ts'
import { FeedServer, openSession } from '../kit/feed.ts'
import { type Figure, quantile, type Report, spreadOf } from '../kit/figures.ts'
import { INSERT_ROWS, insertPrints } from '../kit/insert.ts'
import { NaiveEngine, type NaivePrint } from '../kit/naive.ts'
import { printNumber } from '../kit/tape.ts'

const RUNS = 5
const RATE = 10_000
const PRINTS = 2 * RATE
/** The first of each run are left out: connections and partitions are new. */
const SKIPPED = RATE / 5
const SHAPE = { prints: 1, quotes: 0 }
const QUANTILES = [0.5, 0.99, 0.999]

type Clock = { readonly startAt: number; readonly round: number }

/** Latencies of one run, ms, by the number of the print. */
class Latencies {
  readonly #ms = new Float64Array(PRINTS).fill(Number.NaN)
  #clock: Clock | null = null
  #left = PRINTS
  readonly #all = Promise.withResolvers<void>()

  /** What the tape server says ahead of the first print. */
  said(message: string): void {
    const [word, startAt, round] = message.split(' ')
    if (word === 'start') this.#clock = { startAt: Number(startAt), round: Number(round) }
  }

  committed(sequence: number, committedAt: number): void {
    const { startAt, round } = this.#clock!
    const n = printNumber(sequence, round)
    if (!Number.isNaN(this.#ms[n]!)) throw new Error(`print ${n} was committed twice`)
    this.#ms[n] = committedAt - (startAt + ((n + 1) * 1000) / RATE)
    this.#left--
    if (this.#left === 0) this.#all.resolve()
  }

  /** Resolves with the quantiles once every print is committed. */
  async quantiles(): Promise<readonly number[]> {
    await this.#all.promise
    const sorted = this.#ms.slice(SKIPPED).sort()
    return QUANTILES.map((share) => quantile(sorted, share))
  }
}

type Runner = (url: string) => Promise<readonly number[]>

export async function run(): Promise<Report> {
  const server = await FeedServer.start()
  const database = await startDatabase()
  const engine = await startEngine(database)
  const naive = await startNaive(database)
  const [ours, theirs]: [(readonly number[])[], (readonly number[])[]] = [[], []]
  for (let round = 0; round <= RUNS; round++) {
    for (const [runner, results] of [[engine.run, ours] as const, [naive.run, theirs] as const]) {
      await database.reset()
      const found = await runner(server.url(SHAPE, PRINTS, RATE))
      const stored = await database.rows()
      if (stored !== PRINTS) throw new Error(`${stored} of ${PRINTS} rows stored`)
      if (round > 0) results.push(found)
    }
  }
  await Promise.all([engine.close(), naive.close()])
  server.stop()
  await database.stop()
  const figures = QUANTILES.map(
    (share, i): Figure => ({
      name: `${RATE / 1000} k prints/s, p${share * 100}`,
      unit: 'ms',
      engine: spreadOf(ours.map((quantiles) => quantiles[i]!)),
      naive: spreadOf(theirs.map((quantiles) => quantiles[i]!)),
      limit: null,
      better: 'lower',
    }),
  )
  const notes = [
    `${PRINTS} prints a run, 1 a frame; the first ${SKIPPED} of each run are not counted.`,
    'The feed sends once a millisecond; a late feed counts as latency.',
  ]
  return { title: 'Latency from the moment a print is due to its commit', figures, notes }
}

async function startEngine({ url }: BenchDatabase): Promise<{
  run: Runner
  close: () => Promise<void>
}> {
  let latencies = new Latencies()
  let session: ReturnType<typeof openSession> | null = null
  const fail = (error: unknown): void => {
    throw error
  }
  const writer = await startWriter({
    databaseUrl: url,
    rules: 'opra',
    minSize: 1,
    isFeed: true,
    isAgain: false,
    retentionDays: null,
    onCommitted: (committed) => {
      const { slabs, committedAt } = committed
      for (const { buffer, rows } of slabs) {
        const { sequence } = new RowSlab(buffer)
        for (let row = 0; row < rows; row++) latencies.committed(sequence[row]!, committedAt)
      }
      pipeline.release(committed)
    },
    onStoreError: (error) => fail(new Error(error.message)),
    onWaiting: () => {},
    onLog: () => {},
    onFatal: fail,
  })
  const pipeline = new Pipeline({
    watched: '*',
    shards: 1,
    connections: 1,
    limits: limitsFor(1),
    classifier: { rules: 'opra', minSize: 1, windowMs: 500, quoteMaxAgeMs: 5000, lookupPremium: 0 },
    writer,
    onStatus: (_connection, status, message) => {
      session?.handleStatus(status, message)
      latencies.said(message)
    },
    onData: () => session?.noteData(),
    onBlocked: () => session?.pause(),
    onUnblocked: () => session?.resume(),
    onResult: () => {},
    onLag: () => {},
    onError: fail,
  })
  return {
    run: async (tape) => {
      latencies = new Latencies()
      session = openSession(tape, pipeline)
      const quantiles = await latencies.quantiles()
      await session.stop()
      return quantiles
    },
    close: async () => {
      await pipeline.close()
      await writer.stop()
    },
  }
}

async function startNaive({ url }: BenchDatabase): Promise<{
  run: Runner
  close: () => Promise<void>
}> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let waiting: NaivePrint[] = []
  let isStoring = false
  let latencies = new Latencies()
  const engine = new NaiveEngine((print) => waiting.push(print), 1)
  const store = async (): Promise<void> => {
    isStoring = true
    while (waiting.length > 0) {
      const part = waiting.slice(0, INSERT_ROWS)
      waiting = waiting.slice(INSERT_ROWS)
      await insertPrints(client, part)
      const committedAt = performance.timeOrigin + performance.now()
      for (const { sequence } of part) latencies.committed(sequence, committedAt)
    }
    isStoring = false
  }
  return {
    run: async (tape) => {
      latencies = new Latencies()
      const socket = new WebSocket(tape)
      socket.on('message', (data: Buffer) => {
        const text = data.toString()
        engine.frame(text)
        if (!isStoring) void store()
        if (!text.startsWith('[{"ev":"status"')) return
        const [{ status, message }] = JSON.parse(text) as [Record<string, string>]
        latencies.said(message!)
        if (status === 'connected') socket.send('{"action":"auth","params":"bench"}')
        if (status === 'auth_success') socket.send('{"action":"subscribe","params":"T.*"}')
      })
      const quantiles = await latencies.quantiles()
      socket.close()
      return quantiles
    },
    close: () => client.end(),
  }
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
