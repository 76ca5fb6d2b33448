import { availableParallelism, totalmem } from 'node:os'
import { Command, Option } from 'commander'
import { type Config, ConfigError } from '../config.ts'
import { describeDatabase, redactor, secretsOf } from '../console/redact.ts'
import { checkDatabase } from '../doctor/database.ts'
import { checkDisk } from '../doctor/disk.ts'
import { doctorText } from '../doctor/doctor-text.ts'
import { checkEngine } from '../doctor/engine.ts'
import { checkFeed } from '../doctor/feed.ts'
import { type Check, type Finding, fail, ok, skip } from '../doctor/finding.ts'
import { checkFlatFiles } from '../doctor/flat-files.ts'
import { checkMachine } from '../doctor/machine.ts'
import { checkRest } from '../doctor/rest.ts'
import { CHECK_MS_MAX, runChecks } from '../doctor/run-checks.ts'
import { installedBinaries } from '../postgres/binaries.ts'
import { findEmbeddedPostgres } from '../postgres/embedded.ts'
import { SCHEMA_VERSION } from '../writer/migrate.ts'
import { alertRulesOf } from './alert-rules.ts'
import { setupFor } from './start.ts'
import { keyToSend } from './vendor-key.ts'

/** `flow doctor`: what the engine needs, whether it is there, and what to do where it is not. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('check key, plan, endpoints, clock, database, disk and limits')
    .addOption(new Option('--json', 'the findings as JSON'))
  const setup = setupFor(command, undefined, process.stderr)
  return command.action(async ({ json }: { json?: true }) => {
    const { config } = setup()
    const findings = await examine(config)
    process.stdout.write(json === true ? `${JSON.stringify({ findings })}\n` : doctorText(findings))
    process.exitCode = findings.some(({ state }) => state === 'fail') ? 1 : 0
  })
}

async function examine(config: Config): Promise<readonly Finding[]> {
  const { httpHost: host, httpPort: port, dataDir } = config
  const engine = await checkEngine({ host, port, dataDir }, AbortSignal.timeout(CHECK_MS_MAX))
  const findings = await runChecks([
    ...vendorChecks(config, engine.isRunning),
    {
      name: 'flat files',
      run: (signal) =>
        checkFlatFiles(
          {
            url: config.flatFilesUrl,
            bucket: config.flatFilesBucket,
            accessKey: config.flatFilesAccessKey,
            secretKey: config.flatFilesSecretKey,
          },
          signal,
        ),
    },
    { name: 'database', run: (signal) => databaseOf(config, signal) },
    {
      name: 'disk',
      run: () =>
        checkDisk({
          dataDir: config.dataDir,
          journalMaxMib: config.journalMaxMib,
          isEmbedded: config.databaseUrl === undefined,
        }),
    },
    {
      name: 'machine',
      run: () =>
        checkMachine({
          cores: availableParallelism(),
          shards: config.shards,
          memory: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
          limitsFile: '/proc/self/limits',
        }),
    },
    { name: 'alerts', run: async () => [alertsOf(config)] },
  ])
  return [...findings, ...engine.findings]
}

/** Key, plan, REST and clock; of the demo there is nothing to ask. */
function vendorChecks(config: Config, isRunning: boolean): Check[] {
  if (config.demo) {
    const found = 'none: the engine runs the demo, its own vendor on loopback'
    const todo = 'for the market set MASSIVE_API_KEY (plan Options Advanced)'
    return [{ name: 'key', run: async () => [skip('key', found, todo)] }]
  }
  const apiKey = keyToSend(config)
  const feed: Check = {
    name: 'feed',
    run: async (signal) =>
      isRunning
        ? [skip('feed', 'the engine uses it: the vendor allows a key one connection at a time')]
        : checkFeed({ url: config.feedUrl, apiKey }, signal),
  }
  const rest: Check = {
    name: 'rest',
    run: async (signal) =>
      config.hasRest
        ? checkRest({ url: config.restUrl, apiKey }, signal)
        : [skip('rest', 'none: this feed is not of the vendor and FLOW_REST_URL is not set')],
  }
  return [feed, rest]
}

async function databaseOf(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { databaseUrl, dataDir } = config
  const url = databaseUrl ?? (await findEmbeddedPostgres(dataDir))
  if (url === null) return [embeddedToCome(dataDir)]
  const name =
    databaseUrl === undefined ? `embedded PostgreSQL in ${dataDir}` : describeDatabase(databaseUrl)
  const clean = redactor(secretsOf(undefined, [url]))
  return checkDatabase({ url, name, schema: SCHEMA_VERSION, clean }, signal)
}

/** The embedded PostgreSQL, which is not running: the engine starts it, if it can. */
function embeddedToCome(dataDir: string): Finding {
  try {
    installedBinaries()
  } catch (error) {
    const todo = 'set DATABASE_URL, or install again without --omit=optional'
    return fail('database', (error as Error).message, todo)
  }
  const found = `embedded PostgreSQL in ${dataDir} is not running; it starts with the engine`
  return skip('database', found)
}

function alertsOf(config: Config): Finding {
  try {
    const rules = alertRulesOf(config)
    if (rules === null) return skip('alerts', 'no FLOW_ALERTS_FILE')
    return ok('alerts', `${rules.rules.length} rules, ${rules.sinks.length} sinks`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const more = error.problems.length - 1
    const found = more === 0 ? error.problems[0]! : `${error.problems[0]} (and ${more} more)`
    return fail('alerts', found, 'mend the file; flow alerts check shows all that is wrong')
  }
}
