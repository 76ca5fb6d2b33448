import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { CsvError, type Info, parse } from 'csv-parse'
import { underlyingOf } from '../domain/contract.ts'
import { timeOfText } from '../flow/time-text.ts'
import type { Signal } from './signal.ts'

/** A context is asked for each: at some milliseconds each this is half an hour. */
export const SIGNALS_MAX = 100_000
/** Bytes of a row. */
const ROW_BYTES_MAX = 4_096
const DETECTOR_LENGTH_MAX = 64
const DETECTORS_MAX = 200
const PNL_MAX = 1e12
/** Bad rows told one by one; the rest in number. */
const PROBLEMS_MAX = 20
/** Characters of a value that a message shows. */
const SHOWN_MAX = 60

const REQUIRED = ['detector', 'symbol', 'timestamp', 'direction', 'score', 'pnl'] as const
const OPTIONAL = 'exit_timestamp'

/** The file as a whole is no signals file, or too large; the message says what was expected. */
export class SignalFileError extends Error {
  override readonly name = 'SignalFileError'
}

export type SignalFile = {
  /** In the order of the file. */
  readonly signals: readonly Signal[]
  /** Rows that were left out. */
  readonly badRows: number
  /** What is wrong with the first of them, with the line number. */
  readonly problems: readonly string[]
  /** Rows of the same detector, symbol, time and direction as an earlier one. Each counts. */
  readonly repeated: number
  /** Line of the first such row and of the row that it repeats. */
  readonly firstRepeat: readonly [line: number, earlier: number] | null
}

/**
 * Reads a CSV of signals: columns by header name, in any order; others are passed over. A row that
 * is wrong is left out and told. Throws SignalFileError for a wrong header, a row that is too long
 * (a quote that is never closed makes one) and too many rows.
 */
export async function readSignals(path: string, rowsMax = SIGNALS_MAX): Promise<SignalFile> {
  const rows = new SignalRows(rowsMax)
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: ROW_BYTES_MAX,
  })
  try {
    await pipeline(createReadStream(path), parser, async (records) => {
      for await (const { record, info } of records as AsyncIterable<Read>) {
        rows.take(record, info.lines)
      }
    })
  } catch (error) {
    if (error instanceof CsvError) throw new SignalFileError(unreadable(path, error))
    if (error instanceof SignalFileError) throw new SignalFileError(`${path}: ${error.message}`)
    throw error
  }
  return rows.result(path)
}

type Read = { readonly record: readonly string[]; readonly info: Info }

/** Collects what the rows say. */
class SignalRows {
  readonly #rowsMax: number
  #columns: ReadonlyMap<string, number> | null = null
  readonly #signals: Signal[] = []
  readonly #problems: string[] = []
  #badRows = 0
  readonly #detectors = new Set<string>()
  readonly #lines = new Map<string, number>()
  #repeated = 0
  #firstRepeat: readonly [number, number] | null = null

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax
  }

  take(record: readonly string[], line: number): void {
    if (this.#columns === null) {
      this.#columns = columnsOf(record)
      return
    }
    if (this.#signals.length + this.#badRows >= this.#rowsMax) {
      const most = this.#rowsMax.toLocaleString('en-US')
      throw new SignalFileError(`expected at most ${most} rows, came more: split the file`)
    }
    const columns = this.#columns
    const signal = signalOf((name) => record[columns.get(name) ?? -1] ?? '')
    if (typeof signal === 'string') {
      this.#badRows++
      if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(`line ${line}: ${signal}`)
      return
    }
    this.#detectors.add(signal.detector)
    if (this.#detectors.size > DETECTORS_MAX) {
      throw new SignalFileError(
        `expected at most ${DETECTORS_MAX} detectors, came more: is the column detector right?`,
      )
    }
    this.#signals.push(signal)
    this.#noteRepeat(signal, line)
  }

  result(path: string): SignalFile {
    if (this.#columns === null) {
      throw new SignalFileError(
        `${path}: expected a header with ${REQUIRED.join(',')}, came an empty file`,
      )
    }
    return {
      signals: this.#signals,
      badRows: this.#badRows,
      problems: this.#problems,
      repeated: this.#repeated,
      firstRepeat: this.#firstRepeat,
    }
  }

  #noteRepeat({ detector, symbol, timestamp, direction }: Signal, line: number): void {
    const key = `${timestamp} ${direction} ${symbol} ${detector}`
    const earlier = this.#lines.get(key)
    if (earlier === undefined) {
      this.#lines.set(key, line)
      return
    }
    this.#repeated++
    this.#firstRepeat ??= [line, earlier]
  }
}

