import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { newYorkOffset } from '../../src/domain/new-york.ts'
import type { Engine } from '../e2e/engine.ts'
import { eventually } from '../e2e/flow-process.ts'
import { MAX_CONNECTIONS } from '../reader/vendor-server.ts'
import { FeedLine } from './feed-line.ts'
import { preload, type Theatre, useStage } from './theatre.ts'

const HOUR_MS = 3_600_000
const FRAMES = 300

const stage = useStage()

type Run = { readonly theatre: Theatre; readonly engine: Engine; readonly line: FeedLine }

/** An engine with some of the tape behind it, and the line that it came over. */
async function loaded(over: Record<string, string> = {}): Promise<Run> {
  const theatre = await stage.theatre(over)
  const line = await FeedLine.to(theatre.vendor.vendor.url)
  stage.cleanups.push(() => line.close())
  theatre.settings.FLOW_FEED_URL = line.url
  const engine = await theatre.start()
  await theatre.vendor.playFrames(FRAMES)
  return { theatre, engine, line }
}

/** Resolves once the engine has asked for its prints once more and gets them. */
async function connectsAgain({ theatre, engine }: Run, before: number): Promise<void> {
  await eventually('one more connection', () => theatre.vendor.vendor.peers.length > before)
  await engine.ready()
}

/** Plays on and drains. Gives the reasons of the gaps on record; the rows are whole. */
async function endsWhole({ theatre, engine }: Run): Promise<string[]> {
  await theatre.vendor.playFrames(FRAMES)
  const gaps = await theatre.expectWhole(await engine.drain(), FRAMES)
  return gaps.map(({ reason }) => reason)
}

const peersOf = ({ theatre }: Run): number => theatre.vendor.vendor.peers.length

/** Settings of an engine whose wall clock is off by what `shift` says, in ms. */
function clock(): { settings: Record<string, string>; shift: (ms: number) => void } {
  const file = join(stage.folder(), 'clock')
  const shift = (ms: number): void => writeFileSync(file, `${ms}`)
  shift(0)
  return { settings: { ...preload('shifted-clock.ts'), FAULT_CLOCK: file }, shift }
}

/** From now to 12:00 in New York on the Wednesday that comes, ms: the market is open for hours. */
function toMarketHours(): number {
  const now = Date.now()
  const local = new Date(now + newYorkOffset(now))
  const days = (3 - local.getUTCDay() + 7) % 7
  const noon = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days, 12)
  return noon - local.getTime()
}

describe('a line to the vendor that', () => {
  it('is cut loses nothing that was read, and the gap is on record', async () => {
    const run = await loaded()
    const before = peersOf(run)
    run.theatre.vendor.play()
    run.line.cut()
    await connectsAgain(run, before)
    expect(await endsWhole(run)).toEqual(['closed'])
  })

  it('is half open in market hours is found silent, and the gap is on record', async () => {
    const { settings, shift } = clock()
    shift(toMarketHours())
    const run = await loaded({ ...settings, FLOW_SILENCE_MS: '2500' })
    const before = peersOf(run)
    run.theatre.vendor.play()
    run.line.turn('dead')
    await connectsAgain(run, before)
    expect(await endsWhole(run)).toContain('silence')
  })

  it('is a black hole when it connects again is given up, and the gap lasts until then', async () => {
    const run = await loaded()
    const before = peersOf(run)
    run.line.state = 'dead'
    run.line.cut()
    await eventually('the attempt to be given up', async () => {
      const reconnects = [...(await run.engine.metrics())].filter(([name]) =>
        name.startsWith('flow_feed_reconnects_total'),
      )
      return reconnects.reduce((sum, [, n]) => sum + n, 0) >= 2
    })
    run.line.state = 'open'
    await connectsAgain(run, before)
    const gaps = await run.theatre.expectWhole(await run.engine.drain(), FRAMES)
    expect(gaps.map(({ reason }) => reason)).toEqual(['closed'])
    expect(gaps[0]!.ended - gaps[0]!.started).toBeGreaterThan(10_000)
  })

  it('trickles gets every frame through, with no gap', async () => {
    const run = await loaded()
    run.line.turn('slow')
    await run.theatre.vendor.playFrames(FRAMES)
    await sleep(1000)
    run.line.turn('open')
    expect(await endsWhole(run)).toEqual([])
  })
})

describe('a vendor that', () => {
  it('evicts is waited for, and the gap is on record', async () => {
    const run = await loaded()
    const before = peersOf(run)
    run.theatre.vendor.play()
    const { peer } = run.theatre.vendor
    peer.send(MAX_CONNECTIONS)
    peer.ws.close(1008)
    await connectsAgain(run, before)
    expect(await endsWhole(run)).toEqual(['evicted'])
  })

  it('refuses the key after a cut ends the engine with all that it had read stored', async () => {
    const run = await loaded()
    run.theatre.vendor.play()
    await eventually('some more frames', () => run.theatre.vendor.sent > 2 * FRAMES)
    run.theatre.vendor.refuse('your key was revoked')
    run.line.cut()
    expect(await run.engine.exited).toBe(1)
    expect(run.engine.said).toContain('your key was revoked')
    await run.theatre.expectWhole(run.engine.account, FRAMES)
  })

  it('sends garbage between good prints is read on, and each piece is counted', async () => {
    const run = await loaded()
    const { vendor } = run.theatre
    const malformed = (): Promise<number> => run.engine.metric('flow_frames_malformed_total')
    const before = await malformed()
    const garbage = [
      '[{"ev":"T","sym":"O:SPY271217C00650000","p":1.5,',
      '\u0000\u0001\u0002',
      'null]',
      Buffer.from([0xff, 0x00, 0xfe]),
      Buffer.alloc(1024 * 1024, 0x5b),
      `[${'{"ev":"T",'.repeat(20_000)}`,
    ]
    for (const piece of garbage) {
      vendor.peer.ws.send(piece)
      await vendor.playFrames(40)
    }
    await eventually('all pieces counted', async () => {
      return (await malformed()) >= before + garbage.length
    })
    expect(await endsWhole(run)).toEqual([])
  })
})

it('a clock that jumps by hours, forwards and back, changes no row, also over a kill', async () => {
  const { settings, shift } = clock()
  const run = await loaded(settings)
  for (const hours of [5, -3, 0, 30, -30]) {
    shift(hours * HOUR_MS)
    await run.theatre.vendor.playFrames(FRAMES / 2)
  }
  await run.engine.kill('SIGKILL')
  shift(-2 * HOUR_MS)
  const engine = await run.theatre.start()
  expect(await endsWhole({ ...run, engine })).toEqual(['crashed'])
})

it('SIGTERM under load stores all that was read', async () => {
  const run = await loaded()
  run.theatre.vendor.play()
  await eventually('some more frames', () => run.theatre.vendor.sent > 3 * FRAMES)
  const account = await run.engine.drain()
  expect(await run.theatre.expectWhole(account, 2 * FRAMES)).toEqual([])
})
