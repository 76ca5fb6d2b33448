import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Fields } from '../../src/console/log.ts'
import { StallWarnings, startStallWatch } from '../../src/engine/stall-watch.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'

const NAME = 'flow_event_loop_stall_seconds'
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** A log that keeps its warnings. */
function keep(): { warned: Fields[]; warn: (msg: string, fields?: Fields) => void } {
  const warned: Fields[] = []
  return {
    warned,
    warn: (msg, fields = {}) => {
      expect(msg).toContain('stood still')
      warned.push(fields)
    },
  }
}

function watch() {
  const log = keep()
  const metrics = createMetrics({ version: '', rules: '', symbols: [] })
  const { stop } = startStallWatch({ metrics, log })
  stops.push(stop)
  const sample = async (name: string, le?: string): Promise<number> => {
    const { values } = await metrics.eventLoopStall.get()
    const found = values.find(
      ({ metricName, labels }) =>
        metricName === name && (le === undefined || String(labels.le) === le),
    )
    return found?.value ?? 0
  }
  return { log, stop, sample }
}

/** Holds the thread for at least `ms`, and gives the time when it began to hold it, to now. */
function block(ms: number): number {
  const from = performance.now()
  while (performance.now() - from < ms);
  return performance.now() - from
}

describe('the watch on the event loop', () => {
  test('tells a loop that was blocked, with its length', async () => {
    const { log, sample } = watch()
    await sleep(60)
    block(1200)
    await sleep(60)
    expect(log.warned.length).toBe(1)
    expect(log.warned[0]!.ms).toBeGreaterThan(1100)
    expect(log.warned[0]!.left_out).toBe(0)
    const above = (await sample(`${NAME}_count`)) - (await sample(`${NAME}_bucket`, '1'))
    expect(above).toBe(1)
    expect(await sample(`${NAME}_sum`)).toBeGreaterThan(1.1)
  })

  test('gathers what comes within a minute of a line, and tells it at the latest at its stop', async () => {
    const { log, stop } = watch()
    for (const ms of [1100, 1300, 1100]) {
      await sleep(60)
      block(ms)
    }
    await sleep(60)
    expect(log.warned.length).toBe(1)
    stop()
    expect(log.warned.length).toBe(2)
    expect(log.warned[1]!.ms).toBeGreaterThan(1200)
    expect(log.warned[1]!.left_out).toBe(1)
  })

  test('has nothing to tell of a quiet loop', async () => {
    const { log, stop, sample } = watch()
    const delay = monitorEventLoopDelay({ resolution: 10 })
    // a busy machine may hold the loop itself: what was no quiet time is left out
    for (let before = 0, isQuiet = false; !isQuiet; before = await sample(`${NAME}_count`)) {
      delay.reset()
      delay.enable()
      await sleep(300)
      delay.disable()
      isQuiet = delay.max < 40e6
      if (isQuiet) expect(await sample(`${NAME}_count`)).toBe(before)
    }
    stop()
    expect(log.warned.filter(({ ms }) => Number(ms) <= 1000)).toEqual([])
  })

  test('is silent once it is stopped', async () => {
    const { log, stop, sample } = watch()
    stop()
    const before = await sample(`${NAME}_count`)
    await sleep(60)
    block(1100)
    await sleep(60)
    expect(await sample(`${NAME}_count`)).toBe(before)
    expect(log.warned).toEqual([])
  })
})

describe('warnings of stalls', () => {
  test('come at most once a minute and leave none out', () => {
    const log = keep()
    const warnings = new StallWarnings(log)
    warnings.tick(999, 0)
    warnings.tick(1000, 1000)
    expect(log.warned).toEqual([])
    warnings.tick(1000.6, 10_000)
    expect(log.warned).toEqual([{ ms: 1001, left_out: 0 }])
    warnings.tick(5000, 20_000)
    warnings.tick(2000, 30_000)
    warnings.tick(-1, 69_999)
    expect(log.warned.length).toBe(1)
    warnings.tick(-1, 70_000)
    expect(log.warned.slice(1)).toEqual([{ ms: 5000, left_out: 1 }])
    warnings.tick(-1, 200_000)
    expect(log.warned.length).toBe(2)
    warnings.tick(1500, 200_020)
    expect(log.warned.slice(2)).toEqual([{ ms: 1500, left_out: 0 }])
  })
})
