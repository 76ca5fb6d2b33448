import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayUrl, redact } from '../../src/reader/redact.ts'

test('no text holds the key, in any spelling a server may echo, wherever it stands', () => {
  const key = fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' })
  fc.assert(
    fc.property(key, fc.string(), fc.string(), (apiKey, before, after) => {
      fc.pre(!'[key]...'.includes(apiKey.trim()))
      const json = JSON.stringify(apiKey).slice(1, -1)
      for (const spelling of [apiKey, json, encodeURIComponent(apiKey)]) {
        const text = redact(`${before}<${spelling}>${after}`, apiKey)
        expect(text).toContain('<[key]>')
        expect(text).not.toContain(spelling)
      }
    }),
    { seed: 7, numRuns: 300 },
  )
})

test('one line of at most 300 characters comes out', () => {
  expect(redact('a\r\nb\u001b[31mc\u2028d', 'k3y-long')).toBe('a b [31mc d')
  expect(redact('x'.repeat(1000), 'k3y-long')).toBe(`${'x'.repeat(300)}...`)
})

test('a key that stands on the cut is not cut into a piece of itself', () => {
  const apiKey = 'abcdefghij'
  expect(redact('x'.repeat(295) + apiKey, apiKey)).not.toContain('abc')
})

test('query secrets are hidden even when they are not our key; an empty key hides nothing', () => {
  expect(redact('GET /x?apiKey=other&a=1', 'k3y-long')).toBe('GET /x?apiKey=[key]&a=1')
  expect(redact('plain', '')).toBe('plain')
})

test('a URL is shown without user, password, query and fragment', () => {
  expect(displayUrl('wss://u:p@host:1/options?apiKey=a#b', 'k')).toBe('wss://host:1/options')
  expect(displayUrl('no url', 'k')).toBe('a URL that cannot be read')
})
