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

export type LogFormat = 'pretty' | 'json'

export type Log = {
  say(line: Line): void
  info(msg: string, fields?: Fields): void
  warn(msg: string, fields?: Fields): void
  /** `cause` is told in words, with the words of its own causes. */
  error(msg: string, cause?: unknown, fields?: Fields): void
  /** Resolves once who reads the log has taken it, at the latest after a second. */
  flush(): Promise<void>
}

export type LogOptions = {
  readonly format: LogFormat
  /** Taken out of every line. */
  readonly secrets: readonly string[]
  /** Takes a finished line with its line feed. */
  readonly write: (line: string) => void
  /** See Log; left out: what is written is taken. */
  readonly flush?: () => Promise<void>
}

/** Words, not colours: they survive a pipe and a poor terminal. */
const PREFIX: Readonly<Partial<Record<Level, string>>> = { warn: 'Warning: ', error: 'Error: ' }

/** A log that has given each line away when the call comes back. */
export function createLog({ format, secrets, write, flush }: LogOptions): Log {
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
    flush: async () => flush?.(),
  }
}

function shown([name, value]: [string, unknown]): string {
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
}
