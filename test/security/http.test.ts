import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { isLoopback } from '../../src/metrics/auth.ts'
import { LIMITS, SECURITY_HEADERS } from '../../src/metrics/limits.ts'
import { clientOf, RateLimit } from '../../src/metrics/rate-limit.ts'
import { type HttpOptions, type HttpServer, startHttp } from '../../src/metrics/server.ts'

const TOKEN = 'correct-horse-battery'
const open: HttpServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function start(more: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    routes: [{ path: '/api/trades', answer: () => ({ body: { trades: [] } }) }],
    onError: () => {},
    ...more,
  })
  open.push(server)
  return server
}

/** A connection of its own, with all that it was told; `closed` resolves with it at the end. */
function dial(port: number): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)))
  return { socket, closed }
}

/** Sends the bytes as they are and gives all that comes back until the server hangs up. */
function raw(port: number, bytes: string): Promise<string> {
  const { socket, closed } = dial(port)
  socket.write(bytes)
  return closed
}

function get(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n')
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])

/** Status of the first request that is let in once a connection of this client is free. */
async function statusWithRoom(port: number): Promise<number> {
  for (;;) {
    const status = statusOf(await raw(port, get('/healthz', 'Host: localhost')))
    if (status !== 429) return status
    await sleep(20)
  }
}

/** Status of a request with any Host, which fetch does not let one choose. */
async function asked(server: HttpServer, path: string, host: string): Promise<number> {
  const sent = request(`${server.url}${path}`, { headers: { host }, agent: false }).end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.statusCode
}

describe('a token', () => {
  test.each([
    ['none', []],
    ['another', ['Authorization: Bearer correct-horse-batterx']],
    ['a longer one', [`Authorization: Bearer ${TOKEN}x`]],
    ['its beginning', [`Authorization: Bearer ${TOKEN.slice(0, -1)}`]],
    ['an empty one', ['Authorization: Bearer ']],
    ['it under another scheme', [`Authorization: Basic ${TOKEN}`]],
    ['it in the address', []],
  ])('%s is 401 wherever there is something to read', async (what, headers) => {
    const { port } = await start({ token: TOKEN })
    const query = what === 'it in the address' ? `?token=${TOKEN}&access_token=${TOKEN}` : ''
    for (const path of ['/metrics', '/api/stats', '/api/trades', '/', '/nowhere']) {
      const text = await raw(port, get(path + query, 'Host: localhost', ...headers))
      expect(statusOf(text), path).toBe(401)
      expect(text).toMatch(/^WWW-Authenticate: Bearer /m)
      expect(text).not.toContain(TOKEN)
    }
  })

  test('that is right opens everything, under any name of the host', async () => {
    const { port } = await start({ token: TOKEN })
    for (const scheme of ['Bearer', 'bearer']) {
      const headers = ['Host: flow.example', `Authorization: ${scheme} ${TOKEN}`]
      for (const path of ['/metrics', '/api/stats', '/api/trades']) {
        expect(statusOf(await raw(port, get(path, ...headers))), path).toBe(200)
      }
      expect(statusOf(await raw(port, get('/nowhere', ...headers)))).toBe(404)
    }
  })

  test('is not asked of probes', async () => {
    const server = await start({ token: TOKEN })
    expect(await asked(server, '/healthz', 'x')).toBe(200)
    expect(await asked(server, '/readyz', 'x')).toBe(200)
  })

  test('is asked by whatever route is added, unless it says otherwise', async () => {
    const answer = () => ({ body: {} })
    const { port } = await start({ token: TOKEN, routes: [{ path: '/page', answer }] })
    expect(statusOf(await raw(port, get('/page', 'Host: localhost')))).toBe(401)
  })
})

test('without a token others get nothing but the answers for probes', async () => {
  const { port } = await start({ host: '0.0.0.0' })
  for (const path of ['/metrics', '/api/stats', '/api/trades', '/nowhere']) {
    const text = await raw(port, get(path, 'Host: flow.example'))
    expect(statusOf(text), path).toBe(401)
    expect(text).toContain('set FLOW_HTTP_TOKEN')
  }
  expect(statusOf(await raw(port, get('/healthz', 'Host: flow.example')))).toBe(200)
})