function columnsOf(header: readonly string[]): ReadonlyMap<string, number> {
  const names = header.map((name) => name.toLowerCase())
  const missing = REQUIRED.filter((name) => !names.includes(name))
  const has = shown(names.join(', '), 300)
  if (missing.length > 0) {
    throw new SignalFileError(
      `expected a header with ${REQUIRED.join(',')}; it lacks ${missing.join(', ')} (it has ${has})`,
    )
  }
  const known = [...REQUIRED, OPTIONAL]
  const twice = known.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (twice !== undefined) {
    throw new SignalFileError(`expected each column once, came ${twice} twice (it has ${has})`)
  }
  return new Map(known.filter((name) => names.includes(name)).map((n) => [n, names.indexOf(n)]))
}

/** The signal, or in words why the row is none. */
function signalOf(field: (name: string) => string): Signal | string {
  const detector = field('detector')
  if (!/^\P{C}+$/u.test(detector) || detector.length > DETECTOR_LENGTH_MAX) {
    return `detector: expected 1 to ${DETECTOR_LENGTH_MAX} printable characters, came ${shown(detector)}`
  }
  const symbol = field('symbol').toUpperCase()
  if (!/^[A-Z][A-Z0-9]{0,5}$/.test(symbol)) {
    return `symbol: expected an underlying such as SPX, came ${shown(symbol)}`
  }
  const timestamp = timeOfText(field('timestamp'))
  if (typeof timestamp === 'string') return `timestamp: ${shown(timestamp, 150)}`
  const direction = field('direction').toUpperCase()
  if (direction !== 'LONG' && direction !== 'SHORT') {
    return `direction: expected LONG or SHORT, came ${shown(direction)}`
  }
  const score = numberOf(field('score'))
  if (!(score >= 0 && score <= 100)) {
    return `score: expected a number from 0 to 100, came ${shown(field('score'))}`
  }
  const pnl = numberOf(field('pnl'))
  if (!(Math.abs(pnl) <= PNL_MAX)) {
    return `pnl: expected a number without unit or thousands mark, came ${shown(field('pnl'))}`
  }
  const exit = field(OPTIONAL) === '' ? null : timeOfText(field(OPTIONAL))
  if (typeof exit === 'string') return `${OPTIONAL}: ${shown(exit, 150)}`
  if (exit !== null && exit < timestamp) return `${OPTIONAL}: expected no earlier than timestamp`
  return {
    detector,
    symbol: underlyingOf(symbol),
    timestamp,
    direction,
    score,
    pnl,
    exitTimestamp: exit,
  }
}

/** NaN for what is no plain decimal number. */
function numberOf(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : NaN
}

function unreadable(path: string, { code, message, ...error }: CsvError): string {
  const at = typeof error.lines === 'number' ? ` (near line ${error.lines})` : ''
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return `${path}: expected rows of at most ${ROW_BYTES_MAX} bytes, came a longer one${at}: is a quote not closed?`
  }
  if (code === 'CSV_QUOTE_NOT_CLOSED') return `${path}: a quote is not closed${at}`
  return `${path}: no readable CSV: ${shown(message, 200)}`
}

/** A value of the file in a message: printable, and not too long. */
function shown(text: string, max = SHOWN_MAX): string {
  const clean = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
  if (clean === '') return 'nothing'
  return clean.length > max ? `${clean.slice(0, max)}...` : clean
}
