import { seeded } from './random.ts'

/** How many events one frame holds. */
export type Shape = { readonly prints: number; readonly quotes: number }

/** Prints of one round of a tape, after which it begins anew with later times and sequences. */
export const ROUND_PRINTS = 65_536
/** Event time of one round, ms: 100 prints a millisecond, and the rest of the second is quiet. */
export const ROUND_MS = 1000

const PRINTS_PER_MS = 100
/** 14:30 UTC, the open of a Friday in winter. */
export const TAPE_START = Date.UTC(2025, 10, 21, 14, 30)
/** The first four digits of a sequence name the round, and the seconds of `t` go up with it. */
const FIRST_ROUND_DIGITS = 1000
const SEQUENCE_ROUND = 10_000_000
const ROUNDS_MAX = 4_000

const ROOTS = ['SPXW', 'SPX', 'SPY', 'QQQ', 'IWM', 'NDX', 'NDXP', 'SPY']
const EXCHANGES = [300, 301, 302, 304, 308, 312, 313, 316, 322, 323, 325]
const CONDITIONS = [209, 209, 209, 209, 227, 227, 232, 233, 219]

/** A frame of the tape, with the places of the digits that each round changes. */
export type TapeFrame = {
  readonly json: Buffer
  /** Where the four lowest digits of the seconds of each `t` stand. */
  readonly secondsAt: readonly number[]
  /** Where the four digits of the round in each `q` stand. */
  readonly roundAt: readonly number[]
}

/**
 * One round of vendor-shaped frames: every symbol watched, a contract's quotes ahead of its
 * prints.
 */
export function tapeOf({ prints, quotes }: Shape, contracts = 4_000): TapeFrame[] {
  const random = seeded(7)
  const tickers = Array.from({ length: contracts }, (_, i) => tickerOf(i))
  const mids = tickers.map(() => 50 + Math.floor(random() * 20_000)) // cents
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const contractAt = (): number => Math.floor(random() ** 2 * contracts)
  let made = 0
  let sequence = FIRST_ROUND_DIGITS * SEQUENCE_ROUND
  const tail = (): string => {
    const t = TAPE_START + Math.floor(made / PRINTS_PER_MS)
    return `"t":${t},"q":${sequence++}}`
  }
  const print = (): string => {
    const contract = contractAt()
    const price = (mids[contract]! + Math.floor(random() * 5) * 5 - 10) / 100
    const size = 1 + Math.floor(random() ** 8 * 200)
    made++
    return (
      `{"ev":"T","sym":"${tickers[contract]}","x":${pick(EXCHANGES)},"p":${price},"s":${size}` +
      `,"c":[${pick(CONDITIONS)}],${tail()}`
    )
  }
  const quote = (): string => {
    const contract = contractAt()
    const [bid, ask] = [(mids[contract]! - 5) / 100, (mids[contract]! + 5) / 100]
    const size = (): number => Math.floor(random() * 500)
    return (
      `{"ev":"Q","sym":"${tickers[contract]}","bx":${pick(EXCHANGES)},"ax":${pick(EXCHANGES)}` +
      `,"bp":${bid},"ap":${ask},"bs":${size()},"as":${size()},${tail()}`
    )
  }
  return Array.from({ length: ROUND_PRINTS / prints }, () =>
    frameOf([...Array.from({ length: quotes }, quote), ...Array.from({ length: prints }, print)]),
  )
}

function frameOf(events: readonly string[]): TapeFrame {
  const secondsAt: number[] = []
  const roundAt: number[] = []
  let json = '['
  for (const [i, event] of events.entries()) {
    json += i === 0 ? event : `,${event}`
    const q = json.length - 1 - String(SEQUENCE_ROUND * FIRST_ROUND_DIGITS).length
    roundAt.push(q)
    secondsAt.push(q - ',"q":'.length - 'ssssmmm'.length)
  }
  return { json: Buffer.from(`${json}]`), secondsAt, roundAt }
}

/** Every third contract is close to the money of nobody: only the ticker matters here. */
export function tickerOf(index: number): string {
  const root = ROOTS[index % ROOTS.length]!
  const day = String(1 + ((index >> 3) % 28)).padStart(2, '0')
  const year = 26 + ((index >> 3) % 5)
  const strike = String(1_000 + index).padStart(8, '0')
  return `O:${root}${year}06${day}${index % 3 === 0 ? 'P' : 'C'}${strike}`
}

/** Number of a print since the start of round `round`, in a tape without quotes. */
export function printNumber(sequence: number, round: number): number {
  const rounds = Math.floor(sequence / SEQUENCE_ROUND) - FIRST_ROUND_DIGITS - round
  return rounds * ROUND_PRINTS + (sequence % SEQUENCE_ROUND)
}

/** The digits that `stamp` writes in one round, 0 to ROUNDS_MAX. */
export function roundDigits(round: number): { readonly seconds: Buffer; readonly round: Buffer } {
  if (round > ROUNDS_MAX) throw new Error(`a tape has at most ${ROUNDS_MAX} rounds`)
  const seconds = String(Math.floor(TAPE_START / 1000) + round).slice(-4)
  return { seconds: Buffer.from(seconds), round: Buffer.from(`${FIRST_ROUND_DIGITS + round}`) }
}

/** Moves the events in `bytes` to a later round: no print of it has been seen before. */
export function stamp(
  bytes: Uint8Array,
  frame: Pick<TapeFrame, 'secondsAt' | 'roundAt'>,
  digits: ReturnType<typeof roundDigits>,
): void {
  put(bytes, frame.secondsAt, digits.seconds)
  put(bytes, frame.roundAt, digits.round)
}

function put(bytes: Uint8Array, places: readonly number[], digits: Buffer): void {
  const [a, b, c, d] = digits
  for (let i = 0; i < places.length; i++) {
    const at = places[i]!
    bytes[at] = a!
    bytes[at + 1] = b!
    bytes[at + 2] = c!
    bytes[at + 3] = d!
  }
}
