import { describe, expect, test } from 'vitest'
import { describeDatabase, redactUrl, secretsOf } from '../../src/console/redact.ts'

describe('an address', () => {
  test.each([
    ['wss://socket.massive.com/options', 'wss://socket.massive.com/options'],
    ['ws://user:pa/ss@host:1/x', 'ws://***@host:1/x'],
    ['https://host/x?apiKey=abc#d', 'https://host/x?***'],
  ])('%s shows as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown)
  })

  test.each([
    [
      'postgres://u:secret@db.example:5432/flow?sslmode=require',
      'postgres://u@db.example:5432/flow',
    ],
    ['postgresql:///flow?host=/run&password=secret', 'postgres:///flow'],
    ['postgres://h/flow', 'postgres://h/flow'],
  ])('of the database %s shows as %s', (url, shown) => {
    expect(describeDatabase(url)).toBe(shown)
  })
})

test('the secrets are the key and the passwords, as typed and as sent', () => {
  expect(
    secretsOf('the-key', [
      'postgres://u:p%40ss@h/d?sslpassword=other',
      undefined,
      'not an address',
    ]),
  ).toEqual(['the-key', 'p%40ss', 'p@ss', 'other'])
  expect(secretsOf(undefined, ['wss://host/x'])).toEqual([])
})
