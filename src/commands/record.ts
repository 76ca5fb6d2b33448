import { join } from 'node:path'
import { Command } from 'commander'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { metricsFor } from '../engine/engine.ts'
import { planFeed } from '../engine/feed-plan.ts'
import { GapRecorder } from '../engine/gap-recorder.ts'
import { LiveFeed } from '../engine/live-feed.ts'
import { FrameDecoder } from '../reader/decode.ts'
import { Dictionary } from '../reader/dictionary.ts'
import type { FrameStamp } from '../reader/router.ts'
import { RecordingWriter } from '../recording/write.ts'
import { onSignals } from './signals.ts'
import { setupFor } from './start.ts'
import { keyToSend } from './vendor-key.ts'

const MIB = 1024 * 1024
const FILE_MIB_MAX = '256'
const CONTRACTS_MAX = 4_000_000

/** `flow record`: writes what the feed sends. */
export function recordCommand(): Command {
  const command = new Command('record')
    .description('write what the feed sends to files that flow replay can read')
    .option('--dir <folder>', 'where the files go (default: recordings in FLOW_DATA_DIR)')
    .option(
      '--max-mib <number>',
      'size of a file, compressed, before the next begins',
      FILE_MIB_MAX,
    )
  const setup = setupFor(command, [
    ...(['massiveApiKey', 'feedUrl', 'restUrl', 'symbols', 'subscribe'] as const),
    ...(['symbolsPerConnection', 'quotesPerConnection', 'reconnectMinMs'] as const),
    ...(['silenceMs', 'dataDir', 'log'] as const),
    ...(['lookupPremium', 'restPerSecond', 'underlying'] as const),
  ])
  return command.action(async ({ dir, maxMib }: { dir?: string; maxMib: string }) => {
    const { config, log } = setup()
    const size = Number(maxMib)
    if (!(size > 0)) {
      command.error(`error: --max-mib must be a number of MiB above 0, was ${maxMib}`)
    }
    if (config.demo) {
      command.error('error: nothing to record: set MASSIVE_API_KEY or FLOW_FEED_URL')
    }
    const folder = dir ?? join(config.dataDir, 'recordings')
    process.exitCode = await record(config, log, folder, size * MIB)
  })
}

async function record(config: Config, log: Log, dir: string, maxBytes: number): Promise<number> {
  const apiKey = keyToSend(config)
  const stopping = Promise.withResolvers<number>()
  const abort = new AbortController()
  onSignals(
    () => {
      abort.abort()
      stopping.resolve(0)
    },
    () => process.exit(1),
  )
  const fail = (message: string): void => {
    log.error('recording ends', new Error(message))
    stopping.resolve(1)
  }
  const plans = await planFeed(config, apiKey, log, abort.signal)
  const writer = new RecordingWriter({ dir, maxBytes, secrets: [apiKey] })
  const watched = config.symbols === '*' ? '*' : new Set(config.symbols)
  const dictionary = new Dictionary({ watched, contractsMax: CONTRACTS_MAX })
  const decoder = new FrameDecoder({ dictionary })
  let frames = 0
  let bytes = 0
  const feed = new LiveFeed({
    config,
    apiKey,
    plans,
    metrics: metricsFor(config),
    log,
    gaps: new GapRecorder(
      () => {},
      () => {},
    ),
    clockFrom: () => 0,
    references: [],
    keepReferences: () => {},
    onFatal: fail,
  })
  // every frame is written, watched or not: decoding only tells the session how its feed fares
  const push = (data: Uint8Array, isBinary: boolean, stamp: FrameStamp): void => {
    const { recv, clock, connection } = stamp
    frames++
    bytes += data.length
    const { counts } = decoder
    const before = counts.received + counts.quotesReceived
    decoder.decode(data, isBinary, recv)
    for (const { status, message } of decoder.statuses) {
      feed.handleStatus(connection, status, message)
    }
    if (counts.received + counts.quotesReceived > before) feed.noteData(connection)
    if (writer.write({ recv, clock, connection, bytes: data, isBinary })) return
    feed.pause()
    writer.drained().then(
      () => feed.resume(),
      (error: Error) => fail(error.message),
    )
  }
  feed.start({ push, passTime: () => {}, isBlocked: false, decoder, dictionary })
  const code = await stopping.promise
  await feed.stop()
  await writer.close()
  log.info('recorded', { frames, bytes, folder: dir })
  return code
}
