import type { IncomingMessage } from 'node:http'
import * as fc from 'fast-check'
import { hostCheck, tokenCheck } from '../../../src/metrics/auth.ts'
import { clientOf, RateLimit } from '../../../src/metrics/rate-limit.ts'
import { type Answer, matchRoute, RequestError } from '../../../src/metrics/routes.ts'
import { routesOver } from '../asked.ts'
import { check, checkEqual, type RunInput, type Target } from '../target.ts'

const TOKEN = 'correct-horse-battery'
const ADDRESSES_MAX = 4096
const BURST = 2

/** Four lines: the address of a request, its Host, its Authorization, and who asks. */
export const http: Target = {
  name: 'http',
  words: [
    ...['/api/trades?', '/api/trades/', 'symbol=', 'type=', 'minPremium=', 'since=', 'limit=', '&'],
    ...['date=2025-11-21', 'SWEEP,BLOCK', 'O:SPXW251219C06475000', '/7', '%2F', '%00', '%FF', '+'],
    ...['%27%20OR%201=1--', '__proto__', 'localhost', '[::1]', '127.0.0.1:1', '\nBearer ', TOKEN],
    ...[
      '\n::ffff:1.2.3.4',
      '\n2001:db8::1',
      '::',
      '%eth0',
      '\n',
      '8640000000000000',
      '1e3',
      '0x10',
    ],
  ],
  structured: requests(),
  share: 16,
  inTest: 1500,
  setUp: makeHttp,
}

function makeHttp(): RunInput {
  const routes = routesOver(new Set())
  const rate = new RateLimit({ perSecond: 1, burst: BURST })
  const checkToken = tokenCheck('0.0.0.0', TOKEN)
  const closed = tokenCheck('0.0.0.0', undefined)
  const checkHost = hostCheck('127.0.0.1', undefined)
  let now = 0
  return async (input) => {
    const [url = '', host = '', authorization = '', address = ''] = input
      .toString('latin1')
      .split('\n')
    const request = { headers: { host, authorization } } as IncomingMessage
    const words = [
      refusalOf(() => checkToken(request)),
      refusalOf(() => checkHost(request)),
      refusalOf(() => closed(request)),
    ]
    const isRight = new RegExp(`^bearer +${TOKEN} *$`, 'i').test(authorization)
    checkEqual(words[0], isRight && authorization.includes(TOKEN) ? 0 : 401, 'the token')
    checkEqual(words[2], 401, 'without a token')
    check(
      words[1] === 403 || /^(localhost|127\.|\[?::1\]?)/i.test(host),
      'only hosts of this machine',
    )
    checkRate(rate, address, now)
    now += 10
    return `${await answer(url)} ${words} ${address.includes(':')}`
  }

  async function answer(url: string): Promise<string> {
    const path = url.split('?', 1)[0]!
    try {
      const found = matchRoute(routes, path)
      if (found === undefined) return '404'
      const query = new URLSearchParams(url.slice(path.length + 1))
      const { status = 200, body }: Answer = await found.route.answer({
        params: found.params,
        query,
      })
      checkEqual(body, { trades: [] }, 'nothing is stored')
      return `${status} ${[...query.keys()].slice(0, 3)}`
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      check(error.status >= 400 && error.status <= 499, 'a status of the request')
      check(error.message.length < 600 + 2 * url.length, 'a short reason')
      return `${error.status} ${error.message.slice(0, 16)}`
    }
  }
}

/** The status that a check refuses with; 0: the request may pass. */
function refusalOf(run: () => void): number {
  try {
    run()
    return 0
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    return error.status
  }
}

function checkRate(rate: RateLimit, address: string, now: number): void {
  const client = clientOf(address)
  checkEqual(clientOf(address), client, 'a client is one client')
  const waits = [0, 0, 0].map(() => rate.take(address, now))
  check(
    waits.every((wait) => Number.isInteger(wait) && wait >= 0),
    'whole seconds',
  )
  check(waits[BURST]! > 0, 'no more than the burst at once')
  check(rate.size <= ADDRESSES_MAX, 'addresses keep their limit')
}

function requests(): fc.Arbitrary<Uint8Array> {
  const odd = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('', ' ', '-1', '1e3', '%00', '0'),
  )
  const mostly = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: odd })
  const pairs = fc.oneof(
    mostly(fc.constantFrom('SPX', 'spy')).map((v) => `symbol=${encodeURIComponent(v)}`),
    mostly(fc.constantFrom('SWEEP', 'sweep,block')).map((v) => `type=${encodeURIComponent(v)}`),
    mostly(fc.nat().map(String)).map((v) => `minPremium=${encodeURIComponent(v)}`),
    mostly(fc.nat(2 ** 31 - 1).map(String)).map((v) => `since=${encodeURIComponent(v)}`),
    mostly(fc.integer({ min: 0, max: 1001 }).map(String)).map(
      (v) => `limit=${encodeURIComponent(v)}`,
    ),
    odd.map((v) => encodeURIComponent(v)),
  )
  const trades = fc.array(pairs, { maxLength: 4 }).map((all) => `/api/trades?${all.join('&')}`)
  const trade = fc
    .tuple(
      mostly(fc.constantFrom('O:SPXW251219C06475000', 'spxw251219c06475000')),
      mostly(fc.nat().map(String)),
      fc.option(mostly(fc.constantFrom('2025-11-21', '2025-02-29', '9999-12-31', '1970-01-01'))),
    )
    .map(([contract, sequence, date]) => {
      const path = `/api/trades/${encodeURIComponent(contract)}/${encodeURIComponent(sequence)}`
      return date === null ? path : `${path}?date=${encodeURIComponent(date)}`
    })
  const host = fc.constantFrom('localhost', '127.0.0.1:9464', '[::1]', 'evil.example', '')
  const token = fc.constantFrom(`Bearer ${TOKEN}`, `bearer  ${TOKEN} `, 'Bearer x', '')
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', '::ffff:10.0.0.1'))
  return fc
    .tuple(fc.oneof(trades, trade), host, token, address)
    .map((lines) => Buffer.from(lines.join('\n'), 'latin1'))
}
