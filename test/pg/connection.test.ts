import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, connect } from '../../src/writer/connection.ts'
import { startTestPostgres, type TestPostgres } from './database.ts'

let postgres: TestPostgres
let connection: Connection
beforeAll(async () => {
  postgres = await startTestPostgres()
  connection = await connect(await postgres.freshDatabase(), 'test')
})
afterAll(async () => {
  await connection.client.end().catch(() => {})
  await postgres.stop()
})

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Bytes of the heap that something still holds. */
function held(): number {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

it('keeps nothing of what it was waited with, however often that was', async () => {
  const wait = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await connection.orLost(Promise.resolve({ number: i }))
  }
  await wait(10_000)
  const before = held()
  await wait(200_000)
  // one leaked reaction for each would be some 40 MB
  expect(held() - before).toBeLessThan(4_000_000)
})

it('passes on what the work brings, and what it fails with', async () => {
  expect(await connection.orLost(Promise.resolve(7))).toBe(7)
  await expect(connection.orLost(connection.client.query('SELECT nothing'))).rejects.toThrow(
    'column "nothing" does not exist',
  )
})

it('rejects what waits, and what comes to wait, once it is lost', async () => {
  const sleeping = connection.orLost(connection.client.query('SELECT pg_sleep(60)'))
  connection.cut(new Error('cut here'))
  await expect(sleeping).rejects.toThrow('cut here')
  await expect(connection.orLost(Promise.resolve(1))).rejects.toThrow('cut here')
})
