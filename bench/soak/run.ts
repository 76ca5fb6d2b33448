/**
 * `npm run soak -- [--minutes 60] [--rate 10000] [--quotes 4]`: the real engine against a feed that
 * keeps a rate for a long time; docs/soak.md says how memory, handles and latency went. Linux only.
 * With DATABASE_URL in the environment that PostgreSQL is used: one without prints.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type BenchDatabase, startDatabase } from '../kit/database.ts'
import { SoakEngine } from './engine.ts'
import { Feed } from './feed.ts'
import { documentOf, tableOf } from './report.ts'
import { type Sample, takeSample } from './samples.ts'
import { checks, type Ending } from './verdict.ts'

const SAMPLE_S = 10
const TOLD_EVERY = 30
/** Samples that cannot be taken one after the other before the run is given up. */
const FAILURES_MAX = 6
const CATCH_UP_MS_MAX = 120_000
const DISK_FREE_BYTES_MIN = 5e9
const DATABASE_BYTES_MAX = 40e9
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const HELP = `npm run soak -- [--minutes 60] [--rate 10000] [--quotes 4] [--min-size 10] [--out FILE]

  --minutes   how long, 1 to 1440
  --rate      prints a second, 100 to 100000
  --quotes    quotes for each print, 0 to 50
  --min-size  FLOW_MIN_SIZE of the engine: what is smaller is not stored
  --out       where the report goes (docs/soak.md)

Each sample is put by as it is taken, in the file that is named first.`

type Asked = {
  readonly minutes: number
  readonly rate: number
  readonly quotes: number
  readonly minSize: number
  readonly out: string
}

type Stage = {
  readonly feed: Feed
  readonly engine: SoakEngine
  readonly database: Pick<BenchDatabase, 'client' | 'version' | 'rows'>
  readonly samplesFile: string
}

function askedOf(): Asked | null {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '10000' },
      quotes: { type: 'string', default: '4' },
      'min-size': { type: 'string', default: '10' },
      out: { type: 'string', default: join(ROOT, 'docs/soak.md') },
    },
  })
  if (values.help === true) return null
  const number = (name: 'minutes' | 'rate' | 'quotes' | 'min-size', low: number, high: number) => {
    const value = Number(values[name])
    if (value >= low && value <= high) return value
    throw new Error(`--${name}: expected a number from ${low} to ${high}, got "${values[name]}"`)
  }
  return {
    minutes: number('minutes', 1, 1440),
    rate: number('rate', 100, 100_000),
    quotes: number('quotes', 0, 50),
    minSize: number('min-size', 0, 1e9),
    out: values.out,
  }
}

async function databaseOf(): Promise<BenchDatabase> {
  const url = process.env.DATABASE_URL
  if (url === undefined || url === '') return startDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const shown = await client.query<{ server_version: string }>('SHOW server_version')
  return {
    url,
    client,
    version: shown.rows[0]!.server_version,
    rows: async () => {
      const text = 'SELECT count(*)::integer AS rows FROM options_flow_history'
      return (await client.query<{ rows: number }>(text)).rows[0]!.rows
    },
    reset: async () => {},
    stop: () => client.end(),
  }
}

/** Looks every SAMPLE_S until the time is over; `early` is why it ended before. */
async function observe(stage: Stage, asked: Asked, samples: Sample[]): Promise<string | null> {
  const { feed, engine, database } = stage
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  let failures = 0
  for (let n = 0; ; n++) {
    const due = n * SAMPLE_S
    if (due > asked.minutes * 60) return null
    await sleep(Math.max(0, (due - seconds()) * 1000))
    if (engine.exitCode !== undefined) return `the engine ended with exit code ${engine.exitCode}`
    try {
      const sample = await takeSample(seconds(), engine, database, await feed.ask('ask'))
      samples.push(sample)
      await appendFile(stage.samplesFile, `${JSON.stringify(sample)}\n`)
      if (n % TOLD_EVERY === 0 && n > 0) console.log(tableOf(samples).at(-1))
      if (sample.database > DATABASE_BYTES_MAX) return `${DATABASE_BYTES_MAX} bytes in the database`
      failures = 0
    } catch (error) {
      console.error(`no sample at ${due} s: ${(error as Error).message}`)
      if (++failures === FAILURES_MAX) return `${FAILURES_MAX} looks in a row failed`
    }
    const { bavail, bsize } = await statfs(tmpdir())
    if (bavail * bsize < DISK_FREE_BYTES_MIN)
      return `less than ${DISK_FREE_BYTES_MIN} bytes of disk`
  }
}

