import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { progressBar, toldProgress } from '../../src/commands/progress.ts'
import { createLog } from '../../src/console/log.ts'

const MIB = 1024 * 1024
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('without a terminal: a line at most every ten seconds, with rate and time left', () => {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line.replace(/^\[.*?\] /, ''))
  const bar = toldProgress('MiB', createLog({ format: 'pretty', secrets: [], write }))
  for (let i = 0; i < 250; i++) {
    bar.update((i * MIB) / 10, 100 * MIB)
    vi.advanceTimersByTime(100)
  }
  bar.stop()
  expect(lines).toEqual([
    'progress done=10.0/100.0 MiB rate=1.0 MiB/s left=1 minute\n',
    'progress done=20.0/100.0 MiB rate=1.0 MiB/s left=1 minute\n',
  ])
  expect(bar.isShown).toBe(false)
})

test('for --json: none, on a terminal or not', () => {
  const written = vi.spyOn(process.stderr, 'write')
  const bar = progressBar('contexts', null)
  bar.update(1, 100)
  vi.advanceTimersByTime(60_000)
  bar.update(50, 100)
  bar.stop()
  expect(bar.isShown).toBe(false)
  expect(written).not.toHaveBeenCalled()
  written.mockRestore()
})
