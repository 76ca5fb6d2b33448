import { expect, test } from 'vitest'
import { eventually } from './feed-owner.ts'
import {
  ask,
  asked,
  KEY,
  snapshot,
  snapshotServer,
  tickersOf,
  WEDNESDAY,
} from './reference-asker.ts'
import { type Answer, json } from './rest-server.ts'

const SPY = tickersOf('SPY', 600)
const SPXW = tickersOf('SPXW', 3)
const TODAY = '2026-11-18'

test('asks for the chains of the watched underlyings, page by page, an index as I:', async () => {
  const chains = snapshotServer({ SPY, 'I:SPX': SPXW })
  const asker = await ask([chains], { underlyings: ['SPX', 'SPY'] })
  asker.references.start()
  await eventually(() => expect(asker.tickers().length).toBe(603))
  expect(asker.tickers().toSorted()).toEqual([...SPXW, ...SPY].toSorted())
  expect(asker.calls.map((call) => call.length).toSorted()).toEqual([100, 250, 250, 3].toSorted())
  expect(asker.calls.flat()).toContainEqual({
    ticker: SPXW[0],
    date: TODAY,
    openInterest: 7,
    multiplier: 100,
  })
  expect(asker.results).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(asker.warnings).toEqual([])
  expect(asker.server.requests.map(({ path }) => path).toSorted()).toEqual([
    '/v3/snapshot/options/I%3ASPX?limit=250',
    '/v3/snapshot/options/SPY?cursor=250',
    '/v3/snapshot/options/SPY?cursor=500',
    '/v3/snapshot/options/SPY?limit=250',
  ])
  const keys = asker.server.requests.map(({ authorization }) => authorization)
  expect(new Set(keys)).toEqual(new Set([`Bearer ${KEY}`]))
})

test('an index that the server knows by its plain name only is asked for by that', async () => {
  const asker = await ask([snapshotServer({ SPX: SPXW })], { underlyings: ['SPX'] })
  asker.references.start()
  await eventually(() => expect(asker.tickers()).toEqual(SPXW))
  const late = tickersOf('SPX', 1)
  asker.references.noteTraded(late)
  await eventually(() => expect(asker.results).toEqual(['empty', 'ok', 'empty']))
  expect(asker.server.requests.map((request) => asked({ url: request.path }).name)).toEqual([
    'I:SPX',
    'SPX',
    'SPX',
  ])
  expect(asker.warnings).toEqual([])
})

test('an underlying that the vendor does not know is told once', async () => {
  const asker = await ask([snapshotServer({})], { underlyings: ['SPYY', 'NDX'] })
  asker.references.start()
  await eventually(() => expect(asker.warnings.length).toBe(2))
  expect(asker.warnings.toSorted()).toEqual([
    expect.stringContaining('NDX has no options chain'),
    expect.stringContaining('SPYY has no options chain: is it spelt as the vendor spells it?'),
  ])
})

test('a contract that trades without an answer is asked about once a day', async () => {
  const asker = await ask([snapshotServer({ SPY })])
  const [first, second] = SPY as [string, string]
  asker.references.start()
  asker.references.noteTraded([first, first, 'no contract'])
  asker.references.noteTraded([second, first])
  await eventually(() => expect(asker.tickers().toSorted()).toEqual([first, second]))
  asker.references.noteTraded([second, first, SPY[2]!])
  await eventually(() => expect(asker.tickers().toSorted()).toEqual(SPY.slice(0, 3)))
  expect(asker.server.requests.length).toBe(3)
})

test('contracts of adjusted roots come first, and nothing single before the chains end', async () => {
  const order: string[] = []
  const adjusted = tickersOf('AAPL1', 1)
  const ordinary = tickersOf('AAPL', 30)
  const release = Promise.withResolvers<void>()
  const serve = snapshotServer({ SPY: SPY.slice(0, 3), AAPL: [...adjusted, ...ordinary] })
  const held: Answer = async (response, request) => {
    const { name, ticker } = asked(request)
    if (name === 'SPY') await release.promise
    order.push(ticker ?? name)
    serve(response, request)
  }
  const asker = await ask([held], { underlyings: ['SPY'] })
  asker.references.noteTraded([...ordinary, ...adjusted, SPY[0]!])
  asker.references.start()
  await eventually(() => expect(asker.server.requests.length).toBe(1))
  release.resolve()
  await eventually(() => expect(asker.tickers().length).toBe(34))
  expect(order.slice(0, 1)).toEqual(['SPY'])
  expect(order.slice(1, 5)).toContain(adjusted[0])
  expect(order.filter((one) => one === SPY[0])).toEqual([])
})

