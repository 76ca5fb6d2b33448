import { closeSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../e2e/engine.ts'
import { eventually, imbalance } from '../e2e/flow-process.ts'
import { SwitchedProxy } from '../e2e/switched-proxy.ts'
import { startCuttingProxy } from '../pg/cutting-proxy.ts'
import { query, reachableDirectory } from '../pg/database.ts'
import { OwnPostgres } from './own-postgres.ts'
import { canMount, mountDisk, type Theatre, useStage } from './theatre.ts'

const MIB = 1024 * 1024
/** Of a tape; enough to have rows on their way the whole time. */
const FRAMES = 400

const stage = useStage()
let own: OwnPostgres
let databases = 0
beforeAll(async () => {
  own = await OwnPostgres.start(await reachableDirectory())
})
afterAll(async () => {
  own.resume()
  await own.stop()
})

async function loaded(url?: string): Promise<{ theatre: Theatre; engine: Engine; url: string }> {
  const database = url ?? (await own.database(`fault_${++databases}`))
  const theatre = await stage.theatre({}, database)
  const engine = await theatre.start()
  await theatre.vendor.playFrames(FRAMES)
  return { theatre, engine, url: database }
}

const waits = (engine: Engine, of = ''): Promise<unknown> =>
  eventually(`the engine to wait for the database ${of}`, () =>
    engine.lines.find(({ msg }) => msg.startsWith('waiting for the database') && msg.includes(of)),
  )

const storesAgain = (engine: Engine): Promise<unknown> =>
  eventually('the engine to store again', () =>
    engine.lines.find(({ msg }) => msg.startsWith('storing again')),
  )

/** Plays on, drains, and holds the rows against the reference: the feed was never away. */
async function endsWhole({ theatre, engine }: { theatre: Theatre; engine: Engine }): Promise<void> {
  await theatre.vendor.playFrames(FRAMES)
  theatre.vendor.pause()
  const account = await engine.drain()
  expect(await theatre.expectWhole(account, 2 * FRAMES)).toEqual([])
}

describe('no row is lost and none comes twice when PostgreSQL', () => {
  it('is killed with all its processes and comes back a second later', async () => {
    const run = await loaded()
    run.theatre.vendor.play()
    await own.kill()
    await waits(run.engine)
    await sleep(1000)
    await own.startAgain()
    await storesAgain(run.engine)
    await endsWhole(run)
  })

  it('is restarted fast, three times', async () => {
    const run = await loaded()
    run.theatre.vendor.play()
    for (let i = 0; i < 3; i++) {
      await own.stop()
      await own.startAgain()
      await sleep(300)
    }
    await endsWhole(run)
  })

  it('commits, and the answer is lost with the connection, every other time', async () => {
    let commits = 0
    let isArmed = false
    const proxy = await startCuttingProxy(await own.database(`fault_${++databases}`), {
      onServerBytes: (chunk, client) => {
        if (!isArmed || !chunk.includes('COMMIT\0') || ++commits % 2 === 0) return true
        client.destroy()
        return false
      },
    })
    stage.cleanups.push(() => proxy.close())
    const run = await loaded(proxy.url)
    isArmed = true
    run.theatre.vendor.play()
    await eventually('some commits', () => commits > 6)
    isArmed = false
    await endsWhole(run)
  })

  it('stands still for seconds', async () => {
    const run = await loaded()
    run.theatre.vendor.play()
    own.pause()
    await sleep(4000)
    expect((await run.engine.get('/healthz')).status).toBe(200)
    own.resume()
    await endsWhole(run)
  })

  it('takes no writes for a while', async () => {
    const run = await loaded()
    const name = new URL(run.url).pathname.slice(1)
    const endSessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = '${name}' AND application_name LIKE 'flow-writer-%'`
    await query(own.adminUrl, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await query(own.adminUrl, endSessions)
    run.theatre.vendor.play()
    await waits(run.engine)
    await eventually('the reason in the metrics', () =>
      run.engine.metric('flow_store_errors_total{reason="read_only"}'),
    )
    await query(own.adminUrl, `ALTER DATABASE ${name} RESET default_transaction_read_only`)
    await query(own.adminUrl, endSessions)
    await endsWhole(run)
  })

  it('fails over to a copy of itself at another address', async () => {
    const first = await OwnPostgres.start(await reachableDirectory())
    const proxy = new SwitchedProxy(await first.database('fault'))
    await proxy.up()
    stage.cleanups.push(() => proxy.down())
    const run = await loaded(proxy.url)
    run.theatre.vendor.play()
    await proxy.down()
    const second = await first.failOver(await reachableDirectory())
    stage.cleanups.push(() => second.stop())
    await waits(run.engine)
    await proxy.up(second.urlOf('fault'))
    await storesAgain(run.engine)
    await endsWhole(run)
  })
})

describe.skipIf(!canMount)('on a disk of its own', () => {
  it('PostgreSQL runs out of room, and goes on once there is some', async () => {
    const dir = await reachableDirectory()
    mountDisk(stage, dir, 256)
    const small = await OwnPostgres.start(dir)
    stage.cleanups.push(() => small.stop())
    const run = await loaded(await small.database('fault'))
    const ballast = join(dir, 'ballast')
    run.theatre.vendor.play()
    fill(ballast)
    await waits(run.engine)
    expect(statSync(ballast).size).toBeGreaterThan(MIB)
    unlinkSync(ballast)
    // a server that has no room for its log ends itself, and somebody starts it again
    await sleep(500)
    await small.startAgain()
    await storesAgain(run.engine)
    await endsWhole(run)
  })

  it('the journal runs out of room: reading pauses, and goes on once there is some', async () => {
    const dir = stage.folder()
    mountDisk(stage, dir, 24)
    const theatre = await stage.theatre({ FLOW_DATA_DIR: join(dir, 'data') })
    const engine = await theatre.start()
    await theatre.vendor.playFrames(FRAMES)
    const ballast = join(dir, 'ballast')
    fill(ballast)
    theatre.vendor.play()
    await eventually('the journal to say that it is full', () =>
      engine.lines.find(({ level, msg }) => level === 'error' && msg.includes('ENOSPC')),
    )
    const { received } = (await engine.stats()).account
    const { sent } = theatre.vendor
    await eventually('the vendor to send on', () => theatre.vendor.sent > sent + FRAMES)
    expect((await engine.stats()).account.received).toBe(received)
    unlinkSync(ballast)
    await engine.line('the journal works again')
    await endsWhole({ theatre, engine })
  })

  it('the journal has no room when it is stopped: all that was received is stored', async () => {
    const dir = stage.folder()
    mountDisk(stage, dir, 24)
    const theatre = await stage.theatre({ FLOW_DATA_DIR: join(dir, 'data') })
    const engine = await theatre.start()
    await theatre.vendor.playFrames(FRAMES)
    fill(join(dir, 'ballast'))
    theatre.vendor.play()
    await eventually('the journal to say that it is full', () =>
      engine.lines.find(({ level, msg }) => level === 'error' && msg.includes('ENOSPC')),
    )
    const account = await engine.drain()
    expect(imbalance(account)).toBe(0)
    const text = `SELECT (SELECT count(*) FROM options_flow_history)
      + (SELECT count(*) FROM flow_cancels WHERE was_stored) AS rows`
    const [found] = await query<{ rows: string }>(theatre.settings.DATABASE_URL!, text)
    expect(Number(found!.rows)).toBe(account.stored)
  })
})

/** Leaves no byte of a disk free, whatever others write meanwhile. */
function fill(ballast: string): void {
  const file = openSync(ballast, 'w')
  for (let bytes = 4 * MIB; bytes >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(bytes))
    } catch {
      bytes >>= 1 // no room for so many
    }
  }
  closeSync(file)
}
