import { constants } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command, Option } from 'commander'
import { runBacktest } from '../backtest/backtest.ts'
import { backtestHtml } from '../backtest/backtest-html.ts'
import { backtestText } from '../backtest/backtest-text.ts'
import type { Filter } from '../backtest/filter.ts'
import { boostOf } from '../config-flow.ts'
import { UsageError } from '../usage-error.ts'
import {
  addSignalOptions,
  loadSignals,
  makeRandom,
  SIGNAL_KEYS,
  type SignalFlags,
} from './signals-in-flow.ts'
import { setupFor } from './start.ts'

type Flags = SignalFlags & { readonly filter: Filter['kind']; readonly html?: string }

/** `flow backtest`: the trades of each detector before and after the flow filter. */
export function backtestCommand(): Command {
  const command = addSignalOptions(
    new Command('backtest').description(
      'compare the trades of each detector before and after the flow filter',
    ),
  )
    .addOption(
      new Option('--filter <filter>', 'take what the flow does not oppose, supports, or by score')
        .choices(['opposed', 'aligned', 'score'])
        .default('opposed'),
    )
    .addOption(new Option('--html <file>', 'a report with pictures, in one file'))
  const setup = setupFor(command, SIGNAL_KEYS, process.stderr)
  return command.action(async (flags: Flags) => {
    const filter = filterAsked(flags)
    if (flags.html !== undefined) await checkWritable(flags.html)
    const { config, log } = setup()
    const loaded = await loadSignals(flags, 'backtest', config, log)
    const { blockDays, seed } = flags
    const boost = boostOf(config)
    const { curves, ...report } = runBacktest(loaded.items, {
      filter,
      boost,
      blockDays,
      seed,
      makeRandom,
    })
    const about = `${loaded.about}; ${FILTER_WORDS[filter.kind]}`
    if (flags.html !== undefined) {
      await writeFile(flags.html, backtestHtml({ ...report, curves }, about, Date.now()))
    }
    const { badRows, repeated } = loaded.file
    const { window } = flags
    const asked = { window, filter, boost, blockDays, seed, badRows, repeated }
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ ...asked, future: loaded.future, ...report })}\n`
        : backtestText({ ...report, curves }, about),
    )
  })
}

const FILTER_WORDS: Readonly<Record<Filter['kind'], string>> = {
  opposed: 'after: without those that the flow opposes',
  aligned: 'after: only those that the flow supports',
  score: 'before: by score, after: by boosted score',
}

function filterAsked({ filter, minScore }: Flags): Filter {
  if (filter !== 'score') {
    if (minScore !== undefined) {
      throw new UsageError(`--min-score: expected with --filter score only, came with ${filter}`)
    }
    return { kind: filter }
  }
  if (minScore === undefined) throw new UsageError('--filter score: expected --min-score too')
  return { kind: filter, minScore }
}

/** Contexts take minutes: a path that cannot be written is told before them. */
async function checkWritable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error: Error) => {
    throw new UsageError(
      `--html: expected a path in a directory that can be written: ${error.message}`,
    )
  })
}
