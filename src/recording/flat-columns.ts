/** Texts of one row: ticker, conditions, exchange, price, sip_timestamp, size. */
export type Fields = [string, string, string, string, string, string]

const ODD_ROWS_MAX = 1_000_000
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const ABSENT = -(2 ** 31)

/**
 * Rows of a trades_v1 flat file: 44 bytes a row (contract 4, ms 8, ns 4, price 8, size 8,
 * exchange 4, conditions 4, order 4) plus each ticker and condition list once. A row whose fields
 * are no plain numbers is kept as its JSON text, so that the engine can count and name it.
 */
export class FlatColumns {
  count = 0
  #contract = new Uint32Array(0)
  #ms = new Float64Array(0)
  #ns = new Uint32Array(0) // nanoseconds within #ms, 0 to 999,999
  #price = new Float64Array(0)
  #size = new Float64Array(0)
  #exchange = new Int32Array(0)
  #conditions = new Uint32Array(0)
  #order = new Uint32Array(0)
  readonly #tickers: string[] = []
  readonly #tickerIds = new Map<string, number>()
  readonly #conditionTexts: string[] = []
  readonly #conditionIds = new Map<string, number>()
  readonly #oddRows = new Map<number, string>()

  /** Appends a row given as texts. */
  push(fields: Fields): void {
    const [ticker, conditions, exchange, price, time, size] = fields
    const row = this.count
    if (row === this.#ms.length) this.#grow()
    const at = timeOf(time)
    // a row without a time stays beside its neighbour
    this.#ms[row] = at?.ms ?? (row === 0 ? 0 : this.#ms[row - 1]!)
    this.#ns[row] = at?.ns ?? (row === 0 ? 0 : this.#ns[row - 1]!)
    const isPlain =
      at !== null &&
      isNumber(price) &&
      isNumber(size) &&
      (exchange === '' || /^\d{1,9}$/.test(exchange))
    if (isPlain) {
      this.#contract[row] = idOf(ticker, this.#tickerIds, this.#tickers, JSON.stringify)
      this.#price[row] = Number(price)
      this.#size[row] = Number(size)
      this.#exchange[row] = exchange === '' ? ABSENT : Number(exchange)
      this.#conditions[row] = idOf(
        conditions,
        this.#conditionIds,
        this.#conditionTexts,
        conditionsJson,
      )
    } else {
      if (this.#oddRows.size >= ODD_ROWS_MAX) {
        throw new Error(`more than ${ODD_ROWS_MAX} rows without numbers: is this a trades_v1 file?`)
      }
      this.#oddRows.set(row, oddEvent(fields))
    }
    this.count++
  }

  /** Puts the rows in order of sip_timestamp; rows of one time stay as they are in the file. */
  sort(): void {
    const ms = this.#ms
    const ns = this.#ns
    const order = new Uint32Array(this.count)
    let isSorted = true
    for (let i = 0; i < order.length; i++) {
      order[i] = i
      if (i > 0 && (ms[i]! - ms[i - 1]! || ns[i]! - ns[i - 1]!) < 0) isSorted = false
    }
    if (!isSorted) order.sort((a, b) => ms[a]! - ms[b]! || ns[a]! - ns[b]! || a - b)
    this.#order = order
  }

  /** Vendor time of the `index`th row in order of time, epoch ms. */
  time(index: number): number {
    return this.#ms[this.#order[index]!]!
  }

  /** The `index`th row in order of time as the vendor's JSON. */
  event(index: number): string {
    const row = this.#order[index]!
    const odd = this.#oddRows.get(row)
    if (odd !== undefined) return odd
    const x = this.#exchange[row]!
    const c = this.#conditionTexts[this.#conditions[row]!]!
    return (
      `{"ev":"T","sym":${this.#tickers[this.#contract[row]!]!}${x === ABSENT ? '' : `,"x":${x}`}` +
      `,"p":${this.#price[row]!},"s":${this.#size[row]!}${c},"t":${this.#ms[row]!}}`
    )
  }

  #grow(): void {
    const rows = Math.max(1024, Math.ceil(this.#ms.length * 1.5))
    this.#contract = copied(this.#contract, new Uint32Array(rows))
    this.#ms = copied(this.#ms, new Float64Array(rows))
    this.#ns = copied(this.#ns, new Uint32Array(rows))
    this.#price = copied(this.#price, new Float64Array(rows))
    this.#size = copied(this.#size, new Float64Array(rows))
    this.#exchange = copied(this.#exchange, new Int32Array(rows))
    this.#conditions = copied(this.#conditions, new Uint32Array(rows))
  }
}

function copied<T extends Uint32Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function idOf(
  text: string,
  ids: Map<string, number>,
  texts: string[],
  encode: (text: string) => string,
): number {
  const known = ids.get(text)
  if (known !== undefined) return known
  ids.set(text, texts.length)
  return texts.push(encode(text)) - 1
}

/**
 * Nanoseconds as text, up to 19 digits: more than a double holds, so cut as text. Epoch ms, floored
 * as the feed's own times are, and the nanoseconds within it. Null: no time.
 */
export function timeOf(text: string): { ms: number; ns: number } | null {
  const whole = text.replace(/\.0*$/, '')
  if (/^\d{1,21}$/.test(whole)) {
    const cut = Math.max(0, whole.length - 6)
    return { ms: Number(whole.slice(0, cut)), ns: Number(whole.slice(cut)) }
  }
  const value = text === '' ? NaN : Number(text) // 1.7e18, as spreadsheets write it
  return value >= 0 && value < 1e21 ? { ms: Math.floor(value / 1e6), ns: 0 } : null
}

/** The ids in `227`, `227 209` or `227,209`; none in an empty text. */
export function conditionIds(text: string): string[] {
  return text.split(/[\s,;]+/).filter((id) => id !== '')
}

/** `,"c":[227,209]`; empty for no condition. */
function conditionsJson(text: string): string {
  const ids = conditionIds(text)
  return ids.length === 0 ? '' : `,"c":[${ids.map(numberOrText).join(',')}]`
}

function oddEvent([ticker, conditions, exchange, price, time, size]: Fields): string {
  const at = timeOf(time)
  const x = exchange === '' ? '' : `,"x":${numberOrText(exchange)}`
  return (
    `{"ev":"T","sym":${JSON.stringify(ticker)}${x},"p":${numberOrText(price)}` +
    `,"s":${numberOrText(size)}${conditionsJson(conditions)}` +
    `,"t":${at === null ? JSON.stringify(time) : at.ms}}`
  )
}

/** A number of JSON that a double holds: 1e400 would come back as a word that is no JSON. */
export function isNumber(text: string): boolean {
  return JSON_NUMBER.test(text) && Number.isFinite(Number(text))
}

function numberOrText(text: string): string {
  return JSON_NUMBER.test(text) ? text : JSON.stringify(text)
}
