import { expect, test } from 'vitest'
import { History } from '../../src/simulator/history.ts'
import { Random } from '../../src/simulator/random.ts'
import { eventsPage } from '../../src/simulator/rest-events.ts'
import { readCursor } from '../../src/simulator/rest-page.ts'
import { wireEventsOf } from '../../src/simulator/wire-events.ts'

const print = (i: number, sym = 'O:SPY261218C00650000'): string =>
  `{"ev":"T","sym":"${sym}","p":1.25,"s":1,"t":${1000 + i},"q":${i}}`

const add = (history: History, ...texts: readonly string[]): void =>
  history.addFrame(Buffer.from(`[${texts.join(',')}]`))

test('forgets its oldest frames first and stays within its bound', () => {
  const history = new History(10_000)
  for (let i = 0; i < 1000; i++) add(history, print(i))
  const found = history.find('T', 'O:SPY261218C00650000', history.latest)
  expect(found.at(-1)?.time).toBe(1999)
  expect(found.length).toBeGreaterThan(30)
  expect(found.length * print(0).length).toBeLessThan(10_000)
})

test('finds one ticker and kind, in order of time, up to a frame', () => {
  const history = new History()
  const near = print(2, 'O:SPY261218C006500001')
  history.addFrame(Buffer.from(`[${print(5)},${print(1)},${near}]`))
  const last = history.latest
  history.addFrame(Buffer.from(`[${print(0)},{"ev":"Q","sym":"O:SPY261218C00650000","t":1}]`))
  add(history, 'no json O:SPY261218C00650000')
  add(history, '{"ev":"T","sym":"O:SPY261218C00650000","t":"soon"}')
  const times = (upTo: number) =>
    history.find('T', 'O:SPY261218C00650000', upTo).map((event) => event.time)
  expect(times(history.latest)).toEqual([1000, 1001, 1005])
  expect(times(last)).toEqual([1001, 1005])
})

test('gives back each event as it was, whether it came as events or as a frame', () => {
  const history = new History()
  const texts = [print(3), print(4, 'O:OTHER261218C00650000'), print(1)]
  history.addEvents(wireEventsOf(`[${texts.join(',')}]`))
  const read = history
    .find('T', 'O:SPY261218C00650000', history.latest)
    .map((event) => event.read())
  expect(read).toEqual([print(1), print(3)].map((text) => JSON.parse(text)))
})

test('has the newest of what a plain list has, for each contract', () => {
  const random = new Random(3)
  const history = new History(30_000)
  const plain: { sym: string; t: number; q: number }[] = []
  const tickers = Array.from({ length: 20 }, (_, i) => `O:SPY261218C00${600 + i}000`)
  for (let q = 0; q < 3000; q++) {
    const sym = random.pick(tickers)
    const event = { sym, t: 1000 + q - random.int(0, 5), q }
    plain.push(event)
    const text = `[${JSON.stringify({ ev: 'Q', ...event })}]`
    history.addEvents(wireEventsOf(text))
    if (q % 100 !== 99) continue
    for (const ticker of tickers) {
      const found = history.find('Q', ticker, history.latest).map((past) => past.read().q)
      const all = plain.filter((one) => one.sym === ticker).slice(-found.length || plain.length)
      expect(found).toEqual(found.length === 0 ? [] : all.sort((a, b) => a.t - b.t).map((e) => e.q))
    }
  }
  const kept = tickers
    .flatMap((ticker) => history.find('Q', ticker, history.latest))
    .map((past) => Number(past.read().q))
    .sort((a, b) => a - b)
  expect(kept).toEqual(plain.slice(-kept.length).map((event) => event.q)) // no holes
  expect(kept.length).toBeGreaterThan(100)
  expect(kept.length).toBeLessThan(300)
})

test.each(['asc', 'desc'])(
  'pages (%s) miss nothing that is still there when old events are forgotten in between',
  (order) => {
    const ticker = 'O:SPY261218C00650000'
    const history = new History(24_000)
    for (let i = 0; i < 60; i++) add(history, print(2 * i), print(2 * i + 1))
    const first = history.find('T', ticker, history.latest).map(({ id }) => id)
    const seen: unknown[] = []
    let query: string | null = `order=${order}&limit=10`
    let forgotten = 0
    for (let page = 0; query !== null && page < 20; page++) {
      const cursor = readCursor(new URL(`http://x/?${query}`))
      const { results, next } = eventsPage(history, 'trades', ticker, cursor)
      seen.push(...(results as { sequence_number: number }[]).map((row) => row.sequence_number))
      query = next
      if (page === 1) for (let i = 200; i < 240; i++) add(history, print(i))
      if (page === 1) forgotten = first.indexOf(history.find('T', ticker, history.latest)[0]!.id)
    }
    expect(forgotten).toBeGreaterThan(25)
    const all = Array.from({ length: 120 }, (_, i) => i)
    const kept = all.filter((i) => i < 20 || i >= forgotten)
    expect(seen).toEqual(order === 'asc' ? kept : all.filter((i) => i >= forgotten).reverse())
  },
)
