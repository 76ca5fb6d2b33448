import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { openApi } from '../../src/api/openapi.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually, killLeftovers } from '../e2e/flow-process.ts'
import { CONTRACT, quote, trade } from '../e2e/prints.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { openEventSource, openWebSocket } from '../stream/clients.ts'

const ROOT = join(import.meta.dirname, '../..')
const TOKENLESS = 'http://127.0.0.1:9464'

let postgres: TestPostgres
let vendor: Vendor
let engine: Engine
let url: string

const trades = (from: number): object[] => [
  quote(),
  trade({ q: from, s: 600, p: 1.6, c: [231] }), // a block
  trade({ q: from + 1, x: 303, s: 40, p: 1.6 }), // a sweep of two legs
  trade({ q: from + 2, x: 304, s: 40, p: 1.6 }),
  trade({ q: from + 3, x: 303, s: 100, p: 1.4, c: [219] }),
  trade({ q: from + 4, s: 11, sym: CONTRACT.replace('C', 'P'), c: [232] }),
]

beforeAll(async () => {
  postgres = await startTestPostgres()
  vendor = await startVendor([(peer) => peer.accept(), (peer) => peer.accept()])
  const DATABASE_URL = await postgres.freshDatabase()
  engine = new Engine({
    ...{ DATABASE_URL, FLOW_FEED_URL: vendor.url, FLOW_SYMBOLS: 'SPY' },
    ...{ FLOW_QUOTES_PER_CONNECTION: '0', FLOW_SWEEP_WINDOW_MS: '50' },
  })
  await engine.ready()
  url = String((await engine.line('listening')).url)
  vendor.peers.at(-1)!.send(...trades(1))
  vendor.peers.at(-1)!.send(trade({ q: 90, s: 77 }))
  await eventually('rows', async () => (await engine.stats()).account.stored === 6)
  vendor.peers.at(-1)!.send(trade({ q: 91, s: 77, c: [201] }))
  await query(
    DATABASE_URL,
    `INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, filled, status)
     VALUES ('a', 1, 2, '{SPY}', 'closed', 3, 'filled'), ('b', 3, NULL, '{*}', 'closed', 0, 'open')`,
  )
  // a row of before evidence was kept: null wherever that can be
  await query(
    DATABASE_URL,
    `INSERT INTO options_flow_history (timestamp, size, dte, arrival, expiration, is_sweep,
       is_block, is_above_ask, is_below_bid, is_unusual_volume, symbol, contract_ticker, price,
       premium, trade_type, sentiment, aggressiveness, strike, option_type)
     VALUES (7, 25, 28, 1, '2025-12-19', true, false, false, false, false, 'SPX',
       'O:SPXW251219C06475000', 4.5, 11250, 'SWEEP', 'BULLISH', 'NORMAL', 6475, 'call')`,
  )
  await eventually('no cancelled print', async () => {
    const found = await query(DATABASE_URL, 'SELECT FROM options_flow_history WHERE sequence = 90')
    return found.length === 0
  })
})
afterAll(async () => {
  await engine?.drain()
  await killLeftovers()
  await vendor?.close()
  await postgres?.stop()
})

const document = openApi('0')
type Path = keyof typeof document.paths

/** Checks a value against a schema of the description; a key that it does not have is an error. */
function checker(): (schema: object, value: unknown) => void {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
  addFormats.default(ajv)
  ajv.addKeyword('components')
  ajv.addSchema({ $id: 'api', components: document.components } as object)
  const known = new Map<object, ReturnType<typeof ajv.compile>>()
  return (schema, value) => {
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
    const check = known.get(schema) ?? ajv.compile(rooted)
    known.set(schema, check)
    if (!check(value))
      throw new Error(`${ajv.errorsText(check.errors)} in ${JSON.stringify(value)}`)
  }
}
const check = checker()
const schemaOf = (name: string): object => ({ $ref: `#/components/schemas/${name}` })

