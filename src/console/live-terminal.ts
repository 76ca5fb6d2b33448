import { createLogUpdate } from 'log-update'
import type { LogFormat } from './log.ts'
import { type LogTarget, streamTarget } from './log-target.ts'
import type { TerminalStream } from './patient-terminal.ts'

/** Of a terminal that does not say: one that nobody has sized says 0. */
const COLUMNS = 80
const ROWS = 24
const ERASE_LINE_ABOVE = '\u001B[1A\u001B[2K'

/** A terminal whose last lines are drawn again and again, with the log above them. */
export type LiveTerminal = {
  /** Takes the log: its lines go above the view. */
  log(format: LogFormat): LogTarget
  readonly columns: number
  draw(lines: readonly string[]): void
  /** Takes the view away; the log goes on without it. */
  end(): void
}

export function liveTerminal(stream: TerminalStream): LiveTerminal {
  // it would hide the cursor by way of stderr, where a write waits for the terminal
  const view = createLogUpdate(stream, { showCursor: true })
  let drawn: readonly string[] = []
  let isOver = false
  const columns = (): number => stream.columns || COLUMNS
  const show = (lines: readonly string[]): void => {
    const width = columns() - 1
    drawn = lines.map((line) => [...line].slice(0, width).join('')) // or it would be wrapped
    view(drawn.join('\n'))
  }
  const clear = (): void => {
    if (drawn.length === 0) return
    view.clear()
    stream.write(ERASE_LINE_ABOVE.repeat(wrappedRows(drawn, columns())))
  }
  const leave = (): void => {
    if (drawn.length > 0) view.done()
    drawn = []
  }
  const isBehind = (): boolean => stream.writableLength > 0
  return {
    log(format) {
      const target = streamTarget(stream, format)
      return {
        ...target,
        write(line) {
          // a view that the terminal has not taken yet stays in the log
          if (isBehind()) leave()
          clear()
          target.write(line)
          if (drawn.length > 0) show(drawn)
        },
      }
    },
    get columns() {
      return columns()
    },
    draw(lines) {
      if (isOver || isBehind()) return
      if (wrappedRows(drawn, columns()) > 0) clear()
      // a view that is taller than the terminal would push the log away
      show(lines.slice(0, Math.max(1, (stream.rows || ROWS) - 3)))
    },
    end() {
      isOver = true
      if (!isBehind()) clear()
      leave()
    },
  }
}

/**
 * Rows that lines take beyond one each: a terminal that became narrower has wrapped what was drawn,
 * each character of which is one column wide.
 */
function wrappedRows(lines: readonly string[], columns: number): number {
  const rows = (line: string): number => Math.max(1, Math.ceil([...line].length / columns))
  return lines.reduce((more, line) => more + rows(line) - 1, 0)
}
