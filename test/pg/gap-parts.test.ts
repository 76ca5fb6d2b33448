import { afterAll, beforeAll, expect, test } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { concerns, type DayRead, gapsIn, noteRead } from '../../src/fill/gap-parts.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'

/** Thursday and Friday at noon in New York. */
const THURSDAY = Date.UTC(2026, 10, 19, 17)
const FRIDAY = Date.UTC(2026, 10, 20, 17)
const [DAY_1, DAY_2] = [newYorkDay(THURSDAY), newYorkDay(FRIDAY)]

let postgres: TestPostgres
let url: string
beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
}, 120_000)
afterAll(() => postgres.stop())

/** One gap alone, and what runs over files make of it, the last of them at `now`. */
async function after(
  [from, to, symbols]: [from: number, to: number, symbols: string[]],
  runs: readonly Partial<DayRead>[],
  now: number,
  status = 'unfilled',
) {
  await query(url, 'DELETE FROM flow_gaps')
  await query(url, "INSERT INTO flow_gaps VALUES ('gap', $1, $2, $3, 'closed', 0, $4)", [
    ...[from, to, symbols, status],
  ])
  return withClient(url, async (client) => {
    let isDone: boolean | null = null
    for (const run of runs) {
      const read = {
        day: DAY_2,
        symbols: null,
        to: Number.POSITIVE_INFINITY,
        isWhole: true,
        ...run,
      }
      for (const gap of await gapsIn(client, from, to)) {
        if (concerns(gap, read.symbols)) isDone = await noteRead(client, gap, read, now)
      }
    }
    const [row] = await query<{ status: string }>(url, 'SELECT status FROM flow_gaps')
    return { isDone, status: row!.status }
  })
}

const HOUR = 3_600_000
const noon = [FRIDAY, FRIDAY + HOUR, ['SPY', 'SPX']] as [number, number, string[]]
const overNight = [THURSDAY, FRIDAY, ['SPY']] as [number, number, string[]]

test('a gap is filled by the file of its day', async () => {
  expect(await after(noon, [{}], FRIDAY)).toMatchObject({ isDone: true, status: 'filled' })
  const named = { symbols: ['SPX', 'QQQ', 'SPY'] }
  expect(await after(noon, [named], FRIDAY)).toMatchObject({ isDone: true, status: 'filled' })
})

test('a gap of which no symbol is asked for stays as it is', async () => {
  const other = [{ symbols: ['AAPL'] }]
  for (const status of ['unfilled', 'filling']) {
    const left = { isDone: null, status }
    expect(await after(noon, other, FRIDAY, status)).toEqual(left)
  }
  const later = { isDone: null, status: 'unfilled' }
  expect(await after(noon, other, FRIDAY + 30 * HOUR)).toEqual(later)
})

test('symbol by symbol it is filled with the last of them', async () => {
  const [spy, spx] = [{ symbols: ['SPY'] }, { symbols: ['SPX', 'AAPL'] }]
  expect(await after(noon, [spy, spy], FRIDAY)).toEqual({ isDone: false, status: 'unfilled' })
  expect(await after(noon, [spy, spx], FRIDAY)).toMatchObject({ isDone: true, status: 'filled' })
})

test('a gap of all symbols is filled by a run over all symbols alone', async () => {
  const all: [number, number, string[]] = [FRIDAY, FRIDAY + HOUR, ['*']]
  const some = { symbols: ['SPY', 'SPX'] }
  expect(await after(all, [some], FRIDAY)).toMatchObject({ isDone: false, status: 'unfilled' })
  expect(await after(all, [some, {}], FRIDAY)).toMatchObject({ isDone: true, status: 'filled' })
})

test('a gap over a night stays unfilled, as the filler takes it, until its own day is filled too', async () => {
  const first = { day: DAY_1 }
  expect(await after(overNight, [first], FRIDAY + 1)).toEqual({
    ...{ isDone: false, status: 'unfilled' },
  })
  const both = { isDone: true, status: 'filled' }
  expect(await after(overNight, [first, {}], FRIDAY + 1)).toEqual(both)
  expect(await after(overNight, [{}, first], FRIDAY + 1)).toEqual(both)
})

test('a gap that no filler takes any more is partly filled after part of it', async () => {
  const monday = FRIDAY + 72 * HOUR
  const part = { isDone: false, status: 'partly filled' }
  expect(await after(overNight, [{ day: DAY_1 }], monday)).toEqual(part)
  expect(await after(noon, [{ isWhole: false }], monday)).toEqual(part)
  expect(await after(noon, [{ isWhole: false }, {}], monday)).toMatchObject({ status: 'filled' })
})

test('what is not read, or not yet stored by the engine that runs, is not filled', async () => {
  const open = { isDone: false, status: 'unfilled' }
  expect(await after(noon, [{ isWhole: false }], FRIDAY)).toEqual(open)
  expect(await after(noon, [{ to: FRIDAY + HOUR / 2 }], FRIDAY)).toEqual(open)
  expect(await after(noon, [{ to: FRIDAY + HOUR }], FRIDAY)).toMatchObject({ status: 'filled' })
})

test('the clock of New York may change in a gap', async () => {
  const saturday = Date.UTC(2026, 9, 31, 16)
  const monday = Date.UTC(2026, 10, 2, 17) // winter time since Sunday
  const day = newYorkDay(monday)
  const gap: [number, number, string[]] = [saturday, monday, ['SPY']]
  const runs = [day - 2, day - 1, day].map((one) => ({ day: one }))
  expect(await after(gap, runs, monday)).toMatchObject({ isDone: true, status: 'filled' })
  expect(await after(gap, runs.slice(0, 2), monday)).toMatchObject({
    isDone: false,
    status: 'unfilled',
  })
})
