import { expect, it } from 'vitest'
import { eventually } from '../e2e/flow-process.ts'
import { preload, useStage } from './theatre.ts'

const FRAMES = 400

const stage = useStage()

it.each([
  ['a shard', 'piscina', 'flow_shard_restarts_total'],
  ['the writer', 'writer', 'flow_writer_restarts_total'],
])(
  'the thread of %s is ended under load: it is started again, and no row differs',
  async (_, of, restarts) => {
    const own = { ...preload('killed-thread.ts'), FAULT_THREAD: of }
    const theatre = await stage.theatre(own)
    const engine = await theatre.start()
    await theatre.vendor.playFrames(FRAMES)
    theatre.vendor.play()
    engine.child.kill('SIGUSR2')
    await eventually('the thread to be ended', () => engine.stdout.includes('ending one of '))
    await eventually('its restart', async () => (await engine.metric(restarts)) > 0)
    await theatre.vendor.playFrames(FRAMES)
    await engine.ready()
    expect(await engine.metric(restarts)).toBe(1)
    const account = await engine.drain()
    expect(await theatre.expectWhole(account, FRAMES)).toEqual([])
  },
)