test('what the database holds of today is not asked for again', async () => {
  const held = (tickers: readonly string[], date: string) =>
    tickers.map((ticker) => ({ ticker, date, openInterest: 1, multiplier: 100 }))
  const cached = [
    ...held(SPY.slice(0, 251), TODAY),
    ...held(SPXW, '2026-11-17'),
    // whole pages: the fetch was broken off
    ...held(tickersOf('QQQ', 250), TODAY),
  ]
  const chains = snapshotServer({ SPY, 'I:SPX': SPXW, QQQ: tickersOf('QQQ', 251) })
  const asker = await ask([chains], { underlyings: ['SPX', 'SPY', 'QQQ'], cached })
  asker.references.start()
  await eventually(() => expect(asker.tickers().length).toBe(3 + 251))
  asker.references.noteTraded([SPY[0]!, SPY[300]!])
  await eventually(() => expect(asker.tickers().at(-1)).toBe(SPY[300]))
  expect(asker.server.requests.length).toBe(4)
})

test('nothing is asked before 06:45 New York, and then at once', async () => {
  const started = performance.now()
  const morning = Date.UTC(2026, 10, 18, 11, 45)
  const now = () => morning - 400 + (performance.now() - started)
  const askedAt: number[] = []
  const serve = snapshotServer({ SPY })
  const answer: Answer = (response, request) => {
    askedAt.push(now())
    serve(response, request)
  }
  const asker = await ask([answer], { underlyings: ['SPY'], now })
  asker.references.start()
  asker.references.noteTraded([SPY[0]!])
  await eventually(() => expect(asker.tickers().length).toBe(600))
  expect(Math.min(...askedAt)).toBeGreaterThanOrEqual(morning)
  expect(new Set(asker.calls.flat().map(({ date }) => date))).toEqual(new Set([TODAY]))
})

test('the next morning asks again, for the chains or for what traded the day before', async () => {
  for (const underlyings of ['*', ['SPY']] as const) {
    let now = WEDNESDAY
    const three = SPY.slice(0, 3)
    const asker = await ask([snapshotServer({ SPY: three })], { underlyings, now: () => now })
    asker.references.start()
    asker.references.noteTraded(three)
    await eventually(() => expect(asker.tickers().length).toBe(3))
    now += 13 * 3_600_000 // midnight: yesterday's number still, nothing is asked
    asker.references.noteTraded([tickersOf('SPY', 1, 900)[0]!])
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(asker.tickers().length).toBe(3)
    now += 8 * 3_600_000
    asker.references.noteTraded([])
    await eventually(() => expect(asker.tickers().length).toBe(6))
    const dates = asker.calls.flat().map(({ date }) => date)
    expect(dates).toEqual([...Array(3).fill(TODAY), ...Array(3).fill('2026-11-19')])
  }
})

test('throttling and trouble are tried again where they were, within the budget', async () => {
  const serve = snapshotServer({ SPY })
  const asker = await ask(
    [
      json({ error: 'slow down' }, 429),
      (response) => response.destroy(),
      serve,
      json({}, 503),
      serve,
      serve,
    ],
    { underlyings: ['SPY'] },
  )
  asker.references.start()
  await eventually(() => expect(asker.tickers()).toEqual(SPY))
  expect(asker.results).toEqual(['throttled', 'failed', 'ok', 'failed', 'ok', 'ok'])
  expect(asker.server.requests.map(({ path }) => path.split('?')[1])).toEqual([
    'limit=250',
    'limit=250',
    'limit=250',
    'cursor=250',
    'cursor=250',
    'cursor=500',
  ])
  expect(asker.warnings.length).toBe(2)
  expect(asker.warnings[0]).toMatch(/no open interest from the chain of SPY: .*429.*; tried again$/)
  expect(asker.warnings.join()).not.toContain(KEY)
})

