import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { type FillerHandle, startFiller } from '../fill/handle.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { FilledVolume } from '../reader/evidence.ts'

export type GapFillerOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly databaseUrl: string
  readonly metrics: Metrics
  readonly log: Log
  /**
   * A contract is filled: its shard counts the volume from the moment on that is given, epoch ms.
   * Null: not now, it comes again.
   */
  readonly onFilled: (filled: FilledVolume) => number | null
}

export type GapFiller = Pick<FillerHandle, 'look' | 'stop'>

/**
 * Starts the filling of today's gaps over REST, where there is a REST server to ask and a budget
 * for it; open gaps are counted in any case.
 */
export function startGapFiller(options: GapFillerOptions): GapFiller {
  const { config, apiKey, databaseUrl, metrics, log, onFilled } = options
  const { rules, minSize, sweepWindowMs, quoteMaxAgeMs } = config
  return startFiller({
    databaseUrl,
    restUrl: config.restUrl,
    apiKey,
    perSecond: config.hasRest ? config.fillPerSecond : 0,
    retentionDays: config.retentionDays,
    rules: { rules, minSize, windowMs: sweepWindowMs, quoteMaxAgeMs },
    onFilled: ({ prints }) => metrics.gapsFilledPrints.inc(prints),
    onVolume: ({ ticker, date, volume }) => onFilled({ ticker, date, volume }),
    onRequest: (result) => metrics.fillRequests.inc({ result }),
    onGaps: (open) => metrics.gapsOpen.set(open),
    onLog: (line, isWarning) => (isWarning ? log.warn(line) : log.info(line)),
  })
}
