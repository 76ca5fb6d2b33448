import { availableParallelism } from 'node:os'
import { FLOW_SETTINGS } from './config-flow.ts'
import { contradictions, misspelt, problemOf } from './config-problems.ts'
import { isVendor, unsafe, warningsOf } from './config-security.ts'
import { fileVariable, givenValue } from './config-sources.ts'
import type { Given, Setting } from './config-values.ts'
import * as kind from './config-values.ts'
import { readEnvFile } from './env-file.ts'

const SHARDS_MAX = 64
const SIZE_MAX = 2 ** 31 - 1
const RECONNECT_MS_MAX = 300_000 // the delay that the doubling ends at
const HOUR_MS = 3_600_000
const PREMIUM_MAX = 1_000_000_000

/** Every name there is: environment, flag, default, check, help and README come from here. */
export const SETTINGS = {
  massiveApiKey: kind.secret(
    'MASSIVE_API_KEY',
    kind.apiKey,
    'vendor key; without it the demo',
    'none',
  ),
  feedUrl: kind.setting(
    'FLOW_FEED_URL',
    kind.url('wss', 'ws'),
    'wss://socket.massive.com/options',
    "any server that speaks the vendor's WebSocket protocol",
  ),
  restUrl: kind.setting(
    'FLOW_REST_URL',
    kind.url('https', 'http'),
    'https://api.massive.com',
    "the vendor's REST base",
  ),
  symbols: kind.setting(
    'FLOW_SYMBOLS',
    kind.symbols,
    'SPX,NDX,SPY,QQQ,IWM',
    'underlyings; * = all; a root counts as its underlying (SPXW: SPX)',
  ),
  subscribe: kind.setting(
    'FLOW_SUBSCRIBE',
    kind.oneOf('wildcard', 'contracts'),
    'wildcard',
    'wildcard: all trades, filtered here; contracts: those of each underlying, listed over REST',
  ),
  symbolsPerConnection: kind.setting(
    'FLOW_SYMBOLS_PER_CONNECTION',
    kind.wholeNumber(1, 10_000, 'underlyings'),
    '50',
    'in contracts mode: underlyings per connection; more open more connections',
  ),
  quotesPerConnection: kind.setting(
    'FLOW_QUOTES_PER_CONNECTION',
    kind.wholeNumber(0, 1000, 'contracts'),
    '1000',
    "the vendor's cap on quoted contracts per connection; 0 = no quotes",
  ),
  rules: kind.setting('FLOW_RULES', kind.oneOf('opra', 'seed'), 'opra', 'rule set'),
  minSize: kind.setting(
    'FLOW_MIN_SIZE',
    kind.wholeNumber(0, SIZE_MAX, 'contracts'),
    '10',
    'contracts; a smaller print that is no leg of a larger event is counted, not stored',
  ),
  sweepWindowMs: kind.setting(
    'FLOW_SWEEP_WINDOW_MS',
    kind.wholeNumber(0, 60_000, 'milliseconds'),
    '500',
    'event-time window of sweeps and splits',
  ),
  quoteMaxAgeMs: kind.setting(
    'FLOW_QUOTE_MAX_AGE_MS',
    kind.wholeNumber(0, HOUR_MS, 'milliseconds'),
    '5000',
    'an older quote is no quote',
  ),
  lookupPremium: kind.setting(
    'FLOW_LOOKUP_PREMIUM',
    kind.wholeNumber(0, PREMIUM_MAX, 'dollars'),
    '25000',
    'dollars; prints of this premium or more without a usable quote are looked up over REST; ' +
      '0 = none',
  ),
  restPerSecond: kind.setting(
    'FLOW_REST_PER_SECOND',
    kind.wholeNumber(1, 1000, 'requests a second'),
    '20',
    'budget of REST requests a second while the engine runs, lookups first',
  ),
  fillPerSecond: kind.setting(
    'FLOW_FILL_PER_SECOND',
    kind.wholeNumber(0, 100, 'requests a second'),
    '5',
    'budget of REST requests a second that fill gaps of today; 0 = gaps stay as they are',
  ),
  underlying: kind.setting(
    'FLOW_UNDERLYING',
    kind.someOf('stocks', 'indices'),
    'none',
    "the vendor's clusters that the key has for underlying prices; without them put-call parity",
  ),
  shards: kind.setting(
    'FLOW_SHARDS',
    kind.wholeNumber(1, SHARDS_MAX, 'threads'),
    `${Math.min(SHARDS_MAX, Math.max(1, availableParallelism() - 2))}`,
    'classifier workers, 1 to 64',
    'cores - 2, at least 1',
  ),
  databaseUrl: kind.secret(
    'DATABASE_URL',
    kind.databaseUrl,
    'PostgreSQL 14 or later; absent: an embedded PostgreSQL in FLOW_DATA_DIR',
    'embedded',
  ),
  dataDir: kind.setting(
    'FLOW_DATA_DIR',
    kind.folder,
    '.flow',
    'embedded database, spool, recordings',
  ),
  journalSyncMs: kind.setting(
    'FLOW_JOURNAL_SYNC_MS',
    kind.wholeNumber(0, 60_000, 'milliseconds'),
    '100',
    'a power cut loses the frames of about this long; 0 = sync after each write',
  ),
  journalMaxMib: kind.setting(
    'FLOW_JOURNAL_MAX_MIB',
    kind.wholeNumber(256, 1_048_576, 'MiB'),
    '4096',
    'MiB of journal in FLOW_DATA_DIR; at this much the feed waits until a snapshot makes room',
  ),
  retentionDays: kind.setting(
    'FLOW_RETENTION_DAYS',
    kind.wholeNumber(0, 36_500, 'days'),
    '90',
    'flow older than this (by timestamp) is dropped; 0 keeps all; flow replay never drops',
  ),
  reconnectMinMs: kind.setting(
    'FLOW_RECONNECT_MIN_MS',
    kind.wholeNumber(1, RECONNECT_MS_MAX, 'milliseconds'),
    '5000',
    'first reconnect delay, doubled with jitter up to 5 minutes, reset by data only',
  ),
  silenceMs: kind.setting(
    'FLOW_SILENCE_MS',
    kind.wholeNumber(1, HOUR_MS, 'milliseconds'),
    '60000',
    'no data for this long in market hours: reconnect',
  ),
  flatFilesUrl: kind.setting(
    'FLOW_FLATFILES_URL',
    kind.url('https', 'http'),
    'https://files.massive.com',
    "the vendor's flat files, or any server that speaks S3",
  ),
  flatFilesBucket: kind.setting(
    'FLOW_FLATFILES_BUCKET',
    kind.bucket,
    'flatfiles',
    'the bucket of the flat files',
  ),
  flatFilesAccessKey: kind.secret(
    'FLOW_FLATFILES_ACCESS_KEY',
    kind.apiKey,
    'access key of the flat files, which is not the vendor key',
    'none',
  ),
  flatFilesSecretKey: kind.secret(
    'FLOW_FLATFILES_SECRET_KEY',
    kind.apiKey,
    'secret key that goes with it',
    'none',
  ),
  httpHost: kind.setting('FLOW_HTTP_HOST', kind.host, '127.0.0.1', 'where the HTTP server listens'),
  httpPort: kind.setting(
    'FLOW_HTTP_PORT',
    kind.wholeNumber(0, 65_535, 'TCP port'),
    '9464',
    'metrics, health and API; 0 = any free port, printed',
  ),
  httpToken: kind.secret(
    'FLOW_HTTP_TOKEN',
    kind.token,
    'asked of each request but /healthz, /readyz and the files of the page; unless FLOW_HTTP_HOST is loopback these are all there is without it',
    'none',
  ),
  alertsFile: kind.setting(
    'FLOW_ALERTS_FILE',
    kind.optionalFile,
    'none',
    'rules for alerts to Discord, Slack and webhooks, as YAML or JSON (docs/alerts.md)',
  ),
  log: kind.setting(
    'FLOW_LOG',
    kind.oneOf('pretty', 'json'),
    'json',
    'log format',
    'pretty on a terminal, else json',
  ),
  drainTimeoutMs: kind.setting(
    'FLOW_DRAIN_TIMEOUT_MS',
    kind.wholeNumber(1, HOUR_MS, 'milliseconds'),
    '30000',
    'how long a drain may take before it ends with exit code 1',
  ),
  ...FLOW_SETTINGS,
} as const

