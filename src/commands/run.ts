import { Command, Option } from 'commander'
import { type AlertRules, secretsOfRules } from '../alerts/rules.ts'
import type { Config } from '../config.ts'
import * as lines from '../console/lines.ts'
import type { Log } from '../console/log.ts'
import { patientTerminal } from '../console/patient-terminal.ts'
import { describeDatabase } from '../console/redact.ts'
import { LiveRun } from '../engine/live-run.ts'
import { startSimulator } from '../simulator/server.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import { VERSION } from '../version.ts'
import { alertRulesOf } from './alert-rules.ts'
import { type RunView, runView } from './run-view.ts'
import { onSignals } from './signals.ts'
import { openDatabase, setupFor } from './start.ts'
import { keyToSend } from './vendor-key.ts'

/** What the demo's vendor accepts and the demo's engine sends. */
const DEMO_KEY = 'demo-key'
const DEMO_PRINTS_PER_SECOND = 200

/** `flow run`: the engine. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('connect to the feed, classify every print and store it')
    .addOption(new Option('--plain', 'lines alone on a terminal, without the live view below'))
  let alerts: AlertRules | null = null
  const terminal = process.stdout.isTTY ? patientTerminal(process.stdout) : null
  // what json lines are for has no use for a view
  const view = terminal === null ? null : runView(terminal)
  const setup = setupFor(command, undefined, view?.log ?? process.stdout, (config) => {
    alerts = alertRulesOf(config)
    return alerts === null ? [] : secretsOfRules(alerts)
  })
  return command.action(async ({ plain }: { plain?: true }) => {
    const { config, log } = setup()
    const isWatched = view !== null && plain !== true && config.log === 'pretty'
    process.exitCode = await run(config, log, alerts, isWatched ? view : null)
  })
}

/** Runs until a signal or until it cannot go on; gives the exit code. */
async function run(
  given: Config,
  plainLog: Log,
  alerts: AlertRules | null,
  view: RunView | null,
): Promise<number> {
  const log = view?.watch(plainLog) ?? plainLog
  log.say(lines.banner(VERSION))
  const demo = given.demo
    ? await startSimulator({
        apiKey: DEMO_KEY,
        maxConnections: CONNECTIONS_MAX,
        source: {
          kind: 'synthetic',
          rate: DEMO_PRINTS_PER_SECOND,
          seed: Date.now() % 2 ** 31,
          ...(given.symbols === '*' ? {} : { symbols: given.symbols }),
        },
      })
    : null
  const config: Config =
    demo === null ? given : { ...given, feedUrl: demo.wsUrl, restUrl: demo.restUrl }
  if (demo !== null) log.say(lines.demo())
  log.say(lines.watching(config.symbols))
  log.say(lines.minTradeSize(config.minSize))
  log.say(
    lines.database(
      config.databaseUrl === undefined
        ? `embedded PostgreSQL in ${config.dataDir}`
        : describeDatabase(config.databaseUrl),
    ),
  )
  const live = new LiveRun({
    config,
    log,
    alerts,
    apiKey: demo === null ? keyToSend(config) : DEMO_KEY,
    openDatabase: () => openDatabase(config, log, false),
  })
  view?.start(() => live.sample())
  onSignals(
    (signal) => {
      view?.end() // what a drain has to say stays
      live.stop(`${signal} received`)
    },
    () => live.abandon('second signal'),
  )
  const code = await live.run().finally(() => view?.end())
  await demo?.close()
  // a socket that will not close, or a handle of a library, must not keep a finished engine alive
  setTimeout(() => process.exit(code), 1000).unref()
  return code
}
