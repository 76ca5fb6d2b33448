import { Argument, Command, Option } from 'commander'
import pg from 'pg'
import { type AskedContext, askedContext } from '../flow/asked.ts'
import { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import { timeOfText } from '../flow/time-text.ts'
import { WINDOW_NAMES, WINDOWS } from '../flow/window.ts'
import { UsageError } from '../usage-error.ts'
import { contextText } from './context-text.ts'
import { openStored, setupFor } from './start.ts'

const QUERY_MS_MAX = 10_000
/** How far back from the newest flow symbols are looked for: a week. */
const STORED_MINUTES = 7 * 24 * 60
const SYMBOLS_SHOWN = 10

/** `flow context SYMBOL`: what the stored flow of an underlying says. */
export function contextCommand(): Command {
  const command = new Command('context')
    .description('tell what the stored flow of an underlying says')
    .addArgument(new Argument('<SYMBOL>', 'an underlying such as SPX; SPXW is SPX'))
    .addOption(
      new Option('--window <window>', 'how far back: 1, 4 or 24 hours')
        .choices(WINDOW_NAMES)
        .default('medium'),
    )
    .addOption(
      new Option(
        '--as-of <time>',
        'epoch ms or ISO 8601 with a zone; nothing that was known later is seen (default: now)',
      ),
    )
    .addOption(new Option('--json', 'the answer of GET /api/flow/:symbol'))
  const keys = ['databaseUrl', 'dataDir', 'staleMs', 'log'] as const
  const setup = setupFor(command, keys, process.stderr)
  return command.action(
    async (symbol: string, flags: { window: string; asOf?: string; json?: true }) => {
      const asOf = flags.asOf === undefined ? undefined : timeOf(flags.asOf)
      const asked = usage(() => askedContext(symbol, flags.window, asOf))
      const { config, log } = setup()
      const database = await openStored(config, log)
      const { staleMs } = config
      const engine = new FlowAnalysisEngine({ databaseUrl: database.url, staleMs })
      try {
        const context = await engine.getFlowContext(asked.symbol, asked.window, { asOf })
        if (context === null) {
          throw new Error(await nothingText(asked, database.url))
        }
        const text = flags.json === true ? `${JSON.stringify(context)}\n` : contextText(context)
        process.stdout.write(text)
      } finally {
        await engine.close()
        await database.stop()
      }
    },
  )
}

/** That there is no flow, and where there is some. */
async function nothingText(asked: AskedContext, url: string): Promise<string> {
  const until = new Date(asked.at).toISOString()
  const nothing = `no flow of ${asked.symbol} in the ${WINDOWS[asked.window].name} to ${until}`
  const stored = await storedSymbols(url)
  if (stored.length === 0) return `${nothing}: no flow is stored yet`
  if (!stored.includes(asked.symbol)) return `${nothing}: stored are ${listOf(stored)}`
  return asked.isAsOf ? nothing : `${nothing}; for an earlier time give --as-of`
}

/** Underlyings of the last days with flow, the most premium first. */
async function storedSymbols(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, statement_timeout: QUERY_MS_MAX })
  await client.connect()
  try {
    const { rows } = await client.query<{ symbol: string }>(
      `SELECT symbol FROM flow_minute_sums
       WHERE minute > (SELECT max(minute) FROM flow_minute_sums) - $1
       GROUP BY symbol ORDER BY sum(premium) DESC, symbol`,
      [STORED_MINUTES],
    )
    return rows.map(({ symbol }) => symbol)
  } finally {
    await client.end()
  }
}

function listOf(symbols: readonly string[]): string {
  const more = symbols.length - SYMBOLS_SHOWN
  const shown = symbols.slice(0, SYMBOLS_SHOWN).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

/** Epoch ms of what --as-of says. */
function timeOf(text: string): number {
  const time = timeOfText(text.trim())
  if (typeof time === 'string') throw new UsageError(`--as-of: ${time}`)
  return time
}

/** What was typed wrong is a wrong call. */
function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error
  }
}