/** Lets the engine take what was sent, ends it, and counts what is in the table. */
async function finish({ feed, engine, database }: Stage, early: string | null): Promise<Ending> {
  const { prints: sent } = await feed.ask('stop')
  const end = performance.now() + CATCH_UP_MS_MAX
  while (engine.exitCode === undefined && performance.now() < end) {
    const received = await engine.account().then(
      (account) => account.received,
      () => 0,
    )
    if (received >= sent) break
    await sleep(200)
  }
  const { code, account } = await engine.drain()
  const cancelled = await database.client.query<{ rows: number }>(
    'SELECT count(*)::integer AS rows FROM flow_cancels WHERE was_stored',
  )
  const removed = cancelled.rows[0]!.rows
  return { early, exitCode: code, sent, rows: await database.rows(), removed, last: account }
}

async function soak(asked: Asked): Promise<boolean> {
  const startedAt = new Date()
  const dir = await mkdtemp(join(tmpdir(), 'flow-soak-'))
  const samplesFile = `${dir}.jsonl`
  const database = await databaseOf()
  const { feed, port } = await Feed.start(asked.rate, asked.quotes)
  const samples: Sample[] = []
  let engine: SoakEngine | null = null
  try {
    engine = await SoakEngine.start(dir, {
      DATABASE_URL: database.url,
      MASSIVE_API_KEY: 'soak-key',
      FLOW_FEED_URL: `ws://127.0.0.1:${port}/options`,
      FLOW_SHARDS: '1',
      FLOW_MIN_SIZE: String(asked.minSize),
    })
    const left = engine
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      // the feed and the database end with this process; the engine would not
      process.once(signal, () => {
        left.kill()
        process.exit(1)
      })
    }
    console.log(`samples ${samplesFile}, engine ${engine.pid}, its data ${dir}`)
    const stage = { feed, engine, database, samplesFile }
    const ending = await finish(stage, await observe(stage, asked, samples))
    await appendFile(samplesFile, `${JSON.stringify(ending)}\n`)
    const found = checks(samples, ending)
    const document = documentOf({
      machine: machineLine(database.version),
      commit: commitLine(),
      startedAt,
      command: `npm run soak -- ${process.argv.slice(2).join(' ')}`.trim(),
      minSize: String(asked.minSize),
      samples,
      checks: found,
      saved: engine.saved,
      troubles: engine.troubles,
      troubleCount: engine.troubleCount,
    })
    await writeFile(asked.out, document)
    console.log(document)
    return found.every(({ isGood }) => isGood)
  } finally {
    if (engine?.exitCode === undefined) engine?.kill()
    feed.close()
    await database.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function machineLine(version: string): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const cpu = cpus()[0]?.model ?? 'unknown processor'
  const cores = `${availableParallelism()} cores`
  return `${cpu}, ${cores}, ${memory}, Node ${process.version}, PostgreSQL ${version}`
}

function commitLine(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--', 'src', 'bench', 'package.json') !== ''
  return git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : '')
}

async function main(): Promise<number> {
  let asked: Asked | null
  try {
    asked = askedOf()
  } catch (error) {
    console.error((error as Error).message)
    return 2
  }
  if (asked === null) {
    console.log(HELP)
    return 0
  }
  if (!existsSync('/proc/self/fd')) {
    console.error('the soak reads /proc: run it on Linux')
    return 2
  }
  return (await soak(asked)) ? 0 : 1
}

process.exitCode = await main()
