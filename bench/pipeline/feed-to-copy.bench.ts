/**
 * Socket to committed row through the whole engine into an embedded PostgreSQL, beside a prepared
 * INSERT of 500 rows and beside psql's own binary \copy of the very same rows into the same table.
 */
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/console/log.ts'
import { Engine, metricsFor } from '../../src/engine/engine.ts'
import { Meter } from '../../src/engine/meter.ts'
import { account } from '../../src/metrics/metrics.ts'
import { cpuSeconds, cpuText } from '../kit/cpu.ts'
import { type BenchDatabase, startDatabase } from '../kit/database.ts'
import { FeedServer, openSession } from '../kit/feed.ts'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'
import { INSERT_ROWS, insertPrints } from '../kit/insert.ts'
import { NaiveEngine, type NaivePrint } from '../kit/naive.ts'
import { tapeOf } from '../kit/tape.ts'

const RUNS = 5
const SHAPE = { prints: 8, quotes: 0 }
const POLL_MS = 5
const NAIVE_ROWS = 40_000
const COPY_FILE = join(tmpdir(), `flow-bench-${process.pid}.copy`)

type Case = { readonly name: string; readonly minSize: number; readonly prints: number }
const EVERY_PRINT: Case = { name: 'every print stored', minSize: 1, prints: 300_000 }
const DEFAULT: Case = { name: 'FLOW_MIN_SIZE=10, the default', minSize: 10, prints: 800_000 }

export async function run(): Promise<Report> {
  const server = await FeedServer.start()
  await server.build(SHAPE)
  const database = await startDatabase()
  const notes: string[] = []
  const figures = [
    ...(await measure(EVERY_PRINT, server, database, notes)),
    ...(await measure(DEFAULT, server, database, notes)),
  ]
  server.stop()
  await database.stop()
  await rm(COPY_FILE, { force: true })
  return { title: 'Socket to committed row, PostgreSQL on the same machine', figures, notes }
}

async function measure(
  { name, minSize, prints }: Case,
  server: FeedServer,
  database: BenchDatabase,
  notes: string[],
): Promise<Figure[]> {
  const storing = await startEngine(database, minSize)
  const isWhole = minSize === 1
  const naivePrints = isWhole ? somePrints() : []
  const rows: number[] = []
  const received: number[] = []
  const copied: number[] = []
  const inserted: number[] = []
  for (let round = 0; round <= RUNS; round++) {
    await database.reset()
    const before = await cpuSeconds(database.client)
    const result = await storing.read(server.url(SHAPE, prints))
    const after = await cpuSeconds(database.client)
    const stored = await database.rows()
    if (stored !== result.stored) throw new Error(`${stored} rows, ${result.stored} reported`)
    if (isWhole && stored !== result.prints) throw new Error(`${stored} of ${result.prints} rows`)
    if (round === 0) continue // warm-up
    rows.push(result.stored / result.seconds)
    received.push(result.prints / result.seconds)
    if (round === RUNS && before !== null && after !== null) {
      notes.push(`${name}: CPU us a print: ${cpuText(before, after, result.prints)}.`)
    }
    if (!isWhole) continue
    const limit = await psqlCopy(database, stored)
    if (limit !== null) copied.push(limit)
    inserted.push(await insertAll(database, naivePrints))
  }
  await storing.close()
  const figure = (what: string, unit: string, values: readonly number[]): Figure => ({
    name: `${name}: ${what}`,
    unit,
    engine: spreadOf(values),
    naive: inserted.length > 0 ? spreadOf(inserted) : null,
    limit: copied.length > 0 ? spreadOf(copied) : null,
    better: 'higher',
  })
  const figures = [figure('rows', 'rows/s', rows)]
  return isWhole ? figures : [...figures, figure('prints', 'prints/s', received)]
}

type StoringEngine = {
  /** Reads a tape and waits until every print of it is accounted for. */
  read(url: string): Promise<{ prints: number; stored: number; seconds: number }>
  close(): Promise<void>
}

