import { type AlertsHandle, startAlerts } from '../alerts/handle.ts'
import { ALERT_RESULTS } from '../alerts/messages.ts'
import { type PrintFilter, printFilterOf } from '../alerts/print-filter.ts'
import { type AlertRules, SINK_KINDS } from '../alerts/rules.ts'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import type { LivePrint } from '../domain/live-flow.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Dictionary } from '../reader/dictionary.ts'
import type { FilledRows } from '../shard/row-sink.ts'
import { RowSlab } from '../slab/row-slab.ts'
import { livePrint } from '../stream/live-print.ts'
import type { OnRows } from './engine.ts'

export type AlertsOptions = {
  readonly config: Config
  readonly rules: AlertRules
  readonly databaseUrl: string
  readonly metrics: Metrics
  readonly log: Log
}

/** The alerts of a running engine. */
export type Alerts = Pick<AlertsHandle, 'stop'> & {
  /** Looks for single prints in final rows, where a rule asks for such. */
  readonly see: OnRows
}

/** Starts what tells the sinks of the rules file. */
export function startEngineAlerts(options: AlertsOptions): Alerts {
  const { config, rules, databaseUrl, metrics, log } = options
  for (const sink_kind of SINK_KINDS) {
    for (const result of ALERT_RESULTS) metrics.alerts.inc({ sink_kind, result }, 0)
  }
  const handle = startAlerts({
    databaseUrl,
    rules,
    retentionDays: config.retentionDays,
    onResult: (sink_kind, result) => metrics.alerts.inc({ sink_kind, result }),
    onLost: (subjects) => metrics.alertsLost.inc(subjects),
    onLog: (line, isWarning) => (isWarning ? log.warn(line) : log.info(line)),
  })
  log.info('alerts', { rules: rules.rules.length, sinks: rules.sinks.length })
  let filter = printFilterOf(rules)
  return {
    stop: handle.stop,
    see: (filled, dictionary) => {
      if (filter === null) return
      try {
        const prints = printsFor(filter, filled, dictionary)
        if (prints.length > 0) handle.see(prints)
      } catch (error) {
        // a bug here must not take a shard along: all is stored, and events are told of still
        log.error('single prints are not told of any more', error)
        filter = null
      }
    },
  }
}

/**
 * The rows that a rule may ask for; a look at a few columns decides for nearly all of them. Those
 * that none wants must not take the places of others in the queue.
 */
export function printsFor(
  { premium, size: sizeMin, symbols, isWanted }: PrintFilter,
  { buffer, rows }: FilledRows,
  dictionary: Pick<Dictionary, 'ticker' | 'conditionsOf' | 'underlyingId' | 'underlyings'>,
): LivePrint[] {
  const slab = new RowSlab(buffer)
  const { price, size, multiplier, tradeType, contract, conditions } = slab
  const found: LivePrint[] = []
  for (let row = 0; row < rows; row++) {
    const type = tradeType[row]!
    if (size[row]! < sizeMin[type]!) continue
    const ticks = price[row]! * size[row]! * multiplier[row]!
    if (ticks < premium[type]! * TICKS_PER_DOLLAR) continue
    const symbol = dictionary.underlyings[dictionary.underlyingId(contract[row]!)]!
    if (symbols !== null && !symbols.has(symbol)) continue
    const ticker = dictionary.ticker(contract[row]!)
    const print = livePrint(slab, row, ticker, dictionary.conditionsOf(conditions[row]!))
    if (isWanted(print)) found.push(print)
  }
  return found
}
