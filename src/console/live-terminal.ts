import { Writable } from 'node:stream'
import { createLogUpdate } from 'log-update'
import { writeTo } from './log.ts'

/** A terminal whose last lines are drawn again and again, with the log above them. */
export type LiveTerminal = {
  /** Takes the log: its lines go above the view. */
  readonly out: NodeJS.WritableStream
  readonly columns: number
  draw(lines: readonly string[]): void
  /** Takes the view away; the log goes on without it. */
  end(): void
}

export function liveTerminal(stream: NodeJS.WriteStream): LiveTerminal {
  const view = createLogUpdate(stream)
  const write = writeTo(stream)
  let drawn: readonly string[] = []
  let isOver = false
  const out = new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      if (drawn.length > 0) view.clear()
      write(String(text))
      if (drawn.length > 0) view(drawn.join('\n'))
      done()
    },
  })
  return {
    out,
    get columns() {
      return stream.columns ?? 80
    },
    draw(lines) {
      if (isOver) return
      // a view that is taller than the terminal would push the log away
      drawn = lines.slice(0, Math.max(1, (stream.rows ?? 24) - 3))
      view(drawn.join('\n'))
    },
    end() {
      isOver = true
      if (drawn.length > 0) {
        view.clear()
        view.done()
      }
      drawn = []
    },
  }
}
