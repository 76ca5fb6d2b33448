import type { Writable } from 'node:stream'
import type { Command } from 'commander'
import pg from 'pg'
import { type Config, type ConfigKey, loadConfig } from '../config.ts'
import { configFlags } from '../config-help.ts'
import { explain } from '../console/explain.ts'
import { createLog, type Log, type LogFormat } from '../console/log.ts'
import { type LogTarget, streamTarget } from '../console/log-target.ts'
import { describeDatabase, secretsOf } from '../console/redact.ts'
import { connectAdvice } from '../postgres/connect-advice.ts'
import {
  findEmbeddedPostgres,
  hasEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../postgres/embedded.ts'

/** For a server that is busy or far. */
const CONNECT_MS_MAX = 10_000

/** What a command needs before it can work: its configuration, checked, and a log. */
export type Setup = { readonly config: Config; readonly log: Log }

/**
 * Adds the configuration's flags to a command; the result reads configuration and sets up the
 * log, which goes to `out`. `secretsOfFiles`: what else must not be in it.
 */
export function setupFor(
  command: Command,
  keys?: readonly ConfigKey[],
  out: Writable | ((format: LogFormat) => LogTarget) = process.stdout,
  secretsOfFiles: (config: Config) => readonly string[] = () => [],
): () => Setup {
  const flags = configFlags(command, keys)
  return () => {
    const { config, warnings } = loadConfig({
      env: process.env,
      directory: process.cwd(),
      flags: flags(),
      isTerminal: process.stdout.isTTY === true,
    })
    const urls = [config.databaseUrl, config.feedUrl, config.restUrl, config.flatFilesUrl]
    const log = createLog({
      format: config.log,
      secrets: [
        ...secretsOf(config.massiveApiKey, urls),
        config.httpToken ?? '',
        config.flatFilesAccessKey ?? '',
        config.flatFilesSecretKey ?? '',
        ...secretsOfFiles(config),
      ],
      ...(typeof out === 'function' ? out(config.log) : streamTarget(out, config.log)),
    })
    for (const warning of warnings) log.warn(warning)
    return { config, log }
  }
}

export type Database = {
  /** Holds the password: never log it. */
  readonly url: string
  /** Stops the database if we have started it. */
  stop(): Promise<void>
}

/**
 * DATABASE_URL, or the embedded PostgreSQL of the data directory: the one that is running there if
 * the command may share it, else our own. A command that may share does not wait for a database:
 * it throws, with what to do, where there is none.
 */
export async function openDatabase(
  { databaseUrl, dataDir }: Config,
  log: Log,
  mayShare: boolean,
): Promise<Database> {
  if (databaseUrl !== undefined) {
    if (mayShare) await expectDatabase(databaseUrl)
    return { url: databaseUrl, stop: async () => {} }
  }
  const running = mayShare ? await findEmbeddedPostgres(dataDir) : null
  if (running !== null) return { url: running, stop: async () => {} }
  // PostgreSQL reports each start and checkpoint as LOG: of no use here unless it goes wrong; nor is
  // the text of a statement that failed, whose further lines begin with a tab
  const onLog = (line: string): void => {
    if (!/ (LOG|HINT|STATEMENT): | FATAL: {2}the database system is starting up|^\t/.test(line)) {
      log.info(line)
    }
  }
  return startEmbeddedPostgres({ dataDir, onLog })
}

/** The same for a command that only reads: it makes no new database. */
export async function openStored(config: Config, log: Log): Promise<Database> {
  const { databaseUrl, dataDir } = config
  if (databaseUrl === undefined && !(await hasEmbeddedPostgres(dataDir))) {
    const action = 'start the engine first (npm start), or set FLOW_DATA_DIR or DATABASE_URL'
    throw new Error(`no flow is stored in ${dataDir} yet: ${action}`)
  }
  return openDatabase(config, log, true)
}

async function expectDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new Error(`${describeDatabase(url)}: ${explain(error)}; ${connectAdvice(error)}`)
  } finally {
    await client.end().catch(() => {})
  }
}
