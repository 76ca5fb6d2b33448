import { Argument, Command, Option } from 'commander'
import { askedContext } from '../flow/asked.ts'
import { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import { WINDOW_NAMES, WINDOWS } from '../flow/window.ts'
import { UsageError } from '../usage-error.ts'
import { contextText } from './context-text.ts'
import { openStored, setupFor } from './start.ts'

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
          const until = new Date(asked.at).toISOString()
          const { name } = WINDOWS[asked.window]
          throw new Error(
            `no flow of ${asked.symbol} in the ${name} to ${until}; for an earlier time give --as-of`,
          )
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

/** Epoch ms of a number of them, or of a date and time with its zone. */
function timeOf(text: string): number {
  const trimmed = text.trim()
  const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(trimmed)
  const ms = /^\d{1,16}$/.test(trimmed) ? Number(trimmed) : isIso ? Date.parse(trimmed) : Number.NaN
  if (!Number.isSafeInteger(ms)) {
    throw new UsageError(
      `--as-of: expected epoch ms or a time such as 2025-11-21T10:30:00-05:00, came ${text}`,
    )
  }
  return ms
}

/** What was typed wrong is a wrong call. */
function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error
  }
}
