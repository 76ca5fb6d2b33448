import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, type ConfigSources, loadConfig } from '../../src/config.ts'
import { flow } from '../e2e/flow-process.ts'

const TOKEN = 'correct-horse-battery'
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'flow-config-'))

function load(env: ConfigSources['env'], more: Partial<ConfigSources> = {}) {
  return loadConfig({ env, directory: newFolder(), flags: {}, isTerminal: false, ...more })
}

function problems(env: ConfigSources['env'], more: Partial<ConfigSources> = {}): readonly string[] {
  try {
    load(env, more)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** A file with this text in a new folder. */
function fileWith(text: string, name = 'secret'): string {
  const path = join(newFolder(), name)
  writeFileSync(path, text)
  return path
}

/** The keys of the flat files come in pairs. */
function otherKeyOf(name: string): Record<string, string> {
  if (name === 'FLOW_FLATFILES_ACCESS_KEY') return { FLOW_FLATFILES_SECRET_KEY: 'x' }
  return name === 'FLOW_FLATFILES_SECRET_KEY' ? { FLOW_FLATFILES_ACCESS_KEY: 'x' } : {}
}

describe('a secret in a file', () => {
  test.each([
    ['MASSIVE_API_KEY', 'a-key', 'massiveApiKey'],
    ['DATABASE_URL', 'postgres://u:p@localhost/x', 'databaseUrl'],
    ['FLOW_HTTP_TOKEN', TOKEN, 'httpToken'],
    ['FLOW_FLATFILES_ACCESS_KEY', 'an-id', 'flatFilesAccessKey'],
    ['FLOW_FLATFILES_SECRET_KEY', 'a-secret', 'flatFilesSecretKey'],
  ] as const)('%s_FILE', (name, value, key) => {
    const path = fileWith(`${value}\n`)
    const other = otherKeyOf(name)
    const { config, warnings } = load({ ...other, [`${name}_FILE`]: path })
    expect([config[key], warnings]).toEqual([value, []])
    const directory = join(fileWith(`${name}_FILE=${path}`, '.env'), '..')
    expect(load(other, { directory }).config[key]).toBe(value)
  })

  test('counts like the key itself: it is no demo', () => {
    expect(load({ MASSIVE_API_KEY_FILE: fileWith('a-key') }).config.demo).toBe(false)
  })

  test('loses to a flag, takes the place of an empty name and of .env', () => {
    const env = { MASSIVE_API_KEY_FILE: fileWith('from-file'), MASSIVE_API_KEY: ' ' }
    const directory = join(fileWith('MASSIVE_API_KEY=from-dotenv', '.env'), '..')
    expect(load(env, { directory }).config.massiveApiKey).toBe('from-file')
    expect(load(env, { flags: { massiveApiKey: 'typed' } }).config.massiveApiKey).toBe('typed')
    expect(load({ MASSIVE_API_KEY: '' }, { directory }).config.demo).toBe(true)
  })

  test.each([
    ['is not there', () => join(newFolder(), 'none'), 'ENOENT'],
    ['is a folder', () => newFolder(), 'is no file'],
    ['is a device that never ends', () => '/dev/zero', 'is no file'],
    ['is empty', () => fileWith(' \n'), 'is empty'],
    ['is too long', () => fileWith('x'.repeat(70_000)), '70000 bytes'],
  ])('that %s is one line with its path', (_, make, why) => {
    const path = make()
    const lines = problems({ MASSIVE_API_KEY_FILE: path })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^MASSIVE_API_KEY_FILE: expected a file .+ from the environment, .+; /)
    expect(lines[0]).toContain(path)
    expect(lines[0]).toContain(why)
  })

  test('that holds what cannot be right does not show it', () => {
    const [line] = problems({ MASSIVE_API_KEY_FILE: fileWith('hunter2 hunter2') })
    expect(line).toMatch(/^MASSIVE_API_KEY: expected .+ from MASSIVE_API_KEY_FILE; /)
    expect(line).not.toContain('hunter2')
  })

  test('beside the secret itself is refused: one of them would be ignored', () => {
    const env = { MASSIVE_API_KEY: 'hunter2', MASSIVE_API_KEY_FILE: fileWith('hunter2') }
    const lines = problems(env)
    expect(lines[0]).toMatch(/^MASSIVE_API_KEY_FILE: expected one of .+; unset one of them$/)
    expect(lines.join()).not.toContain('hunter2')
  })

  test('is for secrets only', () => {
    expect(load({ FLOW_SYMBOLS_FILE: fileWith('SPY') }).warnings).toEqual([
      expect.stringMatching(/^FLOW_SYMBOLS_FILE is not a name/),
    ])
  })
})

test('a secret that is typed is taken, with a warning that does not repeat it', () => {
  const flags = { massiveApiKey: 'hunter2', databaseUrl: 'postgres://u:hunter2@localhost/x' }
  const flatFiles = { flatFilesAccessKey: 'id-hunter2', flatFilesSecretKey: 'hunter2' }
  const { config, warnings } = load(
    {},
    { flags: { ...flags, ...flatFiles, httpToken: `${TOKEN}-hunter2` } },
  )
  expect(config.massiveApiKey).toBe('hunter2')
  expect(warnings.map((line) => line.split(':')[0])).toEqual([
    '--massive-api-key',
    '--database-url',
    '--http-token',
    '--flatfiles-access-key',
    '--flatfiles-secret-key',
  ])
  expect(warnings.join()).not.toContain('hunter2')
  expect(load({ MASSIVE_API_KEY: 'hunter2' }).warnings).toEqual([])
})

describe('an HTTP server that others can reach', () => {
  test.each(['0.0.0.0', '::', '[::]', '192.0.2.1', 'flow.example'])('%s wants a token', (host) => {
    const [line, ...more] = load({ FLOW_HTTP_HOST: host }).warnings
    expect(more).toEqual([])
    expect(line).toMatch(/^FLOW_HTTP_HOST: others can reach .+ until FLOW_HTTP_TOKEN /)
    expect(load({ FLOW_HTTP_HOST: host, FLOW_HTTP_TOKEN: TOKEN }).warnings).toEqual([])
  })

  test('on loopback it needs none', () => {
    for (const host of ['127.0.0.1', '127.0.0.2', 'localhost', '::1', '[::1]']) {
      expect(load({ FLOW_HTTP_HOST: host }).warnings, host).toEqual([])
    }
  })
})

describe('the way to the vendor', () => {
  test.each([
    ['FLOW_FEED_URL', 'ws://socket.massive.com/options'],
    ['FLOW_FEED_URL', 'ws://delayed.polygon.io/options'],
    ['FLOW_REST_URL', 'http://api.massive.com'],
    ['FLOW_FLATFILES_URL', 'http://files.massive.com'],
  ])('is encrypted: %s=%s is refused', (name, url) => {
    expect(problems({ MASSIVE_API_KEY: 'a-key', [name]: url })).toEqual([
      expect.stringMatching(`^${name}: expected (wss|https)://`),
    ])
  })

  test('a key that goes elsewhere in the clear is a warning, on this machine it is none', () => {
    const env = { MASSIVE_API_KEY: 'a-key', FLOW_REST_URL: 'http://localhost:1' }
    const far = load({ ...env, FLOW_FEED_URL: 'ws://feed.example:1/x' }).warnings
    expect(far).toEqual([expect.stringMatching(/^FLOW_FEED_URL: .+ feed\.example without encr/)])
    expect(load({ ...env, FLOW_FEED_URL: 'ws://127.0.0.1:1' }).warnings).toEqual([])
    expect(load({ FLOW_FEED_URL: 'ws://feed.example:1/x' }).warnings).toEqual([])
  })

  test('flat files from elsewhere in the clear are a warning, on this machine they are none', () => {
    const keys = {
      FLOW_FLATFILES_ACCESS_KEY: 'an-access-key',
      FLOW_FLATFILES_SECRET_KEY: 'a-secret',
    }
    const from = (url: string, env = {}) => load({ FLOW_FLATFILES_URL: url, ...env }).warnings
    expect(from('http://files.example', keys)).toEqual([
      expect.stringMatching(/^FLOW_FLATFILES_URL: .+ files\.example without encryption/),
    ])
    expect(from('https://files.example', keys)).toEqual([])
    expect(from('http://127.0.0.1:9000', keys)).toEqual([])
    expect(from('http://files.example')).toEqual([])
  })

  test('NODE_TLS_REJECT_UNAUTHORIZED=0 stops every command', async () => {
    const run = await flow(['run'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('flow: NODE_TLS_REJECT_UNAUTHORIZED: expected certificates to be')
    expect(problems({ NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toEqual([])
  })
})

describe('TLS to PostgreSQL', () => {
  const url = (query: string, host = 'db.example'): string =>
    `postgres://u:hunter2@${host}/x${query}`

  test.each([
    '?sslmode=prefer',
    '?sslmode=allow',
    '?sslmode=no-verify',
    '?sslmode=verify_full',
    '?sslmode=',
    '?ssl=true',
    '?ssl=no-verify',
    '?sslmode=verify-ca',
    '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
    '?sslmode=require&sslcert=/nowhere/c.pem&sslkey=/dev/null',
  ])('%s is refused: it is not what it seems', (query) => {
    const lines = problems({ DATABASE_URL: url(query) })
    expect(lines).toEqual([expect.stringMatching(/^DATABASE_URL: expected .+, came .+[;:] .+$/)])
    expect(lines.join()).not.toContain('hunter2')
  })

  test.each([
    ['', 'db.example', /is not encrypted/],
    ['?sslmode=require', 'db.example', /takes any server/],
    ['?sslmode=disable', 'db.example', null],
    ['?sslmode=verify-full', 'db.example', null],
    [`?sslmode=require&sslrootcert=${import.meta.filename}`, 'db.example', null],
    ['', '127.0.0.1', null],
    ['', '[::1]', null],
    ['?host=/run/postgresql', '', null],
  ])('"%s" to "%s" warns of %s', (query, host, warning) => {
    const { warnings } = load({ DATABASE_URL: url(query, host).replace('u:hunter2@/', '/') })
    expect(warnings).toEqual(warning === null ? [] : [expect.stringMatching(warning)])
  })
})
