import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { drawnBar, progressBar, toldProgress } from '../../src/commands/progress.ts'
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

test('on a terminal: a bar, with the log above it, and nothing that an exit would have to undo', () => {
  const written: string[] = []
  const stream = Object.assign(
    new Writable({
      decodeStrings: false,
      write: (text: string, _, done) => {
        written.push(text)
        done()
      },
    }),
    { isTTY: true, columns: 90, rows: 20 },
  ) as unknown as NodeJS.WriteStream
  const write = (line: string): void => void stream.write(line)
  const log = createLog({ format: 'pretty', secrets: [], write })
  const bar = drawnBar('MiB', stream)
  const above = bar.above(log)
  above.info('before the bar')
  bar.update(0, 100 * MIB)
  vi.advanceTimersByTime(1000)
  bar.update(25 * MIB, 100 * MIB)
  above.warn('one contract cannot be read')
  bar.stop()
  above.info('after it')
  const shown = onScreen(written.join(''))
  expect(shown[0]).toMatch(/\] before the bar$/)
  expect(shown[1]).toMatch(/\] Warning: one contract cannot be read$/)
  expect(shown[2]).toMatch(/\] after it$/)
  const drawn = stripVTControlCharacters(written.join(''))
  expect(drawn).toMatch(
    /\u2588{8}\u2591{22} 25% \| 25\.0\/100\.0 MiB \| 25\.0 MiB\/s, 3 seconds left/,
  )
  expect(drawn.split('25%').length).toBe(3) // drawn again below the warning
  for (const code of ['[?25l', '[?7l', '7', '8'])
    expect(written.join('')).not.toContain(`\u001B${code}`)
})

/** Lines of a terminal that was written to, as far as a bar needs one. */
function onScreen(text: string): string[] {
  const lines = ['']
  let row = 0
  let column = 0
  const parts = text.replaceAll('\u001B', '\u241B').matchAll(/\u241B\[(\??\d*)([A-Za-z])|[\s\S]/g)
  for (const [whole, code, letter] of parts) {
    const line = lines[row]!
    if (letter === 'A') row = Math.max(0, row - Number(code || 1))
    else if (letter === 'K') lines[row] = code === '2' ? '' : line.slice(0, column)
    else if (letter === 'G') column = Number(code || 1) - 1
    else if (letter !== undefined)
      expect(code).toBe('?2026') // what comes is shown at once
    else if (whole === '\n') [row, column] = [row + 1, 0]
    else {
      lines[row] = line.slice(0, column).padEnd(column) + whole + line.slice(column + 1)
      column++
    }
    lines[row] ??= ''
  }
  return lines
}
