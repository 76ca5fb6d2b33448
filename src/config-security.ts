import { accessSync, constants } from 'node:fs'
import type { Config, ConfigSources } from './config.ts'
import { PATH_SHOWN_MAX, printable } from './config-problems.ts'
import { isLoopback } from './metrics/auth.ts'

const TLS_MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full']

/** Whether an address is one of the vendor's, under its present name or its former one. */
export function isVendor(url: string | undefined): boolean {
  return url !== undefined && /(^|\.)(massive\.com|polygon\.io)$/.test(new URL(url).hostname)
}

/** A line for each thing that would let someone in, or our traffic out, unseen. */
export function unsafe(config: Config, env: ConfigSources['env']): string[] {
  const problems: string[] = []
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    problems.push(
      'NODE_TLS_REJECT_UNAUTHORIZED: expected certificates to be checked, came 0; unset it, and ' +
        'name the file of an authority of your own in NODE_EXTRA_CA_CERTS',
    )
  }
  const secure = {
    FLOW_FEED_URL: 'wss',
    FLOW_REST_URL: 'https',
    FLOW_FLATFILES_URL: 'https',
  } as const
  const flatFiles = ['FLOW_FLATFILES_URL', config.flatFilesUrl] as const
  for (const [name, url] of [...addresses(config), flatFiles]) {
    if (!isVendor(url) || new URL(url).protocol === `${secure[name]}:`) continue
    problems.push(
      `${name}: expected ${secure[name]}:// for the vendor, came ${new URL(url).protocol}//, ` +
        'which shows the key to everybody on the way; change it',
    )
  }
  return [...problems, ...databaseProblems(config.databaseUrl)]
}

/** What works and is worth a word at the start. */
export function warningsOf(config: Config, { flags, env }: ConfigSources): string[] {
  const warnings: string[] = []
  const secrets = [
    ['massiveApiKey', 'MASSIVE_API_KEY', '--massive-api-key'],
    ['databaseUrl', 'DATABASE_URL', '--database-url'],
    ['httpToken', 'FLOW_HTTP_TOKEN', '--http-token'],
    ['flatFilesAccessKey', 'FLOW_FLATFILES_ACCESS_KEY', '--flatfiles-access-key'],
    ['flatFilesSecretKey', 'FLOW_FLATFILES_SECRET_KEY', '--flatfiles-secret-key'],
  ] as const
  for (const [key, name, flag] of secrets) {
    if (flags[key] === undefined) continue
    warnings.push(
      `${flag}: other users of this machine can read a command line; set ${name} or ` +
        `${name}_FILE instead`,
    )
  }
  for (const [name, url] of addresses(config)) {
    const { protocol, hostname } = new URL(url)
    const isPlain = protocol === 'ws:' || protocol === 'http:'
    if (!isPlain || config.massiveApiKey === undefined || isLoopback(hostname)) continue
    warnings.push(`${name}: MASSIVE_API_KEY goes to ${hostname} without encryption`)
  }
  const files = new URL(config.flatFilesUrl)
  const hasFilesKey = config.flatFilesAccessKey !== undefined
  if (files.protocol === 'http:' && hasFilesKey && !isLoopback(files.hostname)) {
    warnings.push(
      `FLOW_FLATFILES_URL: requests signed with FLOW_FLATFILES_SECRET_KEY go to ${files.hostname} ` +
        'without encryption, and what comes from there may be from anybody',
    )
  }
  if (config.httpToken === undefined && !isLoopback(config.httpHost)) {
    warnings.push(
      `FLOW_HTTP_HOST: others can reach ${config.httpHost}, so only /healthz, /readyz and the files ` +
        'of the page answer until FLOW_HTTP_TOKEN or FLOW_HTTP_TOKEN_FILE is set, to 16 characters or more',
    )
  }
  return [...warnings, ...databaseWarnings(config.databaseUrl, env)]
}

function addresses(
  config: Config,
): readonly (readonly ['FLOW_FEED_URL' | 'FLOW_REST_URL', string])[] {
  return [
    ['FLOW_FEED_URL', config.feedUrl],
    ['FLOW_REST_URL', config.restUrl],
  ]
}

/**
 * sslmode has the meaning that PostgreSQL's own programs give it (libpq, chapter "SSL Support"),
 * less what gives up encryption without a word (allow, prefer).
 */
function databaseProblems(databaseUrl: string | undefined): string[] {
  if (databaseUrl === undefined) return []
  const { searchParams } = new URL(databaseUrl)
  const mode = searchParams.get('sslmode')
  const problems: string[] = []
  if (mode !== null && !TLS_MODES.includes(mode)) {
    problems.push(
      `DATABASE_URL: expected sslmode to be ${TLS_MODES.join(', ')}, came another word; ` +
        'set verify-full to be sure of the server, or leave it out for no encryption',
    )
  }
  if (searchParams.has('ssl')) {
    problems.push(
      'DATABASE_URL: expected sslmode, came ssl, which is no name of PostgreSQL; ' +
        'set sslmode=verify-full in its place, with sslrootcert=FILE for an authority of your own',
    )
  }
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert')) {
    problems.push(
      'DATABASE_URL: expected sslrootcert=FILE with sslmode=verify-ca, came none; ' +
        'name the certificate of the authority, or set verify-full',
    )
  }
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const path = searchParams.get(name)
    if (path === null || canRead(path)) continue
    problems.push(
      `DATABASE_URL: expected ${name} to be a file that this user can read, came ` +
        `${JSON.stringify(printable(path, PATH_SHOWN_MAX))}; correct the path or let this user read it`,
    )
  }
  return problems
}

function databaseWarnings(databaseUrl: string | undefined, env: ConfigSources['env']): string[] {
  if (databaseUrl === undefined) return []
  const { hostname, searchParams } = new URL(databaseUrl)
  const host = printable(searchParams.get('host') ?? hostname, PATH_SHOWN_MAX)
  if (host === '' || host.startsWith('/') || /^%2f/i.test(host) || isLoopback(host)) return []
  const mode = searchParams.get('sslmode')
  if (mode === null && (env.PGSSLMODE ?? '') === '') {
    return [
      `DATABASE_URL: what goes to ${host} is not encrypted; add sslmode=verify-full, or ` +
        'sslmode=disable to say that it is meant so',
    ]
  }
  if (mode !== 'require' || searchParams.has('sslrootcert')) return []
  return [
    `DATABASE_URL: sslmode=require takes any server for ${host}; add sslrootcert=FILE, or set ` +
      'sslmode=verify-full',
  ]
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
