import { expect, test } from 'vitest'
import { History } from '../../src/simulator/history.ts'

const print = (i: number, sym = 'O:SPY261218C00650000'): string =>
  `{"ev":"T","sym":"${sym}","p":1.25,"s":1,"t":${1000 + i},"q":${i}}`

test('forgets its oldest frames first and stays within its bound', () => {
  const history = new History(10_000)
  for (let i = 0; i < 1000; i++) history.add(`[${print(i)}]`)
  const found = history.find('T', 'O:SPY261218C00650000', history.latest)
  expect(found.at(-1)?.t).toBe(1999)
  expect(found.length).toBeGreaterThan(50)
  expect(found.length * print(0).length).toBeLessThan(10_000)
})

test('finds one ticker and kind, in order of time, up to a frame', () => {
  const history = new History()
  history.add(`[${print(5)},${print(1)},${print(2, 'O:SPY261218C006500001')}]`)
  const last = history.latest
  history.add(Buffer.from(`[${print(0)},{"ev":"Q","sym":"O:SPY261218C00650000","t":1}]`))
  history.add('no json O:SPY261218C00650000')
  history.add('[{"ev":"T","sym":"O:SPY261218C00650000","t":"soon"}]')
  const times = (upTo: number) =>
    history.find('T', 'O:SPY261218C00650000', upTo).map((event) => event.t)
  expect(times(history.latest)).toEqual([1000, 1001, 1005])
  expect(times(last)).toEqual([1001, 1005])
})