describe('without a token on loopback', () => {
  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:9464', '127.0.0.2:1'])(
    'the host %s is one of this machine',
    async (host) => {
      expect(await asked(await start(), '/api/stats', host)).toBe(200)
    },
  )

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1'])(
    'the host %s is refused: someone has rebound its name',
    async (host) => {
      const server = await start()
      for (const path of ['/api/stats', '/metrics', '/nowhere']) {
        expect(await asked(server, path, host), path).toBe(403)
      }
    },
  )

  test('probes may come under any name: there is nothing to read', async () => {
    const server = await start()
    for (const path of ['/healthz', '/readyz']) {
      expect(await asked(server, path, 'evil.example'), path).toBe(200)
    }
  })

  test('a request without a host is refused', async () => {
    const { port } = await start()
    expect(statusOf(await raw(port, 'GET /metrics HTTP/1.0\r\n\r\n'))).toBe(403)
    expect(statusOf(await raw(port, 'GET /metrics HTTP/1.1\r\n\r\n'))).toBe(400)
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.evil.example', false],
  ['192.168.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['', false],
])('isLoopback(%s) is %s', (host, is) => {
  expect(isLoopback(host)).toBe(is)
})

describe('limits', () => {
  test('more requests at once than the burst are 429, with when to come back', async () => {
    const { url } = await start({ limits: { burst: 5, perSecond: 0.01 } })
    const statuses: number[] = []
    for (let i = 0; i < 7; i++) statuses.push((await fetch(`${url}/healthz`)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    const refused = await fetch(`${url}/healthz`)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(await refused.json()).toEqual({ error: expect.stringContaining('requests a second') })
  })

  test('requests sent in one go count one by one', async () => {
    const { port } = await start({ limits: { burst: 3, perSecond: 0.01 } })
    const one = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const text = await raw(port, one.repeat(4) + get('/healthz', 'Host: localhost'))
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => match[1])
    expect(statuses).toEqual(['200', '200', '200', '429', '429'])
  })

  test('a wrong token costs as much as a right one', async () => {
    const { url } = await start({ token: TOKEN, limits: { burst: 2, perSecond: 0.01 } })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await fetch(`${url}/api/stats`)).status)
    expect(statuses).toEqual([401, 401, 429])
  })

  test.each([
    ['no end of its headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: b\r\n'],
    ['half a request line', 'GET /hea'],
    ['half of its body', 'POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab'],
  ])('a request with %s ends in time', async (_, bytes) => {
    const { port } = await start({ limits: { requestMs: 100 } })
    const text = await raw(port, bytes)
    expect([403, 404, 408]).toContain(statusOf(text))
  })

  test('a slow request is 408 however often a byte of it comes', async () => {
    const { port } = await start({ limits: { requestMs: 200 } })
    const { socket, closed } = dial(port)
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n')
    const drip = setInterval(() => socket.write('X: y\r\n'), 20)
    expect(statusOf(await closed)).toBe(408)
    clearInterval(drip)
  })

  test('a connection that says nothing is closed', async () => {
    const { port } = await start({ limits: { requestMs: 100, answerMs: 100 } })
    expect(statusOf(await dial(port).closed)).toBe(408)
  })

  test('a client that does not read its answers is cut off', async () => {
    const body = 'x'.repeat(32 << 20)
    const { port } = await start({
      limits: { requestMs: 100, answerMs: 200, connectionsPerClient: 1 },
      routes: [{ path: '/large', answer: () => ({ body }) }],
    })
    const { socket } = dial(port)
    socket.pause()
    socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'connect')
    expect(await statusWithRoom(port)).toBe(200)
    expect(socket.destroyed).toBe(false) // it has not gone by itself
  })

  test('a client has so many connections and no more, and the next one may come again', async () => {
    const { port } = await start({ limits: { connectionsPerClient: 2 } })
    const first = dial(port)
    await once(first.socket, 'connect')
    await once(dial(port).socket, 'connect')
    expect(statusOf(await dial(port).closed)).toBe(429)
    first.socket.destroy()
    await first.closed
    expect(await statusWithRoom(port)).toBe(200)
  })

  test('all clients together have so many connections', async () => {
    const { port } = await start({ limits: { connections: 2 } })
    await once(dial(port).socket, 'connect')
    await once(dial(port).socket, 'connect')
    expect(await dial(port).closed).toBe('')
  })

  test('a header too many is 431, too long an address 414, a body 413', async () => {
    const { port } = await start()
    const header = `A: ${'a'.repeat(LIMITS.headerBytes)}`
    expect(statusOf(await raw(port, get('/healthz', 'Host: localhost', header)))).toBe(431)
    const path = `/healthz?${'a'.repeat(LIMITS.urlLength)}`
    expect(statusOf(await raw(port, get(path, 'Host: localhost')))).toBe(414)
    const chunked = ['Host: localhost', 'Transfer-Encoding: chunked']
    expect(statusOf(await raw(port, get('/healthz', ...chunked)))).toBe(413)
  })

  test('two lengths, or a length and chunks, are no request', async () => {
    const { port } = await start()
    const lengths = ['Host: localhost', 'Content-Length: 0', 'Content-Length: 5']
    expect(statusOf(await raw(port, get('/healthz', ...lengths)))).toBe(400)
    const both = ['Host: localhost', 'Content-Length: 5', 'Transfer-Encoding: chunked']
    expect(statusOf(await raw(port, get('/healthz', ...both)))).toBe(400)
  })
})

describe('a bucket', () => {
  test('fills up again at its rate and no higher than the burst', () => {
    const rate = new RateLimit({ perSecond: 2, burst: 3 })
    const take = (now: number): number => rate.take('192.0.2.1', now)
    expect([take(0), take(0), take(0), take(0)]).toEqual([0, 0, 0, 1])
    expect([take(500), take(500)]).toEqual([0, 1])
    expect([take(60_000), take(60_000), take(60_000), take(60_000)]).toEqual([0, 0, 0, 1])
  })

  test('is for one client, and a crowd of them takes bounded memory', () => {
    const rate = new RateLimit({ perSecond: 1, burst: 1 })
    for (let i = 0; i < 10_000; i++) {
      expect(rate.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 0)).toBe(0)
    }
    expect(rate.size).toBe(4096)
    expect(rate.take('10.0.39.15', 0)).toBe(1) // the last one is remembered
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s is the client %s', (address, client) => {
  expect(clientOf(address)).toBe(client)
})

test('every answer, also a refusal, forbids browsers everything', async () => {
  const { port } = await start({ token: TOKEN })
  const texts = [
    await raw(port, get('/healthz', 'Host: localhost')),
    await raw(port, get('/api/stats', 'Host: localhost')),
    await raw(port, 'no HTTP\r\n\r\n'),
  ]
  expect(texts.map(statusOf)).toEqual([200, 401, 400])
  for (const text of texts) {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(text).toContain(`${name}: ${value}\r\n`)
    }
    expect(text).not.toMatch(/^(?:access-control-|server:|x-powered-by)/im)
  }
  expect(SECURITY_HEADERS['Content-Security-Policy']).toMatch(/^default-src 'none'; /)
})
