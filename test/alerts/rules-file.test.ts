import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { secretsOfRules } from '../../src/alerts/rules.ts'
import { parseRules, RulesError, readRulesFile } from '../../src/alerts/rules-file.ts'

const ENV = {
  HOOK: 'https://discord.com/api/webhooks/12345/a-token-of-discord',
  KEY: 'a-secret-that-signs-alerts',
  HERE: 'http://127.0.0.1:8080/x',
}

function problems(text: string): readonly string[] {
  try {
    parseRules(text, ENV)
  } catch (error) {
    if (error instanceof RulesError) return error.problems
    throw error
  }
  return []
}

/** A file with one rule, of which these lines are a part. */
const withRule = (...lines: string[]): string =>
  [
    'sinks: { hook: { kind: webhook, url: "https://example.com/flow" } }',
    'rules:',
    '  - name: one',
    '    sinks: hook',
    ...lines.map((line) => `    ${line}`),
  ].join('\n')

const withSink = (...lines: string[]): string =>
  ['sinks:', '  s:', ...lines.map((l) => `    ${l}`), 'rules: [{ name: r, sinks: s }]'].join('\n')

describe('a file that is right', () => {
  test('gives every condition in the units of the engine', () => {
    const { rules } = parseRules(
      withRule(
        'types: [sweep, LARGE]',
        'symbols: [spxw, QQQ]',
        'sides: buy',
        'sentiments: [BULLISH, neutral]',
        'option: PUT',
        'premium: { min: 250000 }',
        'size: { min: 10, max: 5000 }',
        'dte: { max: 7 }',
        'moneyness: { min: -2.5, max: 10 }',
        'volume_over_oi: { min: 1.5 }',
        'score: { min: 70, window: long }',
        'net_premium: { within: 30m, max: -1000000 }',
        'cooldown: 90s',
        'cooldown_per: contract_side',
        'max_age: 1h',
      ),
      ENV,
    )
    expect(rules).toEqual([
      {
        name: 'one',
        sinks: ['hook'],
        types: ['SWEEP', 'LARGE'],
        symbols: ['SPX', 'QQQ'],
        sides: ['BUY'],
        sentiments: ['BULLISH', 'NEUTRAL'],
        option: 'put',
        premium: { min: 250_000, max: null },
        size: { min: 10, max: 5000 },
        dte: { min: null, max: 7 },
        moneyness: { min: -2.5, max: 10 },
        volumeOverOi: { min: 1.5, max: null },
        score: { min: 70, max: null, window: 'long' },
        netPremium: { min: null, max: -1_000_000, withinMs: 1_800_000 },
        repeats: null,
        cooldownMs: 90_000,
        cooldownPer: 'contract_side',
        maxAgeMs: 3_600_000,
      },
    ])
  })

  test('has the defaults of docs/alerts.md', () => {
    const { rules, sinks } = parseRules(withRule('repeats: { count: 3, within: 10m }'), ENV)
    expect(rules).toMatchObject([
      {
        types: ['SWEEP', 'SPLIT', 'BLOCK'],
        repeats: { count: 3, withinMs: 600_000 },
        cooldownMs: 0,
        cooldownPer: 'symbol',
        maxAgeMs: 300_000,
      },
    ])
    expect(sinks).toMatchObject([
      { rate: { count: 10, perMs: 1000 }, timeoutMs: 10_000, allowsPrivate: false, dedupes: true },
    ])
  })

  test.each([
    ['discord', undefined, { count: 5, perMs: 2000 }],
    ['slack', undefined, { count: 1, perMs: 1000 }],
    ['discord', 2, { count: 2, perMs: 1000 }],
    ['slack', 0.5, { count: 1, perMs: 2000 }],
  ])('%s with per_second %s may send %j', (kind, perSecond, rate) => {
    const url = `url: $\{HOOK}`
    const lines = [`kind: ${kind}`, url]
    if (perSecond !== undefined) lines.push(`per_second: ${perSecond}`)
    expect(parseRules(withSink(...lines), ENV).sinks[0]!.rate).toEqual(rate)
  })

  test('may be JSON', () => {
    const text = JSON.stringify({
      sinks: { a: { kind: 'webhook', url: ENV.HERE, secret: `$\{KEY}` } },
      rules: [{ name: 'r', sinks: ['a'] }],
    })
    const rules = parseRules(text, ENV)
    expect(rules.sinks).toMatchObject([{ name: 'a', url: ENV.HERE, secret: ENV.KEY }])
  })

  test('tells which texts are secrets', () => {
    const text = withSink('kind: discord', `url: $\{HOOK}`)
    const secrets = secretsOfRules(parseRules(text, ENV))
    expect(secrets).toContain(ENV.HOOK)
    expect(secrets).toContain('/api/webhooks/12345/a-token-of-discord')
  })

  test('the example of the repository is one', () => {
    const path = join(import.meta.dirname, '../../examples/alerts.yaml')
    const names = [...readFileSync(path, 'utf8').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)
    const env = Object.fromEntries(
      names.map((name) => [name, /SECRET/.test(name) ? ENV.KEY : ENV.HOOK]),
    )
    const { rules, sinks } = readRulesFile(path, env)
    expect(rules.length).toBeGreaterThan(3)
    expect(new Set(sinks.map(({ kind }) => kind))).toEqual(new Set(['discord', 'slack', 'webhook']))
  })
})

