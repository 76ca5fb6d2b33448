import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AlertsHandle, startAlerts } from '../../src/alerts/handle.ts'
import type { AlertRule } from '../../src/alerts/rules.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { eventually } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { LARGE_PRINT, rulesOf, settled, writeEvent } from './bench.ts'
import { type SinkServer, startSinkServer } from './sink-server.ts'

let postgres: TestPostgres
let url: string
let server: SinkServer
let handle: AlertsHandle
let logs: string[]
let lost: number

beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
  server = await startSinkServer()
  logs = []
  lost = 0
})
afterEach(async () => {
  await handle.stop()
  await server.close()
})

function start(databaseUrl = url, rule: Partial<AlertRule> = {}): void {
  handle = startAlerts({
    databaseUrl,
    rules: rulesOf([rule], { url: server.url }),
    retentionDays: 0,
    restartMs: 200,
    onResult: () => {},
    onLost: (subjects) => {
      lost += subjects
    },
    onLog: (line) => logs.push(line),
  })
}
const failures = () => logs.filter((line) => line.startsWith('the alerts failed: ')).length

test('a thread that fails while it waits for events says so and begins again', async () => {
  start()
  await writeEvent(url, { event_id: 'a' })
  await settled(url, 1)
  await query(url, 'ALTER TABLE flow_alerts RENAME TO elsewhere')
  await eventually('the failure is told', () => failures() > 0)
  await query(url, 'ALTER TABLE elsewhere RENAME TO flow_alerts')
  await writeEvent(url, { event_id: 'b' })
  expect(await settled(url, 2)).toMatchObject([{ state: 'sent' }, { state: 'sent' }])
}, 60_000)

test('a thread that fails again and again is left, with a line that says so', async () => {
  await query(url, 'ALTER TABLE flow_alerts RENAME TO elsewhere')
  start()
  await eventually('the last line', () => logs.at(-1)?.includes('are not started again'))
  expect(failures()).toBe(6)
  await handle.stop()
}, 60_000)

test('single prints that wait at the stop are counted, and a line says so', async () => {
  const nowhere = 'postgresql://flow@127.0.0.1:1/flow'
  start(nowhere, { types: ['LARGE'] })
  handle.see([1, 2, 3].map((sequence) => ({ ...LARGE_PRINT, sequence })))
  await eventually('the database is missed', () => logs.length > 0)
  expect(lost).toBe(0)
  await handle.stop()
  expect(lost).toBe(3)
  expect(logs.at(-1)).toBe(
    'alerts: 3 single prints were not looked at before the stop and are not told',
  )
  handle.see([LARGE_PRINT]) // nobody is there any more
  expect(lost).toBe(4)
})

test('single prints that were looked at are not counted at the stop', async () => {
  start(url, { types: ['LARGE'] })
  handle.see([{ ...LARGE_PRINT, timestamp: Date.now() }])
  await settled(url, 1)
  await server.count(1)
  await handle.stop()
  expect(lost).toBe(0)
})
