import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { GapRecorder } from '../../src/engine/gap-recorder.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { numbered, postRows, startedWriter } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

const gaps = () =>
  query<{ started_at: string; ended_at: string | null; reason: string; status: string }>(
    url,
    'SELECT started_at, ended_at, reason, status FROM flow_gaps ORDER BY started_at',
  )

it('has no gap without an end after the engine has stopped', async () => {
  const { writer } = await startedWriter(url)
  const seconds: number[] = []
  const recorder = new GapRecorder(
    (rows) => writer.recordGaps(rows),
    (s) => seconds.push(s),
  )
  recorder.begin(0, 1000, ['SPX'], 'closed')
  recorder.begin(0, 1500, ['SPX'], 'ping') // still the same gap
  recorder.begin(1, 2000, ['QQQ'], 'closed')
  recorder.end(1, 2600)
  recorder.endAll(5000)
  await writer.drain()
  await writer.stop()
  expect(await gaps()).toEqual([
    { started_at: '1000', ended_at: '5000', reason: 'closed', status: 'unfilled' },
    { started_at: '2000', ended_at: '2600', reason: 'closed', status: 'unfilled' },
  ])
  expect(seconds).toEqual([0.6, 4])
})

it('keeps what a fill has made of a gap that is told again', async () => {
  const { writer } = await startedWriter(url)
  const gap = { gapId: 'a', startedAt: 1000, endedAt: 2000, symbols: ['SPX'], reason: 'closed' }
  writer.recordGaps([{ ...gap, endedAt: null, filled: 0, status: 'open' }])
  writer.recordGaps([{ ...gap, filled: 0, status: 'unfilled' }])
  await writer.drain()
  expect((await gaps())[0]?.status).toBe('unfilled')
  await query(url, "UPDATE flow_gaps SET status = 'filled', filled = 7")
  writer.recordGaps([{ ...gap, filled: 0, status: 'unfilled' }])
  await writer.drain()
  await writer.stop()
  const found = await query(url, 'SELECT status, filled, ended_at FROM flow_gaps')
  expect(found).toEqual([{ status: 'filled', filled: 7, ended_at: '2000' }])
})

it('closes a gap that a crash left open where the crashed engine last gave a sign of life', async () => {
  const began = Date.now() - 60_000
  const lastSign = began + 20_000
  const crashed = await startedWriter(url)
  postRows(crashed.writer, numbered(1, 1))
  crashed.writer.recordGaps([
    {
      ...{ gapId: 'a', startedAt: began, endedAt: null, symbols: ['SPX'], reason: 'closed' },
      ...{ filled: 0, status: 'open' },
    },
  ])
  await crashed.writer.drain()
  await crashed.writer.stop()
  await query(url, `UPDATE flow_batches SET drained = false, received_to = ${lastSign}`)

  const replay = await startedWriter(url, { isFeed: false })
  expect((await gaps())[0]?.ended_at).toBeNull()
  await replay.writer.drain()
  await replay.writer.stop()

  const next = await startedWriter(url)
  expect(next.writer.previous).toEqual({ receivedTo: lastSign, drained: false })
  expect(await gaps()).toEqual([
    {
      ...{ started_at: `${began}`, ended_at: `${lastSign}` },
      ...{ reason: 'closed', status: 'unfilled' },
    },
  ])
  await next.writer.stop()
})