test('a server that throttles and says for how long is left alone for that long', async () => {
  const askedAt: number[] = []
  const answers = [json({}, 429, { 'retry-after': '1' }), snapshotServer({ SPY })]
  const timed = answers.map((answer): Answer => {
    return (response, request) => {
      askedAt.push(performance.now())
      answer(response, request)
    }
  })
  const asker = await ask(timed, { underlyings: ['SPY'] })
  asker.references.start()
  await eventually(() => expect(asker.tickers()).toEqual(SPY))
  expect(askedAt[1]! - askedAt[0]!).toBeGreaterThan(990)
})

test('trouble that comes and goes does not add up', async () => {
  let requests = 0
  const serve = snapshotServer({ SPY }, 30)
  const answer: Answer = (response, request) => {
    if (requests++ % 2 === 0) json({}, 503)(response, request)
    else serve(response, request)
  }
  const asker = await ask([answer], { underlyings: ['SPY'] })
  asker.references.start()
  await eventually(() => expect(asker.tickers()).toEqual(SPY))
  expect(requests).toBe(40)
})

test('a contract that always fails is left after three tries, a chain that is no chain at once', async () => {
  const bad = SPY[0]!
  const good = SPY[1]!
  const answer: Answer = (response, request) => {
    const { name, ticker } = asked(request)
    if (name === 'QQQ') json(['what'])(response, request)
    else if (ticker === bad) json({}, 500)(response, request)
    else json({ results: snapshot(good) })(response, request)
  }
  const asker = await ask([answer], { underlyings: ['QQQ'] })
  asker.references.start()
  asker.references.noteTraded([bad, good])
  await eventually(() =>
    expect(asker.results.toSorted()).toEqual([...Array(4).fill('failed'), 'ok']),
  )
  expect(asker.tickers()).toEqual([good])
  expect(asker.warnings.filter((text) => text.endsWith('; not tried again today')).length).toBe(2)
})

test('a plan without snapshots turns it off for the day, with one warning', async () => {
  let now = WEDNESDAY
  const refusal = json({ message: 'You are not entitled to this data.' }, 403)
  const asker = await ask([refusal], { now: () => now })
  asker.references.start()
  asker.references.noteTraded(SPY)
  await eventually(() => expect(asker.warnings.length).toBe(1))
  expect(asker.warnings[0]).toMatch(/100 is taken.*403 \("You are not entitled to this data."\)/)
  asker.references.noteTraded(tickersOf('SPY', 5, 2000))
  await new Promise((resolve) => setTimeout(resolve, 30))
  // those that were on their way together
  const requests = asker.server.requests.length
  expect(requests).toBeLessThanOrEqual(4)
  now += 24 * 3_600_000
  asker.references.noteTraded(SPY)
  await eventually(() => expect(asker.warnings.length).toBe(2))
  expect(asker.server.requests.length).toBeGreaterThan(requests)
})

test('a next page on another server is not asked for', async () => {
  const asker = await ask(
    [json({ results: [snapshot(SPY[0]!)], next_url: 'https://other.invalid/v3/x' })],
    { underlyings: ['SPY'] },
  )
  asker.references.start()
  await eventually(() => expect(asker.warnings.length).toBe(1))
  expect(asker.warnings[0]).toContain('not followed')
  expect(asker.server.requests.length).toBe(1)
})

test('a chain that never ends is left after 200 pages', async () => {
  const endless: Answer = (response, request) => {
    const next = `http://${request.headers.host}/v3/snapshot/options/SPY?cursor=1`
    json({ results: [snapshot(SPY[0]!)], next_url: next })(response, request)
  }
  const asker = await ask([endless], { underlyings: ['SPY'] })
  asker.references.start()
  await eventually(() => expect(asker.warnings.length).toBe(1))
  expect(asker.warnings[0]).toContain('did not end after 200 pages')
  expect(asker.server.requests.length).toBe(200)
})

test('stop ends a request on its way and hands nothing on', async () => {
  const asker = await ask([() => {}], { underlyings: ['SPY', 'QQQ'] })
  asker.references.start()
  await eventually(() => expect(asker.server.requests.length).toBe(2))
  await asker.references.stop()
  asker.references.noteTraded(SPY)
  expect(asker.results).toEqual([])
  expect(asker.warnings).toEqual([])
})
