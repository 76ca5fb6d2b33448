import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { withContexts } from '../backtest/contexts.ts'
import { readSignals, type SignalFile, SignalFileError } from '../backtest/read-signals.ts'
import type { MakeRandom, SignalInFlow } from '../backtest/signal.ts'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { count } from '../console/words.ts'
import { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import type { FlowWindow } from '../flow/flow-context.ts'
import { WINDOW_NAMES, WINDOWS } from '../flow/window.ts'
import { Random } from '../simulator/random.ts'
import { UsageError } from '../usage-error.ts'
import { progressBar } from './progress.ts'
import { onSignals } from './signals.ts'
import { openStored } from './start.ts'

const DAY_MS = 86_400_000
const SEED_MAX = 2 ** 32 - 1
const BLOCK_DAYS_MAX = 366

/** What the two commands that read signals have in common. */
export type SignalFlags = {
  readonly signals?: string
  readonly window: FlowWindow
  readonly minScore?: number
  readonly blockDays: number
  readonly seed: number
  readonly json?: true
}

/** Configuration that they take. */
export const SIGNAL_KEYS = [
  ...(['databaseUrl', 'dataDir', 'retentionDays', 'staleMs', 'log'] as const),
  ...(['boostStrongScore', 'boostWeakScore', 'boostStrongPercent', 'boostWeakPercent'] as const),
]

export function addSignalOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--signals <file>',
        'CSV with detector,symbol,timestamp,direction,score,pnl and perhaps exit_timestamp',
      ),
    )
    .addOption(
      new Option('--window <window>', 'flow looked at before each signal: 1 h, 4 h, 24 h')
        .choices(WINDOW_NAMES)
        .default('medium'),
    )
    .addOption(
      new Option('--min-score <n>', 'a trade is taken from this score on').argParser(
        numberFrom(0, 100, false),
      ),
    )
    .addOption(
      new Option('--block-days <n>', 'days that hang together: as long as trades are held')
        .argParser(numberFrom(1, BLOCK_DAYS_MAX, true))
        .default(1),
    )
    .addOption(
      new Option('--seed <n>', 'of the random numbers: the same gives the same figures')
        .argParser(numberFrom(0, SEED_MAX, true))
        .default(1),
    )
    .addOption(new Option('--json', 'the report as JSON'))
}

/** Reads one number of the command line; both bounds inclusive. */
export function numberFrom(min: number, max: number, isWhole: boolean): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value
    const kind = isWhole ? 'a whole number' : 'a number'
    throw new InvalidArgumentError(`expected ${kind} from ${min} to ${max}.`)
  }
}

export const makeRandom: MakeRandom = (seed) => {
  const random = new Random(seed)
  return () => random.next()
}

export type LoadedSignals = {
  readonly items: readonly SignalInFlow[]
  readonly file: SignalFile
  /** Signals later than now. */
  readonly future: number
  /** Where they come from, in words. */
  readonly about: string
}

/** Reads the signals of the file and the context of each; what is wrong with rows is a warning. */
export async function loadSignals(
  { signals: path, window, json }: SignalFlags,
  command: string,
  config: Config,
  log: Log,
): Promise<LoadedSignals> {
  if (path === undefined) {
    throw new UsageError(
      `expected --signals FILE: a CSV with detector,symbol,timestamp,direction,score,pnl, such as ` +
        `examples/signals.csv (flow ${command} --signals FILE, npm run backtest -- --signals FILE)`,
    )
  }
  const file = await readFileAsked(path)
  warnOfRows(file, log)
  const now = Date.now()
  warnOfTimes(file, now, config, log)
  const items = await contextsFor(file, window, now, config, log, json === true)
  warnOfFlow(items, log)
  return {
    file,
    items,
    future: file.signals.filter(({ timestamp }) => timestamp > now).length,
    about:
      `${count(file.signals.length)} signals of ${basename(path)}, each with the flow of the ` +
      `${WINDOWS[window].name} before it as it was known then`,
  }
}

async function contextsFor(
  { signals }: SignalFile,
  window: FlowWindow,
  now: number,
  config: Config,
  log: Log,
  isJson: boolean,
): Promise<SignalInFlow[]> {
  let isStopped = false
  onSignals(
    () => {
      isStopped = true
    },
    () => process.exit(1),
  )
  const bar = progressBar('contexts', isJson ? null : log)
  const database = await openStored(config, bar.above(log))
  const engine = new FlowAnalysisEngine({ databaseUrl: database.url, staleMs: config.staleMs })
  const ask = async (symbol: string, asOf: number) => {
    if (isStopped) throw new Error('stopped')
    return engine.getFlowContext(symbol, window, { asOf })
  }
  try {
    return await withContexts(signals, ask, now, bar.update)
  } finally {
    bar.stop()
    await engine.close()
    await database.stop()
  }
}

async function readFileAsked(path: string): Promise<SignalFile> {
  const file = await readSignals(path).catch((error: NodeJS.ErrnoException) => {
    const isTheirs = error instanceof SignalFileError || error.syscall !== undefined
    throw isTheirs ? new UsageError(`--signals: ${error.message}`) : error
  })
  if (file.signals.length > 0) return file
  const [first] = file.problems
  throw new UsageError(
    `--signals: expected signals in ${path}, came none` +
      (first === undefined ? '' : ` (${count(file.badRows)} rows are wrong; ${first})`),
  )
}

function warnOfRows({ badRows, problems, repeated, firstRepeat }: SignalFile, log: Log): void {
  for (const problem of problems) log.warn(`${problem}; the row is left out`)
  const more = badRows - problems.length
  if (more > 0) log.warn(`${count(more)} more rows are wrong and left out`)
  if (firstRepeat !== null) {
    const [line, earlier] = firstRepeat
    log.warn(
      `${count(repeated)} rows repeat detector, symbol, time and direction of an earlier one (line ` +
        `${line} that of line ${earlier}) and count; take them out if they are the same trade`,
    )
  }
}

function warnOfTimes({ signals }: SignalFile, now: number, config: Config, log: Log): void {
  const future = signals.filter(({ timestamp }) => timestamp > now).length
  if (future > 0) log.warn(`${signalsAre(future)} later than now: no flow is known of then`)
  const oldest = now - config.retentionDays * DAY_MS
  const old = signals.filter(({ timestamp }) => timestamp < oldest).length
  if (config.retentionDays > 0 && old > 0) {
    log.warn(
      `${signalsAre(old)} older than FLOW_RETENTION_DAYS (${config.retentionDays}): flow of that ` +
        'time is only there if a replay has just brought it',
    )
  }
}

/** A filter that knows nothing of most signals says nothing about them, however the table looks. */
function warnOfFlow(items: readonly SignalInFlow[], log: Log): void {
  const without = items.filter(({ context }) => context === null).length
  if (without <= items.length / 2) return
  log.warn(
    `no flow is stored for ${count(without)} of ${count(items.length)} signals: docs/backtest.md ` +
      'tells where flow of the past comes from (what a backfill put in later counts as not known)',
  )
}

function signalsAre(number: number): string {
  return number === 1 ? '1 signal is' : `${count(number)} signals are`
}