describe('a file that is wrong', () => {
  test('is told all of it at once, each with its line, in the order of the text', () => {
    const text = [
      'sinks:',
      '  desk: { kind: slak, url: "https://example.com" }',
      '  hook:',
      '    kind: webhook',
      '    url: https://example.com/flow',
      '    tiemout: 5s',
      'rules:',
      '  - name: big',
      '    sinks: [hook, nowhere]',
      '    premium: { min: 5, max: 2 }',
      '  - name: big',
      '    sinks: hook',
      '    coldown: 5m',
    ].join('\n')
    expect(problems(text)).toEqual([
      'line 2: sinks.desk.kind: expected discord, slack, webhook, came "slak"',
      'line 6: sinks.hook: unknown key "tiemout"; did you mean timeout?',
      'line 9: rules[0].sinks: expected one of desk, hook, came "nowhere"',
      'line 10: rules[0].premium: expected min to be at most max, came 5 and 2',
      'line 11: rules[1].name: expected a name of its own, came big again',
      'line 13: rules[1]: unknown key "coldown"; did you mean cooldown?',
    ])
  })

  test.each([
    ['dte: 7', 'a mapping with min, max, came 7'],
    ['dte: {}', 'expected min, max or both, came a mapping'],
    ['premium: { min: much }', 'expected a number from 0 to 1000000000000, came "much"'],
    ['sides: [BUY, UP]', 'expected BUY, SELL, MID, UNKNOWN, came "UP"'],
    ['sides: []', 'expected 1 to 4 of them, came a list'],
    ['symbols: "SP Y"', 'expected underlyings of 1 to 6 letters and digits, came "SP Y"'],
    ['option: both', 'expected call, put, came "both"'],
    ['cooldown: 5', 'expected a time from 0s to 1d, as 5m, came 5'],
    ['cooldown: 2d', 'expected a time from 0s to 1d, as 5m, came "2d"'],
    ['repeats: { count: 3 }', 'rules[0].repeats: expected within, came none'],
    ['repeats: { count: 1, within: 1m }', 'expected a whole number from 2 to 1000, came 1'],
    ['net_premium: { min: 1 }', 'rules[0].net_premium: expected within, came none'],
    ['types: LARGE', 'expected premium or size with a min for LARGE and REGULAR, came none'],
    ['types: [REGULAR]\n    premium: { max: 9 }', 'with a min for LARGE and REGULAR, came none'],
    [
      'types: LARGE\n    size: { min: 5 }\n    repeats: { count: 2, within: 1m }',
      'expected types of SWEEP, SPLIT, BLOCK with repeats, came LARGE',
    ],
    ['colour: red', 'unknown key "colour"; expected one of name, sinks, types'],
    ['? [a]\n    : b', 'unknown key ""'],
  ])('%j of a rule is refused', (line, told) => {
    const found = problems(withRule(line))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^line \d+: rules\[0\]/)
    expect(found[0]).toContain(told)
  })

  test.each([
    [['kind: webhook', 'url: http://example.com'], 'http:// only for this machine'],
    [['kind: webhook', 'url: ftp://127.0.0.1/x'], 'http:// only for this machine'],
    [['kind: webhook', 'url: hello'], 'expected an address that begins with https://'],
    [['kind: webhook', 'url: https://me:pw@example.com/'], 'without user, password and #'],
    [['kind: webhook', 'url: https://192.168.1.9/'], 'expected a public address'],
    [['kind: webhook', 'url: "https://[::ffff:10.0.0.1]/"'], 'expected a public address'],
    [['kind: webhook', 'url: https://169.254.169.254/latest'], 'expected a public address'],
    [['kind: discord', `url: ${ENV.HOOK}`], 'it is a secret'],
    [['kind: slack', `url: $\{NOT_THERE}`], 'expected NOT_THERE in the environment or in .env'],
    [['kind: webhook', `url: $\{HERE}`, 'secret: abcdefghijklmnopqr'], 'a name of the environment'],
    [['kind: webhook', `url: $\{HERE}`, 'secret: 12345678'], 'expected a text, came another'],
    [['kind: discord', `url: $\{HOOK}`, `secret: $\{KEY}`], 'expected none for discord, came one'],
    [['kind: webhook', `url: $\{HERE}`, 'timeout: 1h'], 'expected a time from 100ms to 1m'],
    [['kind: webhook'], 'expected url, came none'],
  ])('a sink with %j is refused, without a secret in the words', (lines, told) => {
    const found = problems(withSink(...lines)).join('\n')
    expect(found).toContain(told)
    expect(found).not.toContain('a-token-of-discord')
    expect(found).not.toContain('pw@')
  })

  test.each([
    ['', 'expected sinks and rules, came an empty file'],
    ['sinks: {a: {kind: webhook', 'expected YAML or JSON'],
    ['[1, 2]', 'expected a mapping with sinks, rules, came a list'],
    ['rules: []', 'expected sinks, came none'],
    ['rules: []', 'expected a list of 1 to 200 rules'],
    ['sinks: {}', 'expected 1 to 20 names'],
    ['sinks: {? [a] : {kind: slack}}', 'sinks: expected a name of letters, digits, dots'],
    [
      'sinks: {? [a] : {kind: slack}}\nrules: [{name: r, sinks: a}]',
      'rules[0].sinks: expected a sink with a name, came "a"',
    ],
    [
      'sinks: {? [a] : {kind: slack}, b: {kind: slack}}\nrules: [{name: r, sinks: a}]',
      'rules[0].sinks: expected one of b, came "a"',
    ],
    ['sinks: {a: 1}\nsinks: {b: 2}', 'expected YAML or JSON'],
  ])('%j is refused', (text, told) => {
    expect(problems(text).join('\n')).toContain(told)
  })

  test('has limits', () => {
    const rule = (n: number) => `  - { name: r${n}, sinks: a }`
    const file = (rules: number, sinks: number) =>
      [
        'sinks:',
        ...Array.from(
          { length: sinks },
          (_, i) => `  ${i === 0 ? 'a' : `s${i}`}: { kind: webhook, url: "https://example.com" }`,
        ),
        'rules:',
        ...Array.from({ length: rules }, (_, i) => rule(i)),
      ].join('\n')
    expect(problems(file(200, 20))).toEqual([])
    expect(problems(file(201, 20)).join()).toContain('expected a list of 1 to 200 rules')
    expect(problems(file(200, 21)).join()).toContain('expected 1 to 20 names')
  })

  test('a path that cannot be read, or that is no file, is told of', () => {
    expect(() => readRulesFile('/nowhere/rules.yaml', {})).toThrow('came ENOENT')
    expect(() => readRulesFile(tmpdir(), {})).toThrow('came no file')
    const path = join(mkdtempSync(join(tmpdir(), 'flow-rules-')), 'rules.yaml')
    writeFileSync(path, ' '.repeat(1_048_577))
    expect(() => readRulesFile(path, {})).toThrow('came 1048577 bytes')
  })

  test('a bomb of aliases ends with a word', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', 'b: &b [*a,*a,*a,*a]', 'sinks: *b', 'rules: *b']
    expect(problems(bomb.join('\n')).join()).toContain('came an alias')
  })
})
