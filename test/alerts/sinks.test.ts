import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isPrivateAddress } from '../../src/alerts/addresses.ts'
import { dollars, escapeDiscord, escapeSlack, textOf } from '../../src/alerts/message.ts'
import { type Answer, post, publicLookup } from '../../src/alerts/post.ts'
import { RateWindow } from '../../src/alerts/rate-window.ts'
import { redactSecrets } from '../../src/alerts/redact.ts'
import type { Sink, SinkKind } from '../../src/alerts/rules.ts'
import { signatureOf } from '../../src/alerts/signature.ts'
import { idempotencyKey, requestOf } from '../../src/alerts/sink-request.ts'
import { verdictOf } from '../../src/alerts/verdict.ts'
import { FACTS, SINK } from './samples.ts'
import {
  answer,
  cut,
  hang,
  made,
  type SinkServer,
  startSinkServer,
  truncated,
} from './sink-server.ts'

const ALERT = { change: 'alert', rule: 'any', stillMatches: true, facts: FACTS } as const
const NOW = 1_763_735_500_000

describe('the words of an alert', () => {
  test('say what was traded, by whom it seems, how much and when', () => {
    expect(textOf(ALERT)).toBe(
      'SWEEP SPY 450C 2025-12-19 (28 DTE) BUY BULLISH\n' +
        '$1.21M: 1,200 contracts at 10.05, 12 legs on CBOE, PHLX in 230 ms\n' +
        '2025-11-21T14:30:00.000Z, rule any',
    )
  })

  test('say what has changed', () => {
    const first = (alert: Parameters<typeof textOf>[0]) => textOf(alert).split('\n')
    const facts = {
      ...FACTS,
      revision: 2,
      underlying_price: 440,
      open_interest: 100,
      day_volume: 250,
    }
    const revised = first({ ...ALERT, change: 'revision', stillMatches: false, facts })
    expect(revised[0]).toMatch(/^REVISED \(2\): SWEEP SPY/)
    expect(revised[2]).toBe(
      '2.3 % out of the money, volume 2.5x OI, 2025-11-21T14:30:00.000Z, rule any; ' +
        'it no longer meets the rule',
    )
    expect(first({ ...ALERT, change: 'cancelled' })[0]).toMatch(/^CANCELLED: SWEEP/)
    expect(first({ ...ALERT, change: 'test' })[0]).toMatch(/^TEST, no such trade: /)
  })

  test.each([
    [0, '$0'],
    [999.4, '$999'],
    [1000, '$1K'],
    [12_345, '$12.3K'],
    [310_000, '$310K'],
    [999_500, '$1M'],
    [1_206_000, '$1.21M'],
    [2_000_000_000, '$2B'],
  ])('%d dollars are %s', (amount, words) => {
    expect(dollars(amount)).toBe(words)
  })

  test('are no markup of a sink, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(escapeSlack(text)).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
        const plain = escapeDiscord(text).replace(/\\[^A-Za-z0-9\s]/g, '')
        expect(plain).not.toMatch(/[\\*_~`|>#[\]<]/)
      }),
    )
    expect(escapeSlack('<!channel> & co')).toBe('&lt;!channel&gt; &amp; co')
  })
})

describe('a request', () => {
  const sink = (kind: SinkKind, url: string): Sink => ({ ...SINK, kind, url })

  test('to Discord asks for the name of the message and mentions nobody', () => {
    const url = 'https://discord.com/api/webhooks/1/t?thread_id=9'
    const first = requestOf(sink('discord', url), ALERT, null, NOW)
    expect(first).toMatchObject({ method: 'POST', url: `${url}&wait=true` })
    expect(JSON.parse(first.body)).toMatchObject({ allowed_mentions: { parse: [] } })
    const edit = requestOf(sink('discord', url), { ...ALERT, change: 'revision' }, '77', NOW)
    expect(edit).toMatchObject({
      method: 'PATCH',
      url: 'https://discord.com/api/webhooks/1/t/messages/77?thread_id=9',
    })
    expect(JSON.parse(edit.body).content).toMatch(/^REVISED/)
  })

  test('to Slack is one text', () => {
    const alert = { ...ALERT, rule: 'A & B' }
    const { body, method } = requestOf(sink('slack', 'https://example.com/s'), alert, '1', NOW)
    expect(method).toBe('POST')
    expect(JSON.parse(body).text).toContain('rule A &amp; B')
  })

  test('to a plain webhook says all and can be told from any other', () => {
    const request = requestOf(SINK, ALERT, null, NOW)
    expect(JSON.parse(request.body)).toEqual({
      version: 1,
      change: 'alert',
      rule: 'any',
      still_matches: true,
      text: textOf(ALERT),
      alert: FACTS,
    })
    const later = requestOf(SINK, ALERT, null, NOW + 5)
    expect(later).toEqual(request) // the same in each try
    const others = [
      idempotencyKey('hook', { ...ALERT, facts: { ...FACTS, revision: 2 } }),
      idempotencyKey('hook', { ...ALERT, rule: 'other' }),
      idempotencyKey('other', ALERT),
      idempotencyKey('hook', { ...ALERT, facts: { ...FACTS, subject: 'event:x' } }),
    ]
    expect(new Set([request.headers['idempotency-key'], ...others]).size).toBe(5)
  })

  test('is signed so that the snippet of docs/alerts.md takes it, and nothing else', () => {
    const secret = 'a-secret-that-signs-alerts'
    const { body, headers } = requestOf({ ...SINK, secret }, ALERT, null, NOW)
    const text = readFileSync(join(import.meta.dirname, '../../docs/alerts.md'), 'utf8')
    const snippet = /```js\n([\s\S]*?)```/.exec(text)![1]!
    const code = snippet.replace(/^import .*\n/gm, '')
    const isGenuine = new Function('createHmac', 'timingSafeEqual', `${code}\nreturn isGenuine`)(
      createHmac,
      timingSafeEqual,
    ) as (body: string, header: string, secret: string, now: number) => boolean
    const header = headers['x-flow-signature']!
    expect(header).toBe(signatureOf(body, secret, NOW))
    expect(isGenuine(body, header, secret, NOW + 1000)).toBe(true)
    expect(isGenuine(`${body} `, header, secret, NOW)).toBe(false)
    expect(isGenuine(body, header, `${secret}r`, NOW)).toBe(false)
    expect(isGenuine(body, header.replace(/t=\d+/, `t=${NOW + 1}`), secret, NOW)).toBe(false)
    expect(isGenuine(body, header, secret, NOW + 600_000)).toBe(false)
    expect(isGenuine(body, 'nonsense', secret, NOW)).toBe(false)
  })
})

describe('an answer', () => {
  const came = (
    status: number,
    body = '',
    more: Partial<Answer & { kind: 'answer' }> = {},
  ): Answer => ({
    kind: 'answer',
    status,
    type: 'application/json',
    retryAfter: null,
    body,
    isWhole: true,
    ...more,
  })

  test.each<[SinkKind, Answer, 'POST' | 'PATCH', object]>([
    ['webhook', came(204), 'POST', { kind: 'delivered', messageId: null }],
    ['webhook', came(200, '<p>', { type: 'text/html' }), 'POST', { kind: 'delivered' }],
    ['discord', came(200, '{"id":"77"}'), 'POST', { kind: 'delivered', messageId: '77' }],
    ['discord', came(200, '{"id":"../x"}'), 'POST', { kind: 'delivered', messageId: null }],
    [
      'discord',
      came(200, '{"id', { isWhole: false }),
      'POST',
      { kind: 'delivered', messageId: null },
    ],
    ['discord', came(200, '<html>', { type: 'text/html' }), 'POST', { kind: 'retry' }],
    ['slack', came(200, '<html>', { type: 'text/html' }), 'POST', { kind: 'retry' }],
    ['slack', came(200, 'ok'), 'POST', { kind: 'delivered' }],
    ['slack', came(500, 'oops'), 'POST', { kind: 'retry', afterMs: 0, words: '500 ("oops")' }],
    ['slack', came(429, '', { retryAfter: '3' }), 'POST', { kind: 'retry', afterMs: 3000 }],
    ['slack', came(429), 'POST', { kind: 'retry', afterMs: 0 }],
    ['slack', came(429, '', { retryAfter: 'soon' }), 'POST', { kind: 'retry', afterMs: 0 }],
    ['slack', came(429, '', { retryAfter: '99999' }), 'POST', { kind: 'retry', afterMs: 900_000 }],
    ['discord', came(429, '{"retry_after":1.5}'), 'POST', { kind: 'retry', afterMs: 1500 }],
    [
      'webhook',
      came(503, '', { retryAfter: new Date(NOW + 9000).toUTCString() }),
      'POST',
      { kind: 'retry', afterMs: 9000 },
    ],
    ['webhook', came(408), 'POST', { kind: 'retry' }],
    [
      'webhook',
      came(400, '{"message":"no"}'),
      'POST',
      { kind: 'refused', isSinkBroken: false, words: '400 ("no")' },
    ],
    ['slack', came(404, 'no_service'), 'POST', { kind: 'refused', isSinkBroken: true }],
    ['webhook', came(302), 'POST', { kind: 'refused', isSinkBroken: true }],
    [
      'discord',
      came(404, '{"message":"Unknown Message"}'),
      'PATCH',
      { kind: 'refused', isSinkBroken: false },
    ],
    [
      'discord',
      came(404, '{"message":"Unknown Webhook"}'),
      'PATCH',
      { kind: 'refused', isSinkBroken: true },
    ],
    [
      'webhook',
      { kind: 'none', words: 'ECONNRESET' },
      'POST',
      { kind: 'retry', words: 'ECONNRESET' },
    ],
  ])('of %s: %j to a %s means %j', (kind, given, method, verdict) => {
    expect(verdictOf(kind, given, method, NOW, [])).toMatchObject(verdict)
  })

  test('has a text that is one short line, and no page', () => {
    const verdict = verdictOf('webhook', came(500, `a\nb\u0000${'x'.repeat(999)}`), 'POST', NOW, [])
    expect(verdict).toMatchObject({ words: expect.stringMatching(/^500 \("a b x{100,160}"\)$/) })
    expect(verdictOf('webhook', came(500, '<!doctype html><h1>'), 'POST', NOW, [])).toMatchObject({
      words: '500',
    })
  })

  test('is cut only once a secret is out of it', () => {
    const secret = 'a-token-that-is-secret'
    const body = `${'x'.repeat(150)} ${secret}`
    for (const text of [body, JSON.stringify({ message: body })]) {
      const verdict = verdictOf('webhook', came(500, text), 'POST', NOW, [secret])
      expect(verdict).toMatchObject({ words: expect.not.stringContaining('a-tok') })
    }
  })

  test('is shown without a secret, as it is or encoded', () => {
    const secret = 'https://d.com/a "b"'
    const text = `x ${secret} y ${JSON.stringify(secret)} z ${encodeURIComponent(secret)}`
    expect(redactSecrets(text, [secret])).toBe('x [redacted] y "[redacted]" z [redacted]')
  })
})

describe('a real server', () => {
  let server: SinkServer
  const patience = { timeoutMs: 300, allowsPrivate: false }
  const ask = (sink = patience, signal = new AbortController().signal) =>
    post(requestOf({ ...SINK, url: `${server.url}/p?q=1` }, ALERT, null, NOW), sink, signal)
  beforeEach(async () => {
    server = await startSinkServer()
  })
  afterEach(() => server.close())

  test('gets the request as it is, and its answer comes back', async () => {
    server.behave(answer(429, '{"a":1}', { 'retry-after': '2', 'content-type': 'text/x' }))
    expect(await ask()).toEqual({
      ...{ kind: 'answer', status: 429, type: 'text/x', retryAfter: '2', isWhole: true },
      body: '{"a":1}',
    })
    const [request] = server.received
    expect(request).toMatchObject({ method: 'POST', path: '/p?q=1' })
    expect(JSON.parse(request!.text)).toMatchObject({ rule: 'any' })
    expect(request!.headers).toMatchObject({ 'user-agent': 'flow-alerts/1' })
  })

  test.each([
    ['hangs', hang, { kind: 'none', words: 'no answer within 300 ms' }],
    ['closes', cut, { kind: 'none', words: 'ECONNRESET' }],
    ['cuts its answer off', truncated(200, '{"id":"7'), { status: 200, isWhole: false }],
    ['redirects', answer(302, '', { location: '/elsewhere' }), { status: 302 }],
    ['sends too much', answer(200, 'x'.repeat(200_000)), { status: 200, isWhole: false }],
    ['names its message', made('5'), { status: 200, body: '{"id":"5"}' }],
  ])('that %s is no trouble', async (_, behaviour, expected) => {
    server.behave(behaviour)
    expect(await ask()).toMatchObject(expected)
    expect(server.received).toHaveLength(1) // a redirect is not followed
  })

  test('that hangs in the middle of its answer has been heard', async () => {
    server.behave((response) => void response.writeHead(200).write('{'))
    expect(await ask()).toMatchObject({ status: 200, isWhole: false })
  })

  test('that is not there is told by its code alone', async () => {
    const request = requestOf({ ...SINK, url: 'http://127.0.0.1:1/secret' }, ALERT, null, NOW)
    const given = await post(request, patience, new AbortController().signal)
    expect(given).toEqual({ kind: 'none', words: 'ECONNREFUSED' })
  })

  test('is left at a stop', async () => {
    server.behave(hang)
    const stop = new AbortController()
    const asked = ask({ ...patience, timeoutMs: 60_000 }, stop.signal)
    await server.count(1)
    stop.abort()
    expect(await asked).toMatchObject({ kind: 'none' })
  })

  test('of a private network is not reached through a name', async () => {
    const error = await new Promise((resolve) => publicLookup('localhost', {}, resolve))
    expect(error).toMatchObject({ code: expect.stringContaining('allow_private: true') })
    const url = server.url.replace('127.0.0.1', 'localhost') // this machine by name is meant
    const request = requestOf({ ...SINK, url }, ALERT, null, NOW)
    const given = await post(request, patience, new AbortController().signal)
    expect(given).toMatchObject({ status: 204 })
  })

  test.each([
    ['10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.1', false],
    ['192.168.0.1', true],
    ['169.254.169.254', true],
    ['100.64.0.1', true],
    ['127.0.0.1', true],
    ['8.8.8.8', false],
    ['[::1]', true],
    ['fd00::1', true],
    ['fe80::1', true],
    ['::ffff:192.168.0.1', true],
    ['::ffff:8.8.8.8', false],
    ['::10.0.0.1', true],
    ['2002:a00:1::', true],
    ['64:ff9b::a00:1', true],
    ['64:ff9b:1::a00:1', true],
    ['fec0::1', true],
    ['100::1', true],
    ['2001:0:a00:1::', true],
    ['2001:db8::1', true],
    ['2001:4860:4860::8888', false],
    ['192.0.2.1', true],
    ['198.51.100.7', true],
    ['203.0.113.7', true],
    ['192.0.3.1', false],
    ['2606:4700::1111', false],
    ['example.com', false],
  ])('at %s is private: %s', (host, isPrivate) => {
    expect(isPrivateAddress(host)).toBe(isPrivate)
  })
})

test('no more requests begin within any window than are allowed, and all begin in the end', () => {
  const rates = fc.record({
    count: fc.integer({ min: 1, max: 8 }),
    perMs: fc.integer({ min: 1, max: 60 }),
  })
  const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(rates, gaps, (rate, arrivals) => {
      const window = new RateWindow(rate)
      const begun: number[] = []
      let now = 0
      for (const gap of arrivals) {
        now += gap
        for (let waitMs = window.take(now); waitMs > 0; waitMs = window.take(now)) now += waitMs
        begun.push(now)
      }
      for (const from of begun) {
        const within = begun.filter((at) => at >= from && at < from + rate.perMs)
        expect(within.length).toBeLessThanOrEqual(rate.count)
      }
    }),
  )
})