function answerSchema(path: string): object {
  const { responses } = document.paths[path as Path]!.get
  const found = responses['200'] as { content: Record<string, { schema: object }> }
  return found.content['application/json']!.schema
}

describe('the description', () => {
  it('is served as it is', async () => {
    const { status, body } = await engine.get('/api/openapi.json')
    expect(status).toBe(200)
    const served = JSON.parse(body)
    expect(served).toMatchObject({ openapi: '3.1.0', info: { title: 'options-flow-engine' } })
    expect(served.paths).toEqual(JSON.parse(JSON.stringify(document.paths)))
    expect(served.components).toEqual(JSON.parse(JSON.stringify(document.components)))
  })

  it('has every route that the source names, and no other', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    const routes = files
      .filter((file) => file.endsWith('.ts') && !/openapi|page-files/.test(file))
      .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/\bpath: '(\/[^']*)'/g)].map(([, path]) => path!))
      .concat('/api/openapi.json')
      .map((path) => path.replace(/:(\w+)/g, '{$1}'))
    expect(Object.keys(document.paths).sort()).toEqual(routes.sort())
  })

  it('names only schemas and answers that it has', () => {
    const text = JSON.stringify(document)
    for (const [, kind, name] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
      const components = document.components as Record<string, object>
      expect(Object.keys(components[kind!]!), name).toContain(name)
    }
  })

  it.each(Object.keys(document.paths))('%s is served', async (path) => {
    if (path === '/api/stream') return // below
    const real = path.replace('{contract}', CONTRACT).replace('{sequence}', '1')
    const { status } = await engine.get(real.replace('{symbol}', 'SPY'))
    expect(status).toBe(200)
  })

  it.each(Object.keys(document.paths).filter((path) => path.startsWith('/api/')))(
    '%s has the parameters that it takes',
    async (path) => {
      const parameters = document.paths[path as Path]!.get.parameters ?? []
      const named = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
      const real = path.replace('{contract}', CONTRACT).replace('{sequence}', '1')
      const { status, body } = await engine.get(`${real.replace('{symbol}', 'SPY')}?nonsense=1`)
      if (named.length === 0) return
      expect(status).toBe(400)
      expect(JSON.parse(body).error).toBe(`expected ${named.join(', ')}, came nonsense`)
    },
  )
})

