import { startOfNewYorkDay } from '../domain/new-york.ts'
import { conditionIds, type Fields, isNumber, timeOf } from '../recording/flat-columns.ts'
import { readFlatRows } from '../recording/read.ts'
import { type ContractTape, TAPE_PRINTS_MAX, type TapePrint, TapeTooLongError } from './tape.ts'
import { ContractRows } from './tape-rows.ts'

/** With so many rows and none of the day, it is the file of another day. */
const STRANGE_ROWS_MAX = 10_000

export type FlatTapesOptions = {
  /** Bytes of the file that are read, of all of them. */
  readonly onProgress?: (done: number, total: number) => void
  /** Default TAPE_PRINTS_MAX. */
  readonly printsMax?: number
  /**
   * At the end of the file: false where it is cut off, damaged, or has no row of the day, so that
   * contracts may be missing of which nothing was seen.
   */
  readonly onEnd?: (isWhole: boolean) => void
}

/** What was left out, in words for a user; with the contract if it is a whole contract. */
export type OnFlatProblem = (problem: string, leftOut: string | null) => void

/**
 * The tapes of a day's flat file trades_v1 (CSV or CSV.gz), contract after contract, one of them in
 * memory: the vendor sorts the file by ticker. Each print has `q` null, because the file has no
 * sequence (nor a receive time): equal rows are equal prints, as many as there are rows; `t` is
 * `sip_timestamp` floored to ms, as the feed's own times are.
 *
 * Left out and told: contracts longer than `printsMax`, rows that are no prints or of another day,
 * and, where the file is cut off, the contract that it breaks off in. Throws for a file that is no
 * flat file, of another day, or not sorted by ticker. `day`: New York date, days since 1970-01-01.
 */
export async function* flatTapes(
  path: string,
  wants: (ticker: string) => boolean,
  day: number,
  onProblem: OnFlatProblem,
  options: FlatTapesOptions = {},
): AsyncGenerator<ContractTape> {
  const reader = new FlatTapeReader(path, wants, day, onProblem, options.printsMax)
  let isCut = false
  const rows = readFlatRows(path, {
    onProblem: (problem) => {
      isCut = true
      onProblem(problem, null)
    },
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  })
  for await (const batch of rows) {
    for (const fields of batch) {
      const tape = reader.read(fields)
      if (tape !== null) yield tape
    }
  }
  const last = reader.end(isCut)
  if (last !== null) yield last
  options.onEnd?.(!isCut && reader.hasDay)
}

/** Owns the contract that is being read and the names of those that are done. */
class FlatTapeReader {
  readonly #path: string
  readonly #wants: (ticker: string) => boolean
  readonly #onProblem: OnFlatProblem
  readonly #printsMax: number
  /** First ms of the day and first ms after it. */
  readonly #start: number
  readonly #end: number
  /** Wanted contracts that the file has come to the end of. */
  readonly #done = new Set<string>()
  #ticker = ''
  #isWanted = false
  /** Null: the contract is not wanted, or it is left out. */
  #rows: ContractRows | null = null
  #broken = 0
  #ofOtherDays = 0
  #ofDay = 0

  constructor(
    path: string,
    wants: (ticker: string) => boolean,
    day: number,
    onProblem: OnFlatProblem,
    printsMax: number = TAPE_PRINTS_MAX,
  ) {
    this.#path = path
    this.#wants = wants
    this.#onProblem = onProblem
    this.#printsMax = printsMax
    this.#start = startOfNewYorkDay(day)
    this.#end = startOfNewYorkDay(day + 1)
  }

  /** Whether a row of the day came, also one of a contract that is not wanted. */
  get hasDay(): boolean {
    return this.#ofDay > 0
  }

  /** Takes a row; gives the tape of the contract that it is the first row after. */
  read(fields: Fields): ContractTape | null {
    const ticker = fields[0]
    const finished = ticker === this.#ticker ? null : this.#begin(ticker)
    this.#push(fields)
    return finished
  }

  /** After the last row: the tape of the last contract, if it is whole. */
  end(isCut: boolean): ContractTape | null {
    if (isCut && this.#rows !== null) {
      const { ticker } = this.#rows
      this.#onProblem(`the file breaks off in ${ticker}: left out, with all that follow`, ticker)
      this.#rows = null
    }
    const finished = this.#finish()
    if (this.#ofDay === 0 && this.#ofOtherDays > 0) throw this.#wrongDay()
    if (!this.hasDay) this.#onProblem('the file has no print of the day', null)
    if (this.#broken > 0) {
      this.#onProblem(`${this.#broken} rows are no prints: left out`, null)
    }
    if (this.#ofOtherDays > 0) {
      this.#onProblem(`${this.#ofOtherDays} rows are of another day: left out`, null)
    }
    return finished
  }

  #begin(ticker: string): ContractTape | null {
    const finished = this.#finish()
    this.#ticker = ticker
    this.#isWanted = this.#wants(ticker)
    if (!this.#isWanted) return finished
    if (this.#done.has(ticker)) {
      throw new Error(
        `${this.#path}: expected all rows of a contract together, came ${ticker} again after ` +
          'others; sort the file by ticker, as the vendor does',
      )
    }
    this.#rows = new ContractRows(ticker, this.#printsMax)
    return finished
  }

  #finish(): ContractTape | null {
    const rows = this.#rows
    this.#rows = null
    if (this.#isWanted) this.#done.add(this.#ticker)
    if (rows === null) return null
    const tape = rows.tape()
    return tape.prints.length === 0 ? null : tape
  }

  #push(fields: Fields): void {
    const time = timeOf(fields[4])
    if (time !== null && (time.ms < this.#start || time.ms >= this.#end)) {
      this.#ofOtherDays++
      if (this.#ofDay === 0 && this.#ofOtherDays >= STRANGE_ROWS_MAX) throw this.#wrongDay()
      return
    }
    if (time !== null) this.#ofDay++
    if (this.#rows === null) return
    const print = time === null ? null : printOf(fields, time.ms)
    if (print === null || time === null) {
      this.#broken++
      return
    }
    try {
      this.#rows.push(print, time.ns)
    } catch (error) {
      if (!(error instanceof TapeTooLongError)) throw error
      this.#rows = null
      this.#onProblem(error.message, error.ticker)
    }
  }

  #wrongDay(): Error {
    const date = new Date(this.#start).toISOString().slice(0, 10)
    return new Error(
      `${this.#path}: expected the prints of ${date}, came those of another day; name the file ` +
        'of that day, or the day of the file',
    )
  }
}

/** Null for a row without a price, size or exchange that is a number, or with strange conditions. */
function printOf(fields: Fields, t: number): TapePrint | null {
  const [, conditions, exchange, price, , size] = fields
  const c = conditionIds(conditions)
  if (!isNumber(price) || !isNumber(size) || !c.every(isId)) return null
  if (exchange !== '' && !isId(exchange)) return null
  const x = exchange === '' ? null : Number(exchange)
  return { t, p: Number(price), s: Number(size), x, c: c.map(Number), q: null }
}

function isId(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}
