import { daysFromCivil } from './new-york.ts'

/** Shares a contract stands for, until a source says otherwise (rules.md, premium). */
export const CONTRACT_MULTIPLIER = 100

export type Contract = {
  /** As the vendor writes it: `O:SPXW251219C06475000`. */
  readonly ticker: string
  /** OCC root, 1 to 6 letters and digits, first a letter: `SPXW`. */
  readonly root: string
  /** What the root is an option on: `SPX`. */
  readonly underlying: string
  /** Expiration as days since 1970-01-01. */
  readonly expirationDay: number
  readonly isCall: boolean
  /** Strike in 1/1,000 dollar, as OCC writes it: 6475000. */
  readonly strikeMills: number
}

/** Roots that trade on another name's underlying (rules.md, Underlying). */
const UNDERLYING_OF_ROOT: Readonly<Record<string, string>> = {
  SPXW: 'SPX',
  SPXPM: 'SPX',
  NDXP: 'NDX',
  VIXW: 'VIX',
  RUTW: 'RUT',
}

const OCC_TAIL = 15 // YYMMDD, C or P, 8 strike digits
const ROOT_MAX = 6

/** The underlying of a root: index roots by table, an adjusted series (AAPL1) by its root. */
export function underlyingOf(root: string): string {
  const plain = root.replace(/\d+$/, '')
  return UNDERLYING_OF_ROOT[plain] ?? plain
}

/** Whether a root is an adjusted series (AAPL1): it delivers something else than its root does. */
export function isAdjusted(root: string): boolean {
  return /\d$/.test(root)
}

/**
 * Parses `O:` + root + YYMMDD + C|P + strike in mills, from the right, because roots may hold
 * digits. Null for anything else: a date that the calendar does not have, 9 strike digits, lower
 * case. Source: OCC symbology as the vendor writes it (no space padding).
 */
export function parseContract(ticker: string): Contract | null {
  const tail = ticker.length - OCC_TAIL
  if (tail < 3 || tail > 2 + ROOT_MAX || !ticker.startsWith('O:')) return null
  const root = ticker.slice(2, tail)
  if (!/^[A-Z][A-Z0-9]*$/.test(root)) return null
  const match = /^(\d\d)(\d\d)(\d\d)([CP])(\d{8})$/.exec(ticker.slice(tail))
  if (match === null) return null
  const year = 2000 + Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  if (!isRealDate(year, month, day)) return null
  return {
    ticker,
    root,
    underlying: underlyingOf(root),
    expirationDay: daysFromCivil(year, month, day),
    isCall: match[4] === 'C',
    strikeMills: Number(match[5]),
  }
}

/** Whether the calendar has this date. Month 1 to 12. */
export function isRealDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  if (month === 2) {
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
    return day <= (leap ? 29 : 28)
  }
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
}
