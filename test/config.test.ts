import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, type ConfigSources, loadConfig, SETTINGS } from '../src/config.ts'

function load(env: ConfigSources['env'], more: Partial<ConfigSources> = {}) {
  const directory = more.directory ?? mkdtempSync(join(tmpdir(), 'flow-config-'))
  return loadConfig({ env, directory, flags: {}, isTerminal: false, ...more })
}

function folderWith(file: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'flow-config-'))
  writeFileSync(join(directory, '.env'), file)
  return directory
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

test('has the defaults of the contract', () => {
  expect(load({}).config).toEqual({
    massiveApiKey: undefined,
    feedUrl: 'wss://socket.massive.com/options',
    restUrl: 'https://api.massive.com',
    symbols: ['SPX', 'NDX', 'SPY', 'QQQ', 'IWM'],
    subscribe: 'wildcard',
    symbolsPerConnection: 50,
    quotesPerConnection: 1000,
    rules: 'opra',
    minSize: 10,
    sweepWindowMs: 500,
    quoteMaxAgeMs: 5000,
    lookupPremium: 25_000,
    restPerSecond: 20,
    fillPerSecond: 5,
    underlying: [],
    shards: Math.min(64, Math.max(1, availableParallelism() - 2)),
    databaseUrl: undefined,
    dataDir: '.flow',
    journalSyncMs: 100,
    journalMaxMib: 4096,
    retentionDays: 90,
    reconnectMinMs: 5000,
    silenceMs: 60_000,
    flatFilesUrl: 'https://files.massive.com',
    flatFilesBucket: 'flatfiles',
    flatFilesAccessKey: undefined,
    flatFilesSecretKey: undefined,
    httpHost: '127.0.0.1',
    httpPort: 9464,
    httpToken: undefined,
    alertsFile: null,
    log: 'json',
    drainTimeoutMs: 30_000,
    staleMs: 900_000,
    boostStrongScore: 70,
    boostWeakScore: 50,
    boostStrongPercent: 20,
    boostWeakPercent: 10,
    boostScalpPercent: 15,
    boostDayPercent: 12,
    boostSwingPercent: 10,
    demo: true,
    hasRest: true,
  })
})

test('is frozen', () => {
  const { config } = load({})
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.symbols)).toBe(true)
  expect(Object.isFrozen(config.underlying)).toBe(true)
})

describe('sources', () => {
  test('a flag wins over the environment, the environment over .env', () => {
    const directory = folderWith('FLOW_MIN_SIZE=1\nFLOW_SHARDS=2\nexport FLOW_HTTP_PORT="3"\n')
    const env = { FLOW_SHARDS: '4', FLOW_MIN_SIZE: '5' }
    const { config } = load(env, { directory, flags: { minSize: '6' } })
    expect([config.minSize, config.shards, config.httpPort]).toEqual([6, 4, 3])
  })

  test('.env does not change the environment of the process', () => {
    load({}, { directory: folderWith('FLOW_DATA_DIR=elsewhere') })
    expect(process.env.FLOW_DATA_DIR).toBeUndefined()
  })

  test('spaces around a value do not count, and an empty one is unset', () => {
    const { config } = load({ FLOW_SHARDS: ' 7 ', FLOW_MIN_SIZE: '  ', MASSIVE_API_KEY: '' })
    expect([config.shards, config.minSize, config.massiveApiKey]).toEqual([7, 10, undefined])
  })

  test('an empty name in the environment hides the one in .env', () => {
    const { config } = load({ MASSIVE_API_KEY: '' }, { directory: folderWith('MASSIVE_API_KEY=k') })
    expect(config.demo).toBe(true)
  })

  test('a .env that cannot be read is a problem with its path', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flow-config-'))
    mkdirSync(join(directory, '.env'))
    expect(problems({}, { directory })[0]).toContain(`${join(directory, '.env')}: expected`)
  })
})

