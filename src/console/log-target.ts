import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog, type LogFormat } from './log.ts'

/** Where a log goes. */
export type LogTarget = {
  /** Takes a finished line with its line feed. */
  write(line: string): void
  /** Resolves once the reader has taken all that was written, at the latest after a second. */
  flush(): Promise<void>
}

/** What is kept at most for a reader that takes nothing: bytes, and of what comes then, lines. */
const WAITING_MAX = 1024 * 1024
const LAST_LINES = 100
const LEFT_OUT = 'lines of this log were left out, for nobody took them'
const FLUSH_MS = 1000
const LOOK_MS = 10

/**
 * A stream. A reader that has gone (`flow run | head`) ends the log, not the engine: it still has
 * prints to store. For one that takes nothing for a while the first lines are kept and the last,
 * and once it takes some again it is told how many were left out between them.
 */
export function streamTarget(stream: Writable, format: LogFormat): LogTarget {
  let last: string[] = []
  let leftOut = 0
  const put = (line: string): void => void stream.write(line)
  const goOn = (): void => {
    const [count, lines] = [leftOut, last]
    leftOut = 0
    last = []
    if (count > 0) createLog({ format, secrets: [], write: put }).warn(LEFT_OUT, { lines: count })
    for (const line of lines) put(line)
  }
  stream.on('error', () => {})
  stream.on('drain', goOn)
  return {
    write(line) {
      if (!stream.writable) return
      if (last.length === 0 && stream.writableLength < WAITING_MAX) {
        put(line)
        return
      }
      last.push(line)
      if (last.length <= LAST_LINES) return
      last.shift()
      leftOut++
    },
    async flush() {
      const end = performance.now() + FLUSH_MS
      const isBehind = () => stream.writable && (stream.writableLength > 0 || last.length > 0)
      while (isBehind() && performance.now() < end) await sleep(LOOK_MS)
    },
  }
}