describe('answers', () => {
  test.each([
    ['/healthz', '/healthz'],
    ['/readyz', '/readyz'],
    ['/api/stats', '/api/stats'],
    ['/api/trades', '/api/trades'],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT}/1`],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT}/2`],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT}/4`],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT}/90`],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT.replace('C', 'P')}/5`],
    ['/api/gaps', '/api/gaps'],
    ['/api/flow/{symbol}', '/api/flow/SPY?window=short'],
    ['/api/flow/{symbol}', '/api/flow/SPY?window=long'],
    ['/api/minutes/{symbol}', '/api/minutes/SPY'],
  ])('of %s are as described: %s', async (path, asked) => {
    const { status, body } = await engine.get(asked)
    expect(status).toBe(200)
    check(answerSchema(path), JSON.parse(body))
    expect(body.length).toBeGreaterThan(15)
  })

  test('with more than one of each kind are among them', async () => {
    const answer = JSON.parse((await engine.get('/api/trades')).body)
    const types = new Set(answer.trades.map((one: { trade_type: string }) => one.trade_type))
    expect([...types].sort()).toEqual(['BLOCK', 'REGULAR', 'SWEEP'])
    expect(JSON.parse((await engine.get('/api/gaps')).body).gaps).toHaveLength(2)
    const cancelled = JSON.parse((await engine.get(`/api/trades/${CONTRACT}/90`)).body)
    expect(cancelled.status).toBe('cancelled')
  })

  test.each([
    ['/api/trades', '/api/trades?limit=0', 400],
    ['/api/trades/{contract}/{sequence}', `/api/trades/${CONTRACT}/12345`, 404],
    ['/api/flow/{symbol}', '/api/flow/QQQ', 404],
    ['/api/flow/{symbol}', '/api/flow/SPY?window=week', 400],
    ['/api/gaps', '/api/gaps?since=x', 400],
    ['/api/minutes/{symbol}', '/api/minutes/SPY?from=2&to=1', 400],
    ['/api/stream', '/api/stream?kinds=x', 400],
  ])('that refuse %s are as described: %s', async (path, asked, expected) => {
    const { status, body } = await engine.get(asked)
    expect(status).toBe(expected)
    expect(Object.keys(document.paths[path as Path]!.get.responses)).toContain(`${status}`)
    check(schemaOf('Error'), JSON.parse(body))
  })

  test('of the stream are as described', async () => {
    const path = `${url}/api/stream`
    const clients = [
      await openWebSocket(path),
      await openEventSource(path),
      await openEventSource(`${path}?since=1`),
    ]
    vendor.peers.at(-1)!.send(...trades(101))
    await eventually('all kinds of messages', () =>
      clients.every(({ told }) => {
        const count = (type: string) => told.filter((one) => one.type === type).length
        return count('print') >= 5 && count('event') >= 3
      }),
    )
    for (const client of clients) {
      for (const message of [...client.told, ...client.beats]) {
        const name = message.type.replace(/^./, (first) => first.toUpperCase())
        check(schemaOf(`${name}Message`), message)
      }
      client.leave()
    }
    const reasons = clients[2]!.told.filter(({ type }) => type === 'missed')
    expect(reasons.map(({ data }) => data.reason)).toEqual(['reconnect', 'look_back'])
  })

  test('with a key too many, or of another type, would be found', async () => {
    const { trades } = JSON.parse((await engine.get('/api/trades')).body)
    const schema = answerSchema('/api/trades')
    check(schema, { trades })
    const wrong = [{ ...trades[0], surprise: 1 }, { ...trades[0], price: '1.6' }, {}]
    for (const one of wrong) expect(() => check(schema, { trades: [one] })).toThrow()
  })
})

/** Texts of the fenced blocks of one kind. */
function blocks(file: string, kind: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, of]) => of === kind)
    .map(([, , inside]) => inside!)
}

const FILES = ['README.md', 'docs/api.md']
const CURLS = FILES.flatMap((file) =>
  blocks(file, '').flatMap((block) => block.split('\n').filter((line) => /^curl /.test(line))),
)

describe('examples', () => {
  it('are in the README and in docs/api.md', () => {
    expect(CURLS.length).toBeGreaterThan(8)
  })

  it.each([...new Set(CURLS)])('%s', async (line) => {
    const found = /^curl -s(N?) '([^' ]+)'$/.exec(line)
    expect(found, 'a plain call of curl').not.toBeNull()
    const [, isStream, address] = found!
    expect(address!.startsWith(TOKENLESS)).toBe(true)
    const path = address!.slice(TOKENLESS.length)
    if (isStream === '') {
      const { status, body } = await engine.get(path)
      expect([status, body.length > 0]).toEqual([200, true])
      return
    }
    const client = await openEventSource(url + path)
    expect(client.response.statusCode).toBe(200)
    let next = 1000
    await eventually('a message', () => {
      next += 10
      vendor.peers.at(-1)!.send(...trades(next))
      return client.told.some(({ type }) => type !== 'missed')
    })
    client.leave()
  })

  it.each(FILES.flatMap((file) => blocks(file, 'js')))('%s', async (code) => {
    const child = spawn(process.execPath, [
      ...['--input-type=module', '-e'],
      code.replaceAll(TOKENLESS.slice('http:'.length), url.slice('http:'.length)),
    ])
    let said = ''
    child.stdout.on('data', (text) => {
      said += text
    })
    let next = 50_000
    await eventually('a line', () => {
      next += 10
      vendor.peers.at(-1)!.send(...trades(next))
      return said.includes('\n')
    })
    expect(said).toContain(CONTRACT)
    child.kill()
    await once(child, 'close')
  })
})
