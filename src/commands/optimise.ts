import { Command, Option } from 'commander'
import { optimise } from '../backtest/optimise.ts'
import { optimiseText, settingLines } from '../backtest/optimise-text.ts'
import { boostOf } from '../config-flow.ts'
import { WINDOWS } from '../flow/window.ts'
import { UsageError } from '../usage-error.ts'
import {
  addSignalOptions,
  loadSignals,
  makeRandom,
  numberFrom,
  SIGNAL_KEYS,
  type SignalFlags,
} from './signals-in-flow.ts'
import { setupFor } from './start.ts'

const HOUR_MS = 3_600_000
const FOLDS_MAX = 50
const HOURS_MAX = 10_000

type Flags = SignalFlags & {
  readonly folds: number
  readonly horizon: number
  readonly embargo: number
}

/** `flow optimise`: better thresholds and multipliers of the boost, if there are any. */
export function optimiseCommand(): Command {
  const command = addSignalOptions(
    new Command('optimise').description(
      'look for better settings of the boost, judged out of sample',
    ),
  )
    .addOption(
      new Option('--folds <n>', 'test folds, in order of time')
        .argParser(numberFrom(1, FOLDS_MAX, true))
        .default(5),
    )
    .addOption(
      new Option('--horizon <hours>', 'how long a trade lasts at most, without exit_timestamp')
        .argParser(numberFrom(0, HOURS_MAX, false))
        .default(24),
    )
    .addOption(
      new Option('--embargo <hours>', 'what is left out more between learning and testing')
        .argParser(numberFrom(0, HOURS_MAX, false))
        .default(24),
    )
  const setup = setupFor(command, SIGNAL_KEYS, process.stderr)
  return command.action(async (flags: Flags) => {
    const { minScore, window, folds, horizon, embargo, blockDays, seed } = flags
    if (minScore === undefined) {
      throw new UsageError('expected --min-score N: a trade is taken from this boosted score on')
    }
    const { config, log } = setup()
    const loaded = await loadSignals(flags, 'optimise', config, log)
    const report = optimise(loaded.items, {
      minScore,
      folds,
      windowMs: WINDOWS[window].ms,
      horizonMs: horizon * HOUR_MS,
      embargoMs: embargo * HOUR_MS,
      blockDays,
      inForce: boostOf(config),
      seed,
      makeRandom,
    })
    const asked = { window, minScore, horizon, embargo, blockDays, seed }
    const set = settingLines(report.settings)
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ ...asked, ...report, set })}\n`
        : optimiseText(report, `${loaded.about}; taken from score ${minScore} on`),
    )
  })
}
