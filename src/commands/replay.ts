import { Argument, Command, Option } from 'commander'
import { ReplayRun } from '../engine/replay-run.ts'
import type { Speed } from '../recording/pace.ts'
import { progressBar } from './progress.ts'
import { onSignals } from './signals.ts'
import { openDatabase, setupFor } from './start.ts'

/** `flow replay FILE`: stores the prints of a recording or of a flat file. */
export function replayCommand(): Command {
  const command = new Command('replay')
    .description('store the prints of a recording or of a flat file')
    .addArgument(
      new Argument(
        '<FILE>',
        'a recording of flow record, *.frames.jsonl[.gz], or the flat file trades_v1 (CSV, CSV.gz)',
      ),
    )
    .addOption(
      new Option('--speed <speed>', 'as fast as it was received, ten times that, or at once')
        .choices(['1', '10', 'max'])
        .default('max'),
    )
  const setup = setupFor(command, [
    ...(['symbols', 'rules', 'minSize', 'sweepWindowMs', 'quoteMaxAgeMs', 'shards'] as const),
    ...(['lookupPremium', 'databaseUrl', 'dataDir', 'log', 'drainTimeoutMs'] as const),
  ])
  return command.action(async (file: string, flags: { speed: string }) => {
    const { config, log } = setup()
    const speed: Speed = flags.speed === 'max' ? 'max' : flags.speed === '10' ? 10 : 1
    const bar = progressBar('MiB', log)
    const replay = new ReplayRun({
      file,
      speed,
      config,
      log: bar.above(log),
      openDatabase: () => openDatabase(config, bar.above(log), true),
      tellsPrints: !bar.isShown,
      onProgress: (done, total) => bar.update(done, total),
      onRead: () => bar.stop(),
    })
    onSignals(
      () => replay.stop(),
      () => replay.abandon('second signal'),
    )
    await replay.run()
    setTimeout(() => process.exit(), 1000).unref()
  })
}
