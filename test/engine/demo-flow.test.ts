import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../../src/console/log.ts'
import { noteDemo } from '../../src/engine/demo-flow.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'

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
  const begin = (demo: boolean) => noteDemo(url, { demo, retentionDays: 90 }, log)
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
})
