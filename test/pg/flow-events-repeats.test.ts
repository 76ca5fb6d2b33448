import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Row } from '../writer/rows.ts'
import { startTestPostgres, type TestPostgres } from './database.ts'
import { AT, block, boughtOn, lifeOf, logged, replaced } from './event-rows.ts'
import { cancelOf, TICKER } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

/** The same print as a process numbers it that has seen `fewer` prints less of the contract. */
function renumbered(row: Partial<Row>, fewer: number): Partial<Row> {
  const { arrival = 0, eventArrival } = row
  const event = eventArrival === undefined ? {} : { eventArrival: eventArrival - fewer }
  return { ...row, arrival: arrival - fewer, ...event }
}

it('takes no event twice from the same slab stored by a second writer', async () => {
  const rows = [...boughtOn([302, 308], 11), block(31)]
  await lifeOf(url, [rows])
  const before = await logged(url)
  expect(before).toHaveLength(2)
  await lifeOf(url, [rows])
  expect(await logged(url)).toEqual(before)
  expect(await replaced(url)).toEqual([])
})

it('takes no event twice whose prints are sent again under other arrival numbers', async () => {
  const rows = [...boughtOn([302, 308], 11), block(31), block(32)]
  await lifeOf(url, [rows], [cancelOf(block(32))])
  const before = await logged(url)
  expect(before.map((event) => event.is_void)).toEqual([false, false, true])
  const again = rows.map((row) => renumbered(row, 10))
  // one more print of the same time, which is new
  await lifeOf(url, [[...again, { ...block(31), sequence: 77, arrival: 23 }]])
  const events = await logged(url)
  expect(events).toHaveLength(4)
  expect(events.filter((event) => !before.some((b) => b.event_id === event.event_id))).toEqual([
    expect.objectContaining({ event_id: `${TICKER}-${AT + 31}-23`, total_size: '600' }),
  ])
})

it('does not take the number of another print of the same time for its own', async () => {
  const time = AT + 31
  const plain = { ...block(31), size: 20, tradeType: 4 }
  await lifeOf(url, [[plain, { ...block(32), time }]])
  expect(await logged(url)).toHaveLength(1)
  // the new process sees the block first, and gives it the number that the other print had
  await lifeOf(url, [[{ ...block(32), time, arrival: 31 }]])
  expect(await logged(url)).toHaveLength(1)
})

it('takes an event of which only some legs were stored before the restart', async () => {
  const legs = boughtOn([302, 308, 323], 11)
  await lifeOf(url, [legs.slice(0, 2)])
  expect(await logged(url)).toEqual([])
  await lifeOf(url, [legs.map((leg) => renumbered(leg, 10))])
  expect(await logged(url)).toMatchObject([
    { event_id: `${TICKER}-${AT + 11}-1`, leg_count: 3, total_size: '120' },
  ])
})
