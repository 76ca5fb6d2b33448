import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startRest } from '../reader/rest-server.ts'
import { Engine } from './engine.ts'
import { eventually, FlowProcess, imbalance } from './flow-process.ts'
import { CONTRACT, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, tableRows } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

describe('an engine after a crash', () => {
  it('stores a print that is sent again once', async () => {
    const vendor = await vendorOf()
    const settings = await settingsFor(vendor)
    const url = settings.DATABASE_URL!
    const first = new Engine(settings)
    await first.ready()
    const prints = Array.from({ length: 20 }, () => trade())
    vendor.peers[0]!.send(...prints.slice(0, 15))
    await eventually('15 rows', async () => (await countRows(url)) === 15)
    await first.kill('SIGKILL')

    const second = new Engine(settings)
    await second.ready()
    vendor.peers[1]!.send(...prints)
    await second.received(20)
    const account = await second.drain()
    expect([imbalance(account), account.received]).toEqual([0, 20])
    const rows = await tableRows(url)
    expect(rows.map((row) => row.sequence)).toEqual(prints.map(({ q }) => q))
  })

  it('starts again on its embedded PostgreSQL, with the rows of before', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flow data '))
    cleanups.push(async () => rmSync(folder, { recursive: true, force: true }))
    const vendor = await vendorOf()
    const settings = { FLOW_DATA_DIR: folder, FLOW_FEED_URL: vendor.url, FLOW_SYMBOLS: 'SPY' }
    const first = new Engine(settings)
    await first.ready()
    vendor.peers[0]!.send(trade(), trade())
    await eventually('both stored', async () => (await first.stats()).account.stored === 2)

    // a second engine on the same data says so and leaves the first alone
    const rival = new Engine(settings)
    expect(await rival.exited).toBe(1)
    expect(rival.said).toContain(folder)
    expect((await first.get('/readyz')).status).toBe(200)

    await first.kill('SIGKILL')
    const second = new Engine(settings)
    await second.ready()
    vendor.peers.at(-1)!.send(trade())
    await second.received(1)
    expect((await second.drain()).stored).toBe(1)
    const count = new FlowProcess(['cleanup'], { FLOW_DATA_DIR: folder, FLOW_RETENTION_DAYS: '1' })
    expect(await count.exited).toBe(0)
    expect(count.lines.find(({ msg }) => msg === 'cleaned up')).toMatchObject({ rows: 0 })
  })
})

describe('an engine that is stopped early', () => {
  it('ends with exit code 0 while the contracts are still being listed', async () => {
    const vendor = await vendorOf()
    const rest = await startRest([() => {}])
    cleanups.push(() => rest.close())
    const engine = new Engine({
      ...(await settingsFor(vendor)),
      FLOW_SUBSCRIBE: 'contracts',
      FLOW_REST_URL: rest.url,
    })
    await eventually('the request', () => rest.requests[0])
    expect((await engine.get('/readyz')).status).toBe(503)
    expect(await engine.kill('SIGTERM')).toBe(0)
  })

  it('ends with exit code 0 as soon as it listens', async () => {
    const vendor = await vendorOf()
    const engine = new Engine(await settingsFor(vendor))
    await engine.line('listening')
    expect(await engine.kill('SIGINT')).toBe(0)
  })
})

describe('quotes', () => {
  it('are asked for of the contracts of the most premium, never of more than the cap', async () => {
    const vendor = await vendorOf()
    const settings = await settingsFor(vendor)
    const engine = new Engine({ ...settings, FLOW_QUOTES_PER_CONNECTION: '2' })
    await engine.ready()
    const [peer] = vendor.peers
    const sym = (strike: number) => CONTRACT.replace('00650000', `00${strike}000`)
    const quoted = () => peer!.topics().filter((topic) => topic.startsWith('Q.'))
    let most = 0
    for (const [strike, large] of [
      [610, {}],
      [620, {}],
      [630, { p: 12, s: 100 }],
      [640, { p: 11, s: 100 }],
    ] as const) {
      peer!.send(trade({ sym: sym(strike), ...large }))
      await eventually(`a quote of ${strike}`, () => {
        most = Math.max(most, quoted().length)
        return quoted().includes(`Q.${sym(strike)}`)
      })
    }
    expect(most).toBe(2)
    expect(quoted()).toEqual([`Q.${sym(630)}`, `Q.${sym(640)}`])
    peer!.socket.destroy()
    const second = await eventually('a second connection', () => vendor.peers[1])
    await eventually('the same topics again', () => second.topics().length === 3)
    expect(second.topics()).toEqual([`Q.${sym(630)}`, `Q.${sym(640)}`, 'T.*'])
    await engine.drain()
  })
})
