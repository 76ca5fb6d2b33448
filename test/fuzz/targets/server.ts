import { connect } from 'node:net'
import { Registry } from 'prom-client'
import { startHttp } from '../../../src/metrics/server.ts'
import { routesOver } from '../asked.ts'
import { check, type Target } from '../target.ts'

/** An answer must be there by then, ms, whatever was asked. */
const ANSWER_MS_MAX = 10_000
/** Addresses to connect from in turn: ports that were just used are not free at once. */
const ADDRESSES = 200
const STATUSES = [200, 400, 401, 403, 404, 405, 408, 413, 414, 417, 422, 431, 503]

/** The bytes of a connection to the real server, which then ends. */
export const server: Target = {
  name: 'server',
  words: [
    ...[
      'GET ',
      'HEAD ',
      'POST ',
      '/api/trades?',
      '/api/trades/',
      '/metrics',
      '/healthz',
      '/readyz',
    ],
    ...['/api/stats', ' HTTP/1.1\r\n', ' HTTP/1.0\r\n', 'Host: localhost\r\n', '\r\n', '\r\n\r\n'],
    ...['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: keep-alive\r\n'],
    ...['Expect: 100-continue\r\n', 'Upgrade: websocket\r\n', 'symbol=SPX', 'limit=1', '%00', '\0'],
    ...['Authorization: Bearer x\r\n', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ],
  share: 0.1,
  inTest: 40,
  async setUp(onClose) {
    const errors: unknown[] = []
    const http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      limits: { burst: 1e9, perSecond: 1e9, requestMs: 1000 },
      registry: new Registry(),
      notReady: () => null,
      stats: () => ({ received: 0 }),
      routes: routesOver(new Set()),
      onError: (error) => errors.push(error),
    })
    onClose(() => http.close())
    let turn = 0
    return async (input) => {
      turn = (turn + 1) % ADDRESSES
      const text = await exchange(http.port, `127.0.1.${1 + turn}`, input)
      if (errors.length > 0) throw errors.shift()
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) =>
        Number(status),
      )
      check(text === '' || statuses.length > 0, `an answer is HTTP: ${text.slice(0, 80)}`)
      for (const status of statuses) check(STATUSES.includes(status), `a status, came ${status}`)
      return [...new Set(statuses)].join()
    }
  },
}

/** All that the server says to these bytes until it hangs up. */
function exchange(port: number, localAddress: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    let text = ''
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end of the connection after ${ANSWER_MS_MAX} ms`))
    }, ANSWER_MS_MAX)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => {}) // it hung up while we wrote
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    socket.end(bytes)
  })
}
