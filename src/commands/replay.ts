import { Argument, Command, Option } from 'commander'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { Engine, metricsFor } from '../engine/engine.ts'
import { paced, type Speed } from '../recording/pace.ts'
import { checkRecording, readRecording } from '../recording/read.ts'
import { progressBar } from './progress.ts'
import { onSignals, openDatabase, setupFor } from './start.ts'

const PROBLEMS_TOLD_MAX = 10

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
    ...(['databaseUrl', 'dataDir', 'log', 'drainTimeoutMs'] as const),
  ])
  return command.action(async (file: string, flags: { speed: string }) => {
    const { config, log } = setup()
    const speed: Speed = flags.speed === 'max' ? 'max' : flags.speed === '10' ? 10 : 1
    process.exitCode = await replay(file, speed, config, log)
    setTimeout(() => process.exit(), 1000).unref()
  })
}

/** Gives the exit code. A signal ends the reading; what was read is stored. */
async function replay(file: string, speed: Speed, config: Config, log: Log): Promise<number> {
  const stopping = new AbortController()
  let failure: Error | null = null
  let engine: Engine | null = null
  const abandon = (reason: string): void => {
    void (engine?.left() ?? Promise.resolve(0)).then((left) => {
      log.error(`not drained (${reason}): ${left} prints left`, undefined, { left })
      process.exit(1)
    })
  }
  onSignals(
    () => stopping.abort(),
    () => abandon('second signal'),
  )
  await checkRecording(file) // a wrong file is told before anything is started
  const database = await openDatabase(config, log, true)
  let patience: NodeJS.Timeout | undefined
  try {
    let unblock: () => void = () => {}
    engine = await Engine.start({
      config,
      log,
      metrics: metricsFor(config),
      databaseUrl: database.url,
      retentionDays: null,
      connections: 64,
      signal: stopping.signal,
      onFatal: (error) => {
        failure ??= error
        stopping.abort()
        unblock()
      },
      events: {
        onStatus: () => {},
        onData: () => {},
        onBlocked: () => {},
        onUnblocked: () => unblock(),
      },
    })
    const { pipeline } = engine
    const whenFree = (): Promise<void> =>
      new Promise((resolve) => {
        unblock = resolve
      })
    await readInto(pipeline, whenFree, file, speed, log, stopping.signal)
    patience = setTimeout(() => abandon('FLOW_DRAIN_TIMEOUT_MS'), config.drainTimeoutMs)
    if (failure !== null) throw failure
    await engine.drain()
    return 0
  } finally {
    clearTimeout(patience)
    await engine?.close()
    await database.stop()
  }
}

async function readInto(
  pipeline: Engine['pipeline'],
  whenFree: () => Promise<void>,
  file: string,
  speed: Speed,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const bar = progressBar()
  let problems = 0
  const frames = readRecording(file, {
    onProgress: (done, total) => bar.update(done, total),
    onProblem: (problem) => {
      if (++problems <= PROBLEMS_TOLD_MAX) log.warn(problem)
    },
  })
  try {
    for await (const batch of paced(frames, speed, () => signal.aborted)) {
      for (const frame of batch) {
        if (signal.aborted) return
        const { recv, clock, connection, bytes, isBinary } = frame
        pipeline.push(bytes, isBinary, { recv, clock, connection, readAt: Date.now() })
        if (pipeline.isBlocked) await whenFree()
      }
    }
  } finally {
    bar.stop()
    if (problems > PROBLEMS_TOLD_MAX) log.warn(`${problems} parts of ${file} could not be read`)
  }
}