export type ConfigKey = keyof typeof SETTINGS

/** What the engine is told at its start, and never again. */
export type Config = {
  readonly [K in ConfigKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never
} & {
  /** No vendor key and no feed address: the bundled simulator stands in for the vendor. */
  readonly demo: boolean
  /**
   * Lookups have whom to ask: an address of a REST server was given, the feed is the vendor's own
   * and there is a key, or it is the demo. The key for another server's feed is not the vendor's.
   */
  readonly hasRest: boolean
}

export type ConfigSources = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where `.env` is looked for. */
  readonly directory: string
  /** From the command line, as they were typed. */
  readonly flags: Readonly<Partial<Record<ConfigKey, string>>>
  /** Whether the log goes to a terminal. */
  readonly isTerminal: boolean
}

/** Every wrong value, one line each. The command ends with exit code 2. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * The configuration from flags, environment and `.env`, in this order, and a line for each name
 * that is probably a misspelling and for what is legal and unsafe. A name that is set to nothing
 * counts as unset.
 * Throws ConfigError with all that is wrong, without a secret in it.
 */
export function loadConfig(sources: ConfigSources): {
  config: Config
  warnings: readonly string[]
} {
  const problems: string[] = []
  let file: Readonly<Record<string, string>> = {}
  try {
    file = readEnvFile(sources.directory)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
  const values: Partial<Record<ConfigKey | 'demo' | 'hasRest', unknown>> = {}
  const given = new Set<ConfigKey>()
  for (const key of Object.keys(SETTINGS) as ConfigKey[]) {
    const setting: Setting<unknown> = SETTINGS[key]
    let came: Given | undefined
    try {
      came = givenValue(setting, sources.flags[key], sources.env, file)
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      continue
    }
    if (came === undefined) {
      const fallback = key === 'log' && sources.isTerminal ? 'pretty' : setting.fallback
      values[key] = fallback === undefined ? undefined : setting.kind.parse(fallback)
      continue
    }
    given.add(key)
    values[key] = setting.kind.parse(came.text)
    if (values[key] === undefined) problems.push(problemOf(setting, came))
  }
  values.demo = !given.has('massiveApiKey') && !given.has('feedUrl')
  values.hasRest =
    values.demo ||
    given.has('restUrl') ||
    (given.has('massiveApiKey') && isVendor(values.feedUrl as string | undefined))
  const config = Object.freeze(values) as Config
  if (problems.length === 0) {
    problems.push(...contradictions(config), ...unsafe(config, sources.env))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const known = Object.values(SETTINGS).flatMap((setting: Setting<unknown>) =>
    setting.isSecret ? [setting.env, fileVariable(setting)] : [setting.env],
  )
  const strange = misspelt([...Object.keys(sources.env), ...Object.keys(file)], known)
  return { config, warnings: [...strange, ...warningsOf(config, sources)] }
}
