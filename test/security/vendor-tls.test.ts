import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { fetchJson } from '../../src/reader/rest.ts'
import { openSocket } from '../../src/reader/socket.ts'
import { eventually, FlowProcess, killLeftovers } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { Peer } from '../reader/vendor-server.ts'

const TLS = join(import.meta.dirname, '../fixtures/tls')
const CERTIFICATE = join(TLS, 'self-signed.pem')
const KEY = 'a-key-that-must-not-leave'

let postgres: TestPostgres
let server: Server
/** Requests and upgrades that came through TLS: with them would come the key. */
let reached: number
let port: number

beforeAll(async () => {
  postgres = await startTestPostgres()
  server = createServer({
    cert: readFileSync(CERTIFICATE),
    key: readFileSync(join(TLS, 'self-signed.key')),
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('request', (_, response) => {
    reached++
    response.end('{}')
  })
  server.on('upgrade', (request, socket, head) => {
    reached++
    sockets.handleUpgrade(request, socket, head, (ws) => void new Peer(ws, request).accept())
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await killLeftovers()
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await postgres.stop()
})

async function engine(more: Record<string, string>): Promise<FlowProcess> {
  reached = 0
  return new FlowProcess(['run'], {
    DATABASE_URL: await postgres.freshDatabase(),
    FLOW_FEED_URL: `wss://localhost:${port}/options`,
    FLOW_HTTP_PORT: '0',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_RECONNECT_MIN_MS: '50',
    FLOW_SHARDS: '1',
    MASSIVE_API_KEY: KEY,
    ...more,
  })
}

test('a vendor whose certificate nobody vouches for is refused, and the log says why', async () => {
  const flow = await engine({})
  const line = await eventually('a line about the certificate', () =>
    flow.lines.find((found) => /certificate/.test(JSON.stringify(found))),
  )
  expect(['warn', 'error']).toContain(line.level)
  expect(JSON.stringify(line)).toContain('self-signed certificate')
  await flow.kill('SIGTERM')
  expect(reached).toBe(0)
  expect(flow.said).not.toContain(KEY)
})

test('the same one is taken once an authority of the user vouches for it', async () => {
  const flow = await engine({ NODE_EXTRA_CA_CERTS: CERTIFICATE })
  await flow.line('listening')
  await eventually('a connection', () => reached > 0)
  expect(await flow.kill('SIGTERM')).toBe(0)
})

test('the socket itself verifies, whatever the environment says', async () => {
  reached = 0
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const socket = openSocket(`wss://localhost:${port}/options`, 5000)
  const [error] = await once(socket, 'error')
  expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  expect(reached).toBe(0)
})

test('REST requests are refused too, before the key is sent', async () => {
  reached = 0
  const options = { baseUrl: `https://localhost:${port}`, apiKey: KEY, triesMax: 1 }
  await expect(fetchJson(`${options.baseUrl}/v3/x`, options)).rejects.toThrow(/certificate/)
  expect(reached).toBe(0)
})