/** The whole engine in this process, without its HTTP server and its console. */
async function startEngine({ url }: BenchDatabase, minSize: number): Promise<StoringEngine> {
  const env = { FLOW_MIN_SIZE: `${minSize}`, FLOW_FEED_URL: 'ws://127.0.0.1:1' }
  const { config } = loadConfig({ env, directory: tmpdir(), flags: {}, isTerminal: false })
  const metrics = metricsFor(config)
  let session: ReturnType<typeof openSession> | null = null
  let said: (message: string) => void = () => {}
  const engine = await Engine.start({
    tellsPrints: true,
    config,
    log: createLog({ format: 'json', secrets: [], write: tellTrouble }),
    metrics,
    databaseUrl: url,
    isFeed: true,
    isAgain: false,
    meter: new Meter(metrics),
    goOnFrom: null,
    retentionDays: null,
    connections: 1,
    signal: new AbortController().signal,
    onDeath: (_part, error) => {
      throw error
    },
    events: {
      onStatus: (_connection, status, message) => {
        session?.handleStatus(status, message)
        said(message)
      },
      onData: () => session?.noteData(),
      onBlocked: () => session?.pause(),
      onUnblocked: () => session?.resume(),
    },
  })
  const { pipeline } = engine
  return {
    read: async (tape) => {
      const { stored: before } = await account(metrics)
      let startedAt = 0
      const sent = new Promise<number>((resolve) => {
        said = (message) => {
          if (message.startsWith('end ')) resolve(Number(message.slice('end '.length)))
        }
      })
      session = openSession(tape, {
        push: (data, isBinary, stamp) => {
          pipeline.push(data, isBinary, stamp)
          if (startedAt === 0 && pipeline.decoder.columns.rows > 0) startedAt = performance.now()
        },
      })
      const prints = await sent
      while ((await engine.left()) > 0) await sleep(POLL_MS)
      const seconds = (performance.now() - startedAt) / 1000
      await session.stop()
      return { prints, stored: (await account(metrics)).stored - before, seconds }
    },
    close: async () => {
      await engine.drain()
      await engine.close()
    },
  }
}

/** An engine that waits for its database must not do so in silence. */
function tellTrouble(line: string): void {
  if (!line.startsWith('{"level":"info"')) process.stderr.write(line)
}

/** Rows a second of psql's \copy of what the engine has just stored; null without a psql. */
async function psqlCopy(database: BenchDatabase, rows: number): Promise<number | null> {
  const copy = (what: string): boolean => {
    const command = `\\copy ${what} '${COPY_FILE}' with (format binary)`
    return spawnSync('psql', [database.url, '-qc', command], { stdio: 'ignore' }).status === 0
  }
  if (!copy('(SELECT * FROM options_flow_history) TO')) return null
  await database.reset()
  const startedAt = performance.now()
  if (!copy('options_flow_history FROM')) throw new Error('psql does not take back what it gave')
  const seconds = (performance.now() - startedAt) / 1000
  if ((await database.rows()) !== rows) throw new Error('psql lost rows')
  return rows / seconds
}

async function insertAll(database: BenchDatabase, prints: readonly NaivePrint[]): Promise<number> {
  await database.reset()
  const startedAt = performance.now()
  for (let at = 0; at < prints.length; at += INSERT_ROWS) {
    await insertPrints(database.client, prints.slice(at, at + INSERT_ROWS))
  }
  const seconds = (performance.now() - startedAt) / 1000
  if ((await database.rows()) !== prints.length) throw new Error('INSERT lost rows')
  return prints.length / seconds
}

function somePrints(): NaivePrint[] {
  const prints: NaivePrint[] = []
  const naive = new NaiveEngine((print) => prints.push(print), 1)
  for (const { json } of tapeOf(SHAPE).slice(0, NAIVE_ROWS / SHAPE.prints)) {
    naive.frame(json.toString())
  }
  naive.closeEverything()
  return prints
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
