import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../../src/console/log.ts'
import { noteDemo } from '../../src/engine/demo-flow.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { postRows, startedWriter } from '../pg/started-writer.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres.stop())

it('real flow beside that of the demo is warned of, until the retention has removed the latter', async () => {
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  const said: string[] = []
  const log = createLog({ format: 'pretty', secrets: [], write: (line) => said.push(line) })
  const begin = (demo: boolean, retentionDays = 90) => noteDemo(url, { demo, retentionDays }, log)
  await begin(false)
  await begin(true)
  await begin(true)
  expect(said).toEqual([])
  await begin(false)
  expect(said).toEqual([
    expect.stringMatching(/Warning: .*made-up flow of the demo.*FLOW_DATA_DIR/),
  ])
  const before = Date.now() - 91 * 86_400_000
  await query(url, "UPDATE flow_settings SET value = $1 WHERE name = 'demo_at'", [`${before}`])
  await begin(false)
  expect(said).toHaveLength(1)
  await begin(false, 0) // all is kept
  expect(said).toHaveLength(2)
})

it('a demo beside real flow is warned of once', async () => {
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  const said: string[] = []
  const log = createLog({ format: 'pretty', secrets: [], write: (line) => said.push(line) })
  const { writer } = await startedWriter(url)
  postRows(writer, [{}])
  await writer.drain()
  await writer.stop()
  const begin = () => noteDemo(url, { demo: true, retentionDays: 90 }, log)
  await begin()
  await begin()
  expect(said).toEqual([expect.stringMatching(/Warning: this is the demo.*MASSIVE_API_KEY/)])
})

it('a database that does not answer is no reason to wait', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const said: string[] = []
  const log = createLog({ format: 'pretty', secrets: [], write: (line) => said.push(line) })
  const url = `postgres://x:y@127.0.0.1:${port}/z`
  await noteDemo(url, { demo: false, retentionDays: 90 }, log)
  await noteDemo('postgres://x:y@127.0.0.1:1/z', { demo: true, retentionDays: 90 }, log)
  expect(said).toEqual([])
  server.close()
})
