import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import {
  type Config,
  ConfigError,
  type ConfigKey,
  loadConfig,
  SETTINGS,
} from '../../../src/config.ts'
import type { Setting } from '../../../src/config-values.ts'
import { check, checkEqual, type Target } from '../target.ts'

const LINE_MAX = 1000
const KEYS = Object.keys(SETTINGS) as ConfigKey[]
const NAMES = KEYS.map((key) => SETTINGS[key].env)
const OWN_WORDS = JSON.stringify(SETTINGS)
const SECRETS = ['MASSIVE_API_KEY', 'FLOW_HTTP_TOKEN'] as const

/**
 * `NAME=value` a line, flags as `--key=value`, and behind a line `---` the file `.env`, byte by
 * byte.
 */
export const config: Target = {
  name: 'config',
  words: [
    ...NAMES.map((name) => `\n${name}=`),
    ...KEYS.map((key) => `\n--${key}=`),
    ...['\n---\n', 'wss://', 'http://', 'postgres://', 'a:b@', '@', '?sslmode=', 'verify-full'],
    ...[
      '&sslrootcert=/none',
      '[::1]',
      '127.0.0.1',
      '*',
      'SPX,SPXW',
      'none',
      'stocks',
      '_FILE=',
      '%0a',
    ],
    ...['FLOW_MIN_SIZ=', '\n', '"', "'", '`', 'export ', '#', '\\n', '$HOME', '\0', ' '],
  ],
  structured: settings(),
  share: 0.7,
  inTest: 300,
  setUp(onClose) {
    const directory = mkdtempSync(join(tmpdir(), 'fuzz-config-'))
    onClose(() => rmSync(directory, { recursive: true }))
    const path = join(directory, '.env')
    let isThere = false
    return (input) => {
      const { env, flags, file } = parts(input)
      if (file !== null) writeFileSync(path, file)
      else if (isThere) rmSync(path)
      isThere = file !== null
      const told = load({ env, directory, flags, isTerminal: input.length % 2 === 0 })
      const lines = typeof told === 'string' ? told.split('\n') : told.warnings
      const secrets = secretsOf(input, env)
      for (const line of lines) checkLine(line, secrets)
      if (typeof told !== 'string') checkValues(told.config)
      const names = lines.map((line) => line.slice(0, 40).replace(/[^A-Z_ a-z].*/, ''))
      return `${typeof told} ${[...new Set(names)].sort().slice(0, 3).join()}`
    }
  },
}

type Sources = Parameters<typeof loadConfig>[0]

function load(sources: Sources): ReturnType<typeof loadConfig> | string {
  try {
    return loadConfig(sources)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    check(error.problems.length > 0, 'an error has problems')
    const split = error.problems.some((problem) => problem.includes('\n'))
    check(!split, 'a problem is one line')
    return error.problems.join('\n')
  }
}

function parts(input: Buffer) {
  const cut = input.indexOf('\n---\n')
  const head = (cut < 0 ? input : input.subarray(0, cut)).toString()
  const env: Record<string, string> = {}
  const flags: Partial<Record<ConfigKey, string>> = {}
  for (const line of head.split('\n')) {
    const at = line.indexOf('=')
    if (at <= 0 || line.includes('\0')) continue // no system lets these through
    const [name, value] = [line.slice(0, at), line.slice(at + 1)]
    const key = name.slice(2) as ConfigKey
    if (name.startsWith('--') && KEYS.includes(key)) flags[key] = value
    else env[name] = value
  }
  return { env, flags, file: cut < 0 ? null : input.subarray(cut + 5) }
}

function checkLine(line: string, secrets: readonly string[]): void {
  // biome's own rule on control characters is what makes this a loop
  for (const char of line) {
    check(
      char >= ' ' && char !== '\x7f',
      `a line without control characters: ${JSON.stringify(line)}`,
    )
  }
  check(line.length <= LINE_MAX, `a line of ${line.length} characters`)
  for (const secret of secrets) check(!line.includes(secret), `no secret in a line: ${line}`)
}

/** Keys and tokens of the environment that stand nowhere else in the input, nor in our words. */
function secretsOf(input: Buffer, env: Readonly<Record<string, string>>): string[] {
  const text = input.toString()
  return SECRETS.map((name) => env[name]?.trim() ?? '').filter(
    (secret) =>
      /^[!-~]{12,}$/.test(secret) && text.split(secret).length === 2 && !OWN_WORDS.includes(secret),
  )
}

/** Every value is one that its own check takes, and gives back as it is. */
function checkValues(values: Config): void {
  check(Object.isFrozen(values), 'the configuration is frozen')
  for (const key of KEYS) {
    const setting: Setting<unknown> = SETTINGS[key]
    const value = values[key]
    if (value === undefined) {
      check(setting.fallback === undefined, `${key} has a value`)
      continue
    }
    const text = Array.isArray(value) ? value.join(',') || 'none' : String(value ?? 'none')
    checkEqual(setting.kind.parse(text), value, `${key} read again`)
  }
}

function settings(): fc.Arbitrary<Uint8Array> {
  const value = fc.oneof(
    fc.constantFrom('', '0', '1', '64', '500', '2147483647', 'opra', 'seed', 'json', 'contracts'),
    fc.constantFrom(
      'SPX,SPY',
      '*',
      'stocks',
      'none',
      'localhost',
      '0.0.0.0',
      '.flow',
      'k'.repeat(16),
    ),
    fc.constantFrom(
      'wss://a/b',
      'ws://localhost:1',
      'https://api.massive.com',
      'http://massive.com/',
    ),
    fc.constantFrom(
      'postgres://u:p@h/d',
      'postgres://u:p@h/d?sslmode=require',
      'postgres:///d?host=/tmp',
    ),
    fc.webUrl({
      validSchemes: ['ws', 'wss', 'http', 'https', 'postgres'],
      withQueryParameters: true,
    }),
    fc.nat().map(String),
    fc.string({ maxLength: 20 }),
  )
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 2, arbitrary: fc.constantFrom(...KEYS.map((key) => `--${key}`)) },
    { weight: 1, arbitrary: fc.constantFrom('FLOW_HTTP_TOKEN_FILE', 'PGSSLMODE', 'FLOW_SHARD') },
  )
  const line = fc.tuple(name, value).map(([n, v]) => `${n}=${v}`)
  const lines = fc.array(line, { maxLength: 5 }).map((all) => all.join('\n'))
  return fc
    .tuple(lines, fc.option(lines))
    .map(([env, file]) => Buffer.from(file === null ? env : `${env}\n---\n${file}`))
}