describe('meanings', () => {
  test('it is the demo without key and feed address, with one of them it is not', () => {
    expect(load({}).config.demo).toBe(true)
    expect(load({ MASSIVE_API_KEY: 'abc' }).config.demo).toBe(false)
    expect(load({ FLOW_FEED_URL: 'ws://127.0.0.1:1' }).config.demo).toBe(false)
    expect(load({}, { flags: { feedUrl: 'ws://[::1]:1/x' } }).config.demo).toBe(false)
  })

  test('REST is there with a key, an address of its own or the demo, not with a feed alone', () => {
    const feed = { FLOW_FEED_URL: 'ws://127.0.0.1:1' }
    expect(load({ MASSIVE_API_KEY: 'abc' }).config.hasRest).toBe(true)
    expect(load({ ...feed, FLOW_REST_URL: 'http://127.0.0.1:1' }).config.hasRest).toBe(true)
    expect(load(feed).config.hasRest).toBe(false)
    expect(load({ ...feed, MASSIVE_API_KEY: 'abc' }).config.hasRest).toBe(false)
    const delayed = { FLOW_FEED_URL: 'wss://delayed.polygon.io/options', MASSIVE_API_KEY: 'abc' }
    expect(load(delayed).config.hasRest).toBe(true)
  })

  test.each([
    ['none', []],
    ['indices', ['indices']],
    [' Indices, stocks,indices,', ['stocks', 'indices']],
    ['stocks indices', ['stocks', 'indices']],
  ])('FLOW_UNDERLYING=%s names the clusters %j', (value, clusters) => {
    expect(load({ FLOW_UNDERLYING: value }).config.underlying).toEqual(clusters)
  })

  test('symbols are upper-cased underlyings, each once, in order', () => {
    const { config } = load({ FLOW_SYMBOLS: ' spxw, SPX,,vixw ndxp,aapl1,AAPL ' })
    expect(config.symbols).toEqual(['SPX', 'VIX', 'NDX', 'AAPL'])
    expect(load({ FLOW_SYMBOLS: '*' }).config.symbols).toBe('*')
  })

  test('the flat files are read with both keys or with none', () => {
    const keys = { FLOW_FLATFILES_ACCESS_KEY: 'an-id', FLOW_FLATFILES_SECRET_KEY: 'hunter2' }
    const { config } = load({ ...keys, FLOW_FLATFILES_URL: 'http://127.0.0.1:9000/' })
    expect(config).toMatchObject({
      flatFilesUrl: 'http://127.0.0.1:9000',
      flatFilesAccessKey: 'an-id',
      flatFilesSecretKey: 'hunter2',
    })
    for (const [name, other] of [Object.keys(keys), Object.keys(keys).reverse()]) {
      const lines = problems({ ...keys, [name!]: '' })
      expect(lines).toEqual([
        `${name}: expected with ${other}, came none; set both, or unset ${other}`,
      ])
    }
  })

  test('the weak score of the boost is at most the strong one', () => {
    const strong = { FLOW_BOOST_STRONG_SCORE: '60' }
    expect(load({ ...strong, FLOW_BOOST_WEAK_SCORE: '60' }).config.boostWeakScore).toBe(60)
    expect(problems({ ...strong, FLOW_BOOST_WEAK_SCORE: '61' })).toEqual([
      expect.stringMatching(/^FLOW_BOOST_WEAK_SCORE: expected at most FLOW_BOOST_STRONG_SCORE/),
    ])
  })

  test.each(['ab', 'a/b', '-files', 'files-', '../x', 'x'.repeat(64), 'a b'])(
    '%j is no bucket',
    (bucket) => {
      expect(problems({ FLOW_FLATFILES_BUCKET: bucket })).toEqual([
        expect.stringMatching(/^FLOW_FLATFILES_BUCKET: expected the name of a bucket/),
      ])
    },
  )

  test('the log is pretty on a terminal unless told otherwise', () => {
    expect(load({}, { isTerminal: true }).config.log).toBe('pretty')
    expect(load({ FLOW_LOG: 'JSON' }, { isTerminal: true }).config.log).toBe('json')
  })

  test('an address loses the slash at its end and an IPv6 host its brackets', () => {
    const { config } = load({ FLOW_REST_URL: 'http://localhost:81/', FLOW_HTTP_HOST: '[::1]' })
    expect([config.restUrl, config.httpHost]).toEqual(['http://localhost:81', '::1'])
  })
})

