import { describe, expect, it } from 'vitest'
import { SchemaError } from '../../src/writer/migrate.ts'
import { describeError, isLasting, reasonOf } from '../../src/writer/store-error.ts'

function failure(code: string | undefined, message = 'words'): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

describe('reasonOf', () => {
  it.each([
    ['ECONNREFUSED', 'connection', false],
    ['ENOTFOUND', 'connection', false],
    ['EPIPE', 'connection', false],
    [undefined, 'connection', false],
    ['08006', 'connection', false],
    ['57P01', 'shutdown', false],
    ['57P03', 'shutdown', false],
    ['57014', 'timeout', false],
    ['55P03', 'timeout', false],
    ['53100', 'disk_full', false],
    ['53300', 'resources', false],
    ['25006', 'read_only', false],
    ['40001', 'conflict', false],
    ['22021', 'data', false],
    ['23502', 'data', false],
    ['28P01', 'auth', true],
    ['28000', 'auth', true],
    ['3D000', 'database_missing', true],
    ['42501', 'permission', true],
    ['42703', 'schema', true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', true],
    ['ERR_INVALID_URL', 'invalid_url', true],
    ['XX000', 'other', false],
  ])('%s is %s, lasting: %s', (code, reason, lasting) => {
    expect(reasonOf(failure(code))).toBe(reason)
    expect(isLasting(reasonOf(failure(code)))).toBe(lasting)
  })

  it('knows a schema that is not ours and a server without TLS', () => {
    expect(reasonOf(new SchemaError('newer'))).toBe('schema')
    expect(reasonOf(failure(undefined, 'The server does not support SSL connections'))).toBe('tls')
  })
})

describe('describeError', () => {
  it.each([
    ['postgresql://flow:s3cr3t-word@db/flow', 's3cr3t-word'],
    ['postgresql://flow:p%40ss%2Fword@db/flow', 'p@ss/word'],
    ['postgresql://flow:p%40ss%2Fword@db/flow', 'p%40ss%2Fword'],
    ['postgresql://db/flow?user=flow&password=in-query', 'in-query'],
  ])('leaves out the password of %s', (url, secret) => {
    const line = describeError(failure('28P01', `cannot use ${secret} of ${url}`), url)
    expect(line).not.toContain(secret)
    expect(line).toContain('28P01')
  })

  it('says something when the error has no message', () => {
    expect(describeError(failure('ECONNREFUSED', ''), 'postgresql://db')).toBe('ECONNREFUSED')
  })

  it('is one line and says where the server saw it', () => {
    const error = Object.assign(failure('22021', 'bad\n bytes'), { where: 'COPY flow, line 3' })
    expect(describeError(error, 'postgresql://db')).toBe('bad bytes (22021), in COPY flow, line 3')
  })
})
