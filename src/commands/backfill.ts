import { join } from 'node:path'
import { Command, Option } from 'commander'
import { dayOf } from '../api/trade.ts'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { count } from '../console/words.ts'
import { parseContract } from '../domain/contract.ts'
import { newYorkDay } from '../domain/new-york.ts'
import { type BackfillSummary, backfill } from '../fill/backfill.ts'
import { downloadFlatFile } from '../fill/flat-download.ts'
import type { TapeAsker } from '../fill/rest-pages.ts'
import { RequestError } from '../metrics/routes.ts'
import { RestBudget } from '../reader/rest-budget.ts'
import { checkRecording } from '../recording/read.ts'
import { UsageError } from '../usage-error.ts'
import { connect } from '../writer/connection.ts'
import { migrateDatabase } from '../writer/upkeep.ts'
import { type ProgressBar, progressBar } from './progress.ts'
import { onSignals } from './signals.ts'
import { openDatabase, setupFor } from './start.ts'
import { keyToSend } from './vendor-key.ts'

/** Prints can do without a quote: a server in trouble is not waited for. */
const QUOTE_TRIES_MAX = 3

type Flags = { readonly date: string; readonly file?: string; readonly json?: true }

/** `flow backfill`: puts in what the table lacks of a day, from the vendor's flat file. */
export function backfillCommand(): Command {
  const command = new Command('backfill')
    .description("put in what the table lacks of a day, from the vendor's flat file")
    .addOption(
      new Option('--date <date>', 'New York date, such as 2026-11-20').makeOptionMandatory(),
    )
    .addOption(
      new Option('--file <path>', "the day's flat file trades_v1 (CSV, CSV.gz); else downloaded"),
    )
    .addOption(new Option('--json', 'the summary as JSON'))
  const setup = setupFor(
    command,
    [
      ...(['symbols', 'rules', 'minSize', 'sweepWindowMs', 'quoteMaxAgeMs'] as const),
      ...(['lookupPremium', 'fillPerSecond', 'restUrl', 'databaseUrl', 'dataDir', 'log'] as const),
      ...(['flatFilesUrl', 'flatFilesBucket', 'retentionDays'] as const),
    ],
    process.stderr,
  )
  return command.action(async (flags: Flags) => {
    const date = flags.date.trim()
    const day = dayAsked(date)
    const { config, log } = setup()
    const { summary, path } = await run({ ...flags, date }, day, config, log)
    process.stdout.write(
      flags.json === true ? `${JSON.stringify({ date, ...summary })}\n` : textOf(date, summary),
    )
    checkWhole(summary, path)
  })
}

/** A New York date as days since 1970-01-01. */
function dayAsked(date: string): number {
  try {
    const day = dayOf(date)
    if (day !== null) return day
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
  }
  throw new UsageError(`--date: expected a New York date such as 2026-11-20, came ${date}`)
}

/** Throws, after the summary, where the table may still lack prints of the day. */
function checkWhole({ isWhole, leftOut }: BackfillSummary, path: string): void {
  if (!isWhole) {
    throw new Error(
      `${path}: expected the whole flat file of the day, came one that is cut off, damaged or ` +
        'empty; delete it, download it again and run this again, what is stored stays',
    )
  }
  if (leftOut > 0) {
    throw new Error(
      `${path}: ${leftOut} contracts could not be read and are left out; see the warnings above`,
    )
  }
}

async function run(
  flags: Flags,
  day: number,
  config: Config,
  log: Log,
): Promise<{ readonly summary: BackfillSummary; readonly path: string }> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort(new Error('stopped: run it again to go on'))
  onSignals(stop, () => process.exit(1))
  const bar = progressBar('MiB', flags.json === true ? null : log)
  try {
    return await fillDay(flags, day, config, bar.above(log), stopping.signal, bar)
  } finally {
    bar.stop() // or the terminal stays as it is drawn on
  }
}

async function fillDay(
  { date, file }: Flags,
  day: number,
  config: Config,
  log: Log,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<{ readonly summary: BackfillSummary; readonly path: string }> {
  const path = file ?? (await download(date, config, log, signal, bar.update))
  await checkRecording(path).catch((error: Error) => {
    throw new UsageError(error.message) // told before anything is started
  })
  const { retentionDays } = config
  if (retentionDays > 0 && day < newYorkDay(Date.now()) - retentionDays) {
    log.warn(
      `${date} is longer ago than FLOW_RETENTION_DAYS (${retentionDays}): the next cleanup ` +
        'removes what is put in; raise it to keep that',
    )
  }
  const database = await openDatabase(config, log, true)
  try {
    await migrateDatabase(database.url)
    const connection = await connect(database.url, 'flow-backfill')
    const { symbols } = config
    const work = backfill({
      client: connection.client,
      path,
      day,
      symbols: symbols === '*' ? null : symbols,
      wants: (ticker) => {
        return symbols === '*' || symbols.includes(parseContract(ticker)?.underlying ?? '')
      },
      rules: {
        rules: config.rules,
        minSize: config.minSize,
        windowMs: config.sweepWindowMs,
        quoteMaxAgeMs: config.quoteMaxAgeMs,
      },
      asker: askerFor(config, log),
      lookupPremium: config.lookupPremium,
      signal,
      onProgress: (done, total) => bar.update(done, total),
      onProblem: (problem) => log.warn(problem),
    })
    work.catch(() => {}) // it may fail behind a connection that was lost
    const summary = await Promise.race([work, connection.broken])
    await connection.client.end()
    return { summary, path }
  } finally {
    await database.stop()
  }
}

async function download(
  date: string,
  config: Config,
  log: Log,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<string> {
  const { flatFilesAccessKey: accessKey, flatFilesSecretKey: secretKey } = config
  if (accessKey === undefined || secretKey === undefined) {
    throw new UsageError(
      'expected --file with the flat file of that day, or FLOW_FLATFILES_ACCESS_KEY and ' +
        'FLOW_FLATFILES_SECRET_KEY to download it',
    )
  }
  return downloadFlatFile({
    url: config.flatFilesUrl,
    bucket: config.flatFilesBucket,
    accessKey,
    secretKey,
    date,
    dir: join(config.dataDir, 'flatfiles'),
    signal,
    onProgress,
    onRetry: (problem, delayMs) => log.warn(`${problem}; tried again in ${delayMs} ms`),
  })
}

/** Null where nobody can be asked for quotes. */
function askerFor(config: Config, log: Log): TapeAsker | null {
  if (!config.hasRest || config.demo || config.fillPerSecond === 0) return null
  return {
    rest: {
      baseUrl: config.restUrl,
      apiKey: keyToSend(config),
      triesMax: QUOTE_TRIES_MAX,
    },
    budget: new RestBudget(config.fillPerSecond),
    priority: 'lookup',
    onProblem: (problem) => log.warn(problem),
  }
}

function textOf(date: string, summary: BackfillSummary): string {
  const lines = [
    ['contracts', summary.contracts],
    ['prints read', summary.prints],
    ['stored already', summary.known],
    ['filled', summary.filled],
    ['rows revised', summary.revised],
    ['contracts left out', summary.leftOut],
    ['gaps filled', summary.gaps],
  ] as const
  return [`Backfill of ${date}:`, ...lines.map(([name, n]) => `  ${name}: ${count(n)}`), ''].join(
    '\n',
  )
}
