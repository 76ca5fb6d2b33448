import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { RequestError, type Route } from '../../src/metrics/routes.ts'
import { type HttpOptions, type HttpServer, startHttp } from '../../src/metrics/server.ts'

const open: HttpServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function start(more: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    onError: () => {},
    ...more,
  })
  open.push(server)
  return server
}

/** Sends the bytes as they are and gives all that comes back until the server hangs up. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

describe('own routes', () => {
  test('/metrics is Prometheus text', async () => {
    const metrics = createMetrics({ version: '1', rules: 'opra', symbols: ['SPX'] })
    metrics.tradesStored.inc(7)
    const { url } = await start({ registry: metrics.registry })
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect((await response.text()).split('\n')).toContain('flow_trades_stored_total 7')
  })

  test('/healthz is alive while /readyz gives the reason why not', async () => {
    let reason: string | null = 'the database does not answer'
    const { url } = await start({ notReady: () => reason })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const waiting = await fetch(`${url}/readyz`)
    expect(waiting.status).toBe(503)
    expect(await waiting.json()).toEqual({ error: 'the database does not answer' })
    reason = null
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('/api/stats is what the engine says of itself', async () => {
    const { url } = await start({ stats: async () => ({ uptime_seconds: 3 }) })
    expect(await (await fetch(`${url}/api/stats`)).json()).toEqual({ uptime_seconds: 3 })
  })
})

describe('routes of others', () => {
  const echo: Route = {
    path: '/api/flow/:symbol',
    answer: ({ params, query }) => {
      if (query.get('window') === 'odd') throw new RequestError(400, 'expected a window')
      return { body: { symbol: params.symbol, window: query.get('window') } }
    },
  }

  test('get decoded parameters and the query', async () => {
    const { url } = await start({ routes: [echo] })
    const response = await fetch(`${url}/api/flow/BRK%2FB?window=a+b`)
    expect(await response.json()).toEqual({ symbol: 'BRK/B', window: 'a b' })
  })

  test('refuse a request with a status and a reason', async () => {
    const { url } = await start({ routes: [echo] })
    const response = await fetch(`${url}/api/flow/SPX?window=odd`)
    expect([response.status, await response.json()]).toEqual([400, { error: 'expected a window' }])
    expect((await fetch(`${url}/api/flow/%ff`)).status).toBe(400)
  })

  test('that fail are a 500 without a word of the error, which the engine is told', async () => {
    const told: string[] = []
    const { url } = await start({
      routes: [{ path: '/bad', answer: () => Promise.reject(new Error('postgres://u:pw@h')) }],
      onError: (error, path) => told.push(`${path} ${error}`),
    })
    const response = await fetch(`${url}/bad`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('pw')
    expect(told).toEqual(['/bad Error: postgres://u:pw@h'])
  })
})

describe('requests that are wrong', () => {
  test.each([
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/nowhere', 404],
    ['GET', `/metrics?${'x'.repeat(3000)}`, 414],
  ])('%s %.20s is %i with an error in JSON', async (method, path, status) => {
    const { url } = await start()
    const response = await fetch(url + path, { method })
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: expect.any(String) })
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null)
  })

  test('a body is refused and never taken for a second request', async () => {
    const { port } = await start()
    const inner = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const text = await raw(
      port,
      `GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    )
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413'])
    expect(text).toContain('Connection: close')
  })

  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['too large a header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(9000)}\r\n\r\n`, 431],
  ])('%s is answered and hung up on', async (_, bytes, status) => {
    const { port } = await start()
    const text = await raw(port, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toEqual({ error: expect.any(String) })
  })
})

describe('every answer', () => {
  test('to HEAD has the headers of GET and no body', async () => {
    const { url } = await start()
    const [head, get] = await Promise.all([
      fetch(`${url}/healthz`, { method: 'HEAD' }),
      fetch(`${url}/healthz`),
    ])
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    expect(head.headers.get('content-length')).toBe(`${(await get.text()).length}`)
  })

  test('forbids browsers to guess, frame, cache or run anything', async () => {
    const { url } = await start()
    const { headers } = await fetch(`${url}/nowhere`)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('listening', () => {
  test('port 0 is a free port, given back', async () => {
    const { port, url } = await start()
    expect(port).toBeGreaterThan(0)
    expect(url).toBe(`http://127.0.0.1:${port}`)
  })

  test('on a port that is taken is an error that says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address!.port : 0
    await expect(start({ port })).rejects.toThrow(
      `FLOW_HTTP_PORT: expected a free port, came ${port}`,
    )
    other.close()
  })

  test('on an address that is not ours is an error about the host', async () => {
    await expect(start({ host: '203.0.113.1' })).rejects.toThrow('FLOW_HTTP_HOST: expected')
  })
})

describe('closing', () => {
  test('does not wait for clients that keep their connection', async () => {
    const server = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const asked = request(`${server.url}/healthz`, { agent }).end()
    const [response] = await once(asked, 'response')
    response.resume()
    await once(response, 'end')
    const silent = connect(server.port, '127.0.0.1')
    await once(silent, 'connect')
    const hungUp = once(silent, 'close')
    silent.on('error', () => {}).resume()
    await server.close() // would end with the test's time limit otherwise
    await hungUp
    agent.destroy()
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  }, 4000)

  test('lets an answer under way finish', async () => {
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const server = await start({
      stats: async () => {
        begun.resolve()
        await go.promise
        return { done: true }
      },
    })
    const response = fetch(`${server.url}/api/stats`)
    await begun.promise
    const closed = server.close()
    go.resolve()
    expect(await (await response).json()).toEqual({ done: true })
    await closed
  })
})
