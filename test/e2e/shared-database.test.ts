import { expect, it } from 'vitest'
import { query } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually } from './flow-process.ts'
import { trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, tableRows } from './table.ts'

const { vendorOf, settingsFor } = useStage()

it('two engines share a new database: both migrate, both store', async () => {
  const vendor = await vendorOf()
  const settings = await settingsFor(vendor)
  const both = [new Engine(settings), new Engine(settings)]
  await Promise.all(both.map((engine) => engine.ready()))
  vendor.peers[0]!.send(trade({ s: 21 }))
  vendor.peers[1]!.send(trade({ s: 22 }))
  await Promise.all(both.map((engine) => engine.received(1)))
  await Promise.all(both.map((engine) => engine.drain()))
  expect((await tableRows(settings.DATABASE_URL!)).map((row) => row.size).sort()).toEqual([21, 22])
})

it('an engine after a crash ends the gap that was open', async () => {
  const vendor = await vendorOf()
  const settings = await settingsFor(vendor)
  const url = settings.DATABASE_URL!
  const first = new Engine({ ...settings, FLOW_RECONNECT_MIN_MS: '60000' })
  await first.ready()
  vendor.peers[0]!.send(trade())
  await eventually('a row', async () => (await countRows(url)) === 1)
  vendor.peers[0]!.socket.destroy()
  await eventually('the gap', async () => {
    return (await query(url, 'SELECT 1 FROM flow_gaps')).length === 1
  })
  await first.kill('SIGKILL')
  const second = new Engine(settings)
  await second.ready()
  await second.drain()
  const gaps = await query<Record<string, string | null>>(
    url,
    'SELECT reason, status, ended_at FROM flow_gaps ORDER BY started_at',
  )
  expect(gaps.filter(({ ended_at }) => ended_at === null)).toEqual([])
})
