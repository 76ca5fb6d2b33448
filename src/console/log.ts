import type { Writable } from 'node:stream'
import { type Level, pino, stdTimeFunctions } from 'pino'
import { explain } from './explain.ts'
import { redactor } from './redact.ts'

export type Fields = Readonly<Record<string, unknown>>

/** One thing to tell: stable words and fields for programs, `text` for people. */
export type Line = {
  readonly msg: string
  readonly fields?: Fields
  /** May have several lines. */
  readonly text: string
}

export type Log = {
  say(line: Line): void
  info(msg: string, fields?: Fields): void
  warn(msg: string, fields?: Fields): void
  /** `cause` is told in words, with the words of its own causes. */
  error(msg: string, cause?: unknown, fields?: Fields): void
}

export type LogOptions = {
  readonly format: 'pretty' | 'json'
  /** Taken out of every line. */
  readonly secrets: readonly string[]
  /** Takes a finished line with its line feed. */
  readonly write: (line: string) => void
}

/** Words, not colours: they survive a pipe and a poor terminal. */
const PREFIX: Readonly<Partial<Record<Level, string>>> = { warn: 'Warning: ', error: 'Error: ' }

/** A log that has written each line when the call comes back: nothing is lost at the exit. */
export function createLog({ format, secrets, write }: LogOptions): Log {
  const clean = redactor(secrets)
  const logger = pino(
    {
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (json: string) => write(clean(json)) },
  )
  const put = (level: Level, { msg, fields, text }: Line): void => {
    if (format === 'json') {
      logger[level]({ ...fields }, msg)
    } else {
      const time = new Date().toTimeString().slice(0, 8)
      write(clean(`[${time}] ${PREFIX[level] ?? ''}${text}\n`))
    }
  }
  const plain = (level: Level, msg: string, fields: Fields = {}): void => {
    put(level, { msg, fields, text: [msg, ...Object.entries(fields).map(shown)].join(' ') })
  }
  return {
    say: (line) => put('info', line),
    info: (msg, fields) => plain('info', msg, fields),
    warn: (msg, fields) => plain('warn', msg, fields),
    error: (msg, cause, fields) =>
      plain('error', msg, cause === undefined ? fields : { error: explain(cause), ...fields }),
  }
}

function shown([name, value]: [string, unknown]): string {
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
}

/** What a log keeps at most for a reader that takes nothing, bytes. */
const WAITING_MAX = 1024 * 1024
const LEFT_OUT = 'lines of this log were left out, for nobody took them'

/**
 * Where a log goes by default. A reader that has gone (`flow run | head`) ends the log, not the
 * engine: it still has prints to store. For one that takes nothing for a while lines are left out,
 * and it is told how many once it takes some again.
 */
export function writeTo(
  stream: Writable,
  format: LogOptions['format'] = 'pretty',
): (line: string) => void {
  let leftOut = 0
  stream.on('error', () => {})
  stream.on('drain', () => {
    const count = leftOut
    leftOut = 0
    if (count === 0) return
    const write = (line: string): void => void stream.write(line)
    createLog({ format, secrets: [], write }).warn(LEFT_OUT, { lines: count })
  })
  return (line) => {
    if (!stream.writable) return
    if (stream.writableLength < WAITING_MAX) stream.write(line)
    else leftOut++
  }
}
