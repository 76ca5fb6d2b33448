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

/**
 * Where a log goes by default. A reader that has gone (`flow run | head`) ends the log, not the
 * engine: it still has prints to store.
 */
export function writeTo(stream: NodeJS.WritableStream): (line: string) => void {
  stream.on('error', () => {})
  return (line) => {
    if (stream.writable) stream.write(line)
  }
}
