import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { explain } from '../../src/console/explain.ts'
import { createLog, type LogOptions } from '../../src/console/log.ts'

function logOf(format: LogOptions['format'], secrets: readonly string[] = []) {
  const lines: string[] = []
  return { lines, log: createLog({ format, secrets, write: (line) => lines.push(line) }) }
}

describe('json', () => {
  test('has the stable words and the fields, not the text for people', () => {
    const { log, lines } = logOf('json')
    log.say({ msg: 'drained', fields: { received: 3 }, text: 'Drained:\n  received: 3' })
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: 'drained',
      received: 3,
    })
    expect(lines[0]).toMatch(/^[^\n]+\n$/)
  })

  test('tells an error in words with its cause', () => {
    const { log, lines } = logOf('json')
    log.error('copy failed', new Error('COPY of 3 rows', { cause: new Error('refused') }), { n: 1 })
    const line = { level: 'error', msg: 'copy failed', error: 'COPY of 3 rows: refused', n: 1 }
    expect(JSON.parse(lines[0]!)).toMatchObject(line)
  })
})

describe('pretty', () => {
  test('is the text with the time of day', () => {
    const { log, lines } = logOf('pretty')
    log.say({ msg: 'drained', fields: { received: 3 }, text: 'Drained:\n  received: 3' })
    expect(lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\] Drained:\n {2}received: 3\n$/)
  })

  test('shows the fields of a line that has no text, and its level unless it is info', () => {
    const { log, lines } = logOf('pretty')
    log.info('migrated', { to: 4, tables: ['a'] })
    log.warn('spooling', { reason: 'database away' })
    log.error('gone')
    expect(lines.map((line) => line.slice('[00:00:00] '.length))).toEqual([
      'migrated to=4 tables=["a"]\n',
      'Warning: spooling reason=database away\n',
      'Error: gone\n',
    ])
  })
})

describe('secrets', () => {
  test.each(['json', 'pretty'] as const)('leave no %s line in any form', (format) => {
    const { log, lines } = logOf(format, ['pass"word\\1', 'key12345', 'p@ss word'])
    log.info('pass"word\\1 key12345', { key12345: 'xkey12345y', url: 'u:p%40ss%20word@h' })
    log.error('bad', new Error('no p@ss word'))
    const text = lines.join('')
    expect(text).not.toMatch(/pass"word|pass\\"word|key12345|p@ss|p%40ss/)
    expect(text.match(/\[redacted\]/g)).toHaveLength(6)
  })

  test('that are too short to be told from ordinary words do not spoil the lines', () => {
    const { log, lines } = logOf('json', ['1', 'info'])
    log.info('x', { n: 11 })
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', n: 11 })
  })
})

describe('a reader that has gone', () => {
  test('ends the log and not the process', () => {
    const code = `
      import { createLog } from './src/console/log.ts'
      import { streamTarget } from './src/console/log-target.ts'
      const log = createLog({ format: 'json', secrets: [], ...streamTarget(process.stdout, 'json') })
      for (let i = 0; i < 20000; i++) log.info('line', { i })
      setTimeout(() => process.exit(7), 50)`
    const shell = `"${process.execPath}" --input-type=module -e "$CODE" | head -n 1; exit \${PIPESTATUS[0]}`
    const { status, stdout } = spawnSync('bash', ['-c', shell], {
      env: { ...process.env, CODE: code },
      encoding: 'utf8',
    })
    expect(stdout).toContain('"msg":"line"')
    expect(status).toBe(7)
  })
})

describe('an error in words', () => {
  test('names each cause once, in one line', () => {
    const root = new Error('connect ECONNREFUSED')
    const error = new Error('start failed: connect ECONNREFUSED', { cause: root })
    expect(explain(new Error('a\n  b', { cause: error }))).toBe(
      'a b: start failed: connect ECONNREFUSED',
    )
  })

  test('looks into an error that only collects others', () => {
    expect(explain(new AggregateError([new Error('a'), new Error('b')]))).toBe('a, b')
  })

  test('keeps the stack of a bug', () => {
    expect(explain(new TypeError('x is not a function'))).toContain('log.test.ts')
  })

  test('ends with a cause that is its own cause', () => {
    const error: Error & { cause?: unknown } = new Error('round')
    error.cause = error
    expect(explain(error)).toBe('round')
  })
})
