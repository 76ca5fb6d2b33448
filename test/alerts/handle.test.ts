import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AlertsHandle, startAlerts } from '../../src/alerts/handle.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { eventually } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { rulesOf, settled, writeEvent } from './bench.ts'
import { type SinkServer, startSinkServer } from './sink-server.ts'

let postgres: TestPostgres
let url: string
let server: SinkServer
let handle: AlertsHandle
let logs: string[]

beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
  server = await startSinkServer()
  logs = []
})
afterEach(async () => {
  await handle.stop()
  await server.close()
})

function start(): void {
  handle = startAlerts({
    databaseUrl: url,
    rules: rulesOf([{}], { url: server.url }),
    retentionDays: 0,
    restartMs: 200,
    onResult: () => {},
    onLost: () => {},
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