describe('bounds', () => {
  test.each([
    ['FLOW_SHARDS', '1', '64', '0', '65'],
    ['FLOW_HTTP_PORT', '0', '65535', '-1', '65536'],
    ['FLOW_MIN_SIZE', '0', '2147483647', '-1', '2147483648'],
    ['FLOW_QUOTES_PER_CONNECTION', '0', '1000', '-1', '1001'],
    ['FLOW_SYMBOLS_PER_CONNECTION', '1', '10000', '0', '10001'],
    ['FLOW_SWEEP_WINDOW_MS', '0', '60000', '-1', '60001'],
    ['FLOW_QUOTE_MAX_AGE_MS', '0', '3600000', '-1', '3600001'],
    ['FLOW_LOOKUP_PREMIUM', '0', '1000000000', '-1', '1000000001'],
    ['FLOW_REST_PER_SECOND', '1', '1000', '0', '1001'],
    ['FLOW_JOURNAL_SYNC_MS', '0', '60000', '-1', '60001'],
    ['FLOW_JOURNAL_MAX_MIB', '256', '1048576', '255', '1048577'],
    ['FLOW_RETENTION_DAYS', '0', '36500', '-1', '36501'],
    ['FLOW_RECONNECT_MIN_MS', '1', '300000', '0', '300001'],
    ['FLOW_SILENCE_MS', '1', '3600000', '0', '3600001'],
    ['FLOW_DRAIN_TIMEOUT_MS', '1', '3600000', '0', '3600001'],
  ])('%s takes %s and %s, refuses %s and %s', (name, min, max, below, above) => {
    expect(problems({ [name]: min })).toEqual([])
    expect(problems({ [name]: max })).toEqual([])
    for (const wrong of [below, above, '1.5', '1e3', '0x1', 'ten', '9'.repeat(400)]) {
      expect(problems({ [name]: wrong }), wrong).toHaveLength(1)
    }
  })

  test.each([
    ['FLOW_FEED_URL', 'https://socket.massive.com'],
    ['FLOW_FEED_URL', 'socket.massive.com/options'],
    ['FLOW_REST_URL', 'wss://api.massive.com'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'postgres://u:%zz@localhost/x'],
    ['DATABASE_URL', 'postgres://localhost:99999/x'],
    ['FLOW_SYMBOLS', ','],
    ['FLOW_SYMBOLS', 'SPX;NDX'],
    ['FLOW_SYMBOLS', 'TOOLONGX'],
    ['FLOW_SUBSCRIBE', 'quotes'],
    ['FLOW_RULES', 'OPRA2'],
    ['FLOW_UNDERLYING', 'crypto'],
    ['FLOW_UNDERLYING', 'none,stocks'],
    ['FLOW_UNDERLYING', ','],
    ['FLOW_LOG', 'text'],
    ['FLOW_HTTP_HOST', 'a b'],
    ['MASSIVE_API_KEY', 'two words'],
    ['FLOW_HTTP_TOKEN', 'fifteen-letters'],
    ['FLOW_HTTP_TOKEN', 'sixteen or more letters'],
    ['FLOW_HTTP_TOKEN', 'x'.repeat(513)],
  ])('%s refuses "%s" in one line', (name, value) => {
    const [line, ...more] = problems({ [name]: value })
    expect(more).toEqual([])
    expect(line).toMatch(new RegExp(`^${name}: expected .+, came .+; .+$`))
  })

  test.each(['postgres://u:p%40x@h:5432/db', 'postgresql:///db?host=/run/postgresql'])(
    'DATABASE_URL takes %s as it is',
    (value) => {
      expect(load({ DATABASE_URL: value }).config.databaseUrl).toBe(value)
    },
  )

  test('contracts cannot be listed for all underlyings', () => {
    expect(problems({ FLOW_SUBSCRIBE: 'contracts', FLOW_SYMBOLS: '*' })).toHaveLength(1)
  })

  test('more connections than the engine has are refused before the first is opened', () => {
    const names = Array.from({ length: 65 }, (_, i) =>
      String.fromCharCode(65 + (i % 26), 65 + i / 26),
    )
    const env = { FLOW_SYMBOLS: names.join(), FLOW_SUBSCRIBE: 'contracts' }
    expect(problems({ ...env, FLOW_SYMBOLS_PER_CONNECTION: '1' })[0]).toContain('came 65')
    expect(problems({ ...env, FLOW_SYMBOLS_PER_CONNECTION: '2' })).toEqual([])
  })
})

describe('what a user reads', () => {
  test('one line for every wrong name, all at once, each with its source', () => {
    const directory = folderWith('FLOW_RULES=x')
    const lines = problems({ FLOW_SHARDS: 'many\nmore' }, { directory, flags: { minSize: '-1' } })
    expect(lines).toEqual([
      'FLOW_RULES: expected "opra" or "seed", came "x" from .env; set it right or leave it out for opra',
      'FLOW_MIN_SIZE: expected a whole number from 0 to 2147483647 (contracts), came "-1" from --min-size; set it right or leave it out for 10',
      'FLOW_SHARDS: expected a whole number from 1 to 64 (threads), came "many\\nmore" from the environment; set it right or leave it out for cores - 2, at least 1',
    ])
  })

  test.each([
    ['DATABASE_URL', 'mysql://user:hunter2@host/x'],
    ['DATABASE_URL', 'postgres://user:hunt?er2@hunter2:x/y'],
    ['DATABASE_URL', 'hunter2'],
    ['MASSIVE_API_KEY', 'hunter2 hunter2'],
    ['FLOW_FEED_URL', 'http://user:hunter2@host/x?apiKey=hunter2'],
    ['FLOW_REST_URL', 'ftp://hunt?er2:hunter2@host/'],
    ['FLOW_HTTP_TOKEN', 'hunter2'],
  ])('%s that is wrong does not show its secret', (name, value) => {
    const lines = problems({ [name]: value })
    expect(lines).toHaveLength(1)
    expect(lines.join()).not.toMatch(/hunt|er2/)
  })

  test('an unknown FLOW_ name is a warning with the nearest name', () => {
    const directory = folderWith('FLOW_ENTIRELY_DIFFERENT_THING=1')
    const { warnings } = load({ FLOW_SYMBOL: 'SPY', PATH: '/bin' }, { directory })
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toMatch(/^FLOW_ENTIRELY_DIFFERENT_THING is not .+ nothing$/)
    expect(warnings[1]).toMatch(/^FLOW_SYMBOL is not .+; did you mean FLOW_SYMBOLS\?$/)
  })

  test('every name has a flag of its own', () => {
    const flags = Object.values(SETTINGS).map((setting) => setting.flag)
    expect(new Set(flags).size).toBe(flags.length)
    expect(flags).toContain('--massive-api-key')
    expect(flags).toContain('--sweep-window-ms')
  })
})
