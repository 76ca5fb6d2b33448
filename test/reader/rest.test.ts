import { afterEach, expect, test } from 'vitest'
import { fetchJson, RestError, type RestOptions, restUrl } from '../../src/reader/rest.ts'
import { type Answer, json, type RestServer, startRest } from './rest-server.ts'

const KEY = 'must-stay/secret+1'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(...answers: Answer[]): Promise<RestServer> {
  const server = await startRest(answers)
  cleanups.push(server.close)
  return server
}

/** Asks for /x and gives the answer or the error, and the delays of the tries between. */
async function ask(baseUrl: string, options: Partial<RestOptions> = {}) {
  const delays: number[] = []
  const retries: RestError[] = []
  const outcome = await fetchJson(restUrl(baseUrl, '/x'), {
    baseUrl,
    apiKey: KEY,
    retryMinMs: 1,
    random: () => 0,
    onRetry: (error, delayMs) => {
      retries.push(error)
      delays.push(delayMs)
    },
    ...options,
  }).catch((error: unknown) => error)
  return { outcome, error: outcome instanceof RestError ? outcome : undefined, delays, retries }
}

test('sends the key in the header and never in the URL', async () => {
  const server = await serve(json({ results: [1] }))
  const { outcome } = await ask(`${server.url}/prefix/`)
  expect(outcome).toEqual({ results: [1] })
  expect(server.requests).toEqual([{ path: '/prefix/x', authorization: `Bearer ${KEY}` }])
})

test('tries again after trouble of the server, each time after twice the delay', async () => {
  const server = await serve(json({}, 500), json({}, 499), json({}, 503), json({ ok: 1 }))
  const { outcome, delays, retries } = await ask(server.url)
  expect(outcome).toEqual({ ok: 1 })
  expect(delays).toEqual([1, 2, 4])
  expect(retries.map((error) => error.status)).toEqual([500, 499, 503])
})

test('waits as long as a 429 asks for, in seconds or until a date, up to a minute', async () => {
  const asked: number[] = []
  for (const after of ['0', '1', 'Wed, 21 Oct 2015 07:28:00 GMT', 'soon', '86400']) {
    const server = await serve(json({ error: 'slow down' }, 429, { 'retry-after': after }))
    const abort = new AbortController()
    await ask(server.url, {
      signal: abort.signal,
      onRetry: (_error, delayMs) => {
        asked.push(delayMs)
        abort.abort()
      },
    })
  }
  expect(asked).toEqual([1, 1000, 1, 1, 60_000])
  const soon = new Date(Date.now() + 30_000).toUTCString()
  const server = await serve(json({}, 429, { 'retry-after': soon }))
  const abort = new AbortController()
  await ask(server.url, {
    signal: abort.signal,
    onRetry: (_error, delayMs) => {
      expect(delayMs).toBeGreaterThan(10_000)
      expect(delayMs).toBeLessThanOrEqual(30_000)
      abort.abort()
    },
  })
  expect.assertions(3)
})

test('gives up after the last try and says so', async () => {
  const server = await serve(json({ error: 'out of order' }, 502))
  const { error, delays } = await ask(server.url, { triesMax: 3 })
  expect(error?.message).toBe(
    `GET ${server.url}/x: expected 200, came 502 ("out of order"); gave up after 3 tries`,
  )
  expect(server.requests.length).toBe(3)
  expect(delays.length).toBe(2)
})

test('does not repeat what the server will refuse again, and names the remedy', async () => {
  const words = { status: 'ERROR', error: 'Unknown API Key' }
  const server = await serve(json(words, 401))
  const { error } = await ask(server.url)
  expect(server.requests.length).toBe(1)
  expect(error?.message).toContain('came 401 ("Unknown API Key"). Check MASSIVE_API_KEY')
  expect(error?.mayRetry).toBe(false)
})

test('does not follow a redirect, which would carry the key elsewhere', async () => {
  const elsewhere = await serve(json({ ok: 1 }))
  const server = await serve(json({}, 302, { location: `${elsewhere.url}/x` }))
  const { error } = await ask(server.url)
  expect(error?.message).toContain('expected 200, came 302')
  expect(elsewhere.requests).toEqual([])
})

test('leaves a server that does not answer, or not to the end, and tries again', async () => {
  const server = await serve(
    () => {},
    (response) => response.writeHead(200).write('{"ok":'),
    (response) => response.destroy(),
    json({ ok: 1 }),
  )
  const { outcome, retries } = await ask(server.url, { timeoutMs: 300 })
  expect(outcome).toEqual({ ok: 1 })
  expect(retries.map((error) => error.message)).toEqual([
    `GET ${server.url}/x: no complete answer after 300 ms`,
    `GET ${server.url}/x: no complete answer after 300 ms`,
    expect.stringMatching(/no answer \(.+\)$/),
  ])
})

test('an answer that is no JSON, a port that nobody listens on', async () => {
  const server = await serve((response) => response.end('<html>'))
  const { error } = await ask(server.url, { triesMax: 2 })
  expect(error?.message).toContain('expected JSON, came something else')
  const gone = await startRest([])
  await gone.close()
  const refused = await ask(gone.url, { triesMax: 2 })
  expect(refused.error?.message).toMatch(/no answer \(.*ECONNREFUSED.*\); gave up after 2 tries$/)
})

test('stops reading a body that is too large, without a second try', async () => {
  let written = 0
  const server = await serve(async (response) => {
    response.writeHead(200)
    while (!response.destroyed && written < 1000) {
      written++
      response.write(Buffer.alloc(100_000, ' '))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  const { error, delays } = await ask(server.url, { bodyBytesMax: 200_000 })
  expect(error?.message).toContain('expected at most 200000 bytes, more came')
  expect(delays).toEqual([])
})

test('a caller that gives up ends the wait at once', async () => {
  const server = await serve(json({}, 429, { 'retry-after': '60' }))
  const abort = new AbortController()
  const { outcome } = await ask(server.url, {
    signal: abort.signal,
    onRetry: () => setImmediate(() => abort.abort()),
  })
  expect(outcome).toMatchObject({ name: 'AbortError' })
})

test('a caller that gives up during a request is told so and nothing is tried again', async () => {
  const abort = new AbortController()
  const server = await serve(() => abort.abort())
  const { outcome, retries } = await ask(server.url, { signal: abort.signal, triesMax: 1 })
  expect(outcome).toMatchObject({ name: 'AbortError' })
  expect(retries).toEqual([])
})

test('the API key is in no error, whatever the server echoes and whatever the key holds', async () => {
  const core = /must-stay|secret/
  const echo = { error: `no ${KEY} ${encodeURIComponent(KEY)} here` }
  const server = await serve(json(echo, 401), json(echo, 500), (response) => response.end(KEY))
  const base = server.url.replace('http://', `http://user:${encodeURIComponent(KEY)}@`)
  const outcomes = [
    await ask(server.url),
    await ask(server.url, { triesMax: 2 }),
    await ask(`${server.url}?apiKey=${KEY}`, { triesMax: 1 }),
    await ask(base, { triesMax: 1 }),
    await ask(server.url, { apiKey: 'must-stay\nsecret' }),
  ]
  for (const { error, retries } of outcomes) {
    expect(error).toBeInstanceOf(RestError)
    for (const one of [error, ...retries]) {
      expect(`${one?.message} ${one?.stack} ${one?.cause} ${JSON.stringify(one)}`).not.toMatch(core)
    }
  }
  expect(outcomes[0]?.error?.message).toContain('no [key] [key] here')
  expect(outcomes[4]?.retries).toEqual([])
})
