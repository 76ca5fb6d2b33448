import { describe, expect, it } from 'vitest'
import type { Cancel } from '../../src/slab/cancel.ts'
import {
  BATCH_AGE_MS,
  BATCH_BYTES_MAX,
  BATCH_EXTRAS_MAX,
  BATCH_ROWS_MAX,
  flushDelayMs,
  HEARTBEAT_MS,
} from '../../src/writer/batch.ts'

const ONE_ROW = {
  firstAt: 1_000,
  requotes: [],
  cancels: [],
  gaps: [],
  copy: { rows: 1, length: 400 },
}
const EMPTY = {
  firstAt: Number.NaN,
  requotes: [],
  cancels: [],
  gaps: [],
  copy: { rows: 0, length: 0 },
}
const QUIET = { now: 1_000, lastCommitAt: 500, draining: false }

describe('a batch is due', () => {
  it('a few ms after its first row when the writer was idle', () => {
    expect(flushDelayMs(ONE_ROW, QUIET)).toBe(BATCH_AGE_MS)
    expect(flushDelayMs(ONE_ROW, { ...QUIET, now: 1_000 + BATCH_AGE_MS - 1 })).toBe(1)
    expect(flushDelayMs(ONE_ROW, { ...QUIET, now: 1_000 + BATCH_AGE_MS })).toBe(0)
    expect(flushDelayMs(ONE_ROW, { ...QUIET, now: 9_999 })).toBe(0)
  })

  it('at once when its rows came while the last batch was under way', () => {
    expect(flushDelayMs(ONE_ROW, { ...QUIET, lastCommitAt: 1_000 })).toBe(0)
  })

  it('at once when it is full by rows, by bytes or by cancels', () => {
    const cancels = Array<Cancel>(BATCH_EXTRAS_MAX)
    const { copy } = ONE_ROW
    expect(flushDelayMs({ ...ONE_ROW, copy: { ...copy, rows: BATCH_ROWS_MAX } }, QUIET)).toBe(0)
    expect(flushDelayMs({ ...ONE_ROW, copy: { ...copy, length: BATCH_BYTES_MAX } }, QUIET)).toBe(0)
    expect(flushDelayMs({ ...ONE_ROW, cancels }, QUIET)).toBe(0)
    const oneLess = { ...ONE_ROW, copy: { rows: BATCH_ROWS_MAX - 1, length: BATCH_BYTES_MAX - 1 } }
    expect(flushDelayMs(oneLess, QUIET)).toBe(BATCH_AGE_MS)
  })

  it('at once in a drain', () => {
    expect(flushDelayMs(ONE_ROW, { ...QUIET, draining: true })).toBe(0)
  })

  it('once a minute when it is empty', () => {
    expect(flushDelayMs(EMPTY, QUIET)).toBe(500 + HEARTBEAT_MS - 1_000)
    expect(flushDelayMs(EMPTY, { ...QUIET, now: 500 + HEARTBEAT_MS })).toBe(0)
  })
})
