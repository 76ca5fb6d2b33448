import type { SyntheticEvent } from '../../src/simulator/synthetic.ts'
import { SyntheticTape } from '../../src/simulator/synthetic.ts'
import { eventJson } from '../../src/simulator/wire.ts'

/** Time of one round of the tape, ms. All contracts of the run are in its first round. */
export const ROUND_MS = 20_000
/** Watched by the engine as it comes, and one that it filters. */
const SYMBOLS = ['SPX', 'NDX', 'SPY', 'QQQ', 'IWM', 'TSLA']
const EVENTS_PER_FRAME_MAX = 32
/** A frame holds no more than the events of so many ms. */
const FRAME_MS_MAX = 4
/** Share of prints that are sent twice. */
const RESENDS = 0.001

const TIME_DIGITS = 13
const SEQUENCE_DIGITS = 12
/** First sequence of all; with 12 digits a frame never changes its length. */
const SEQUENCE_START = 100_000_000_000
/** Added each round; more than one round of a contract uses, and enough rounds for days. */
const SEQUENCE_ROUND = 20_000_000

/** One frame of a round, to be sent again in each round with later times and sequences. */
export type SoakFrame = {
  /** When it is due, ms after the start of the round. */
  readonly dueMs: number
  readonly json: Buffer
  readonly prints: number
  readonly quotes: number
  /** Place of the digits of `q` of each event; those of `t` stand at a fixed distance before. */
  readonly sequenceAt: Uint32Array
  readonly sequences: Float64Array
  /** Vendor time, ms after the start of the round; below 0 for what is reported late. */
  readonly timesMs: Int32Array
}

export type SoakTape = {
  readonly frames: readonly SoakFrame[]
  readonly prints: number
  readonly quotes: number
  readonly contracts: number
}

/**
 * One round of the simulator's synthetic market with `rate` prints a second on average:
 * sweeps, splits, packages, late prints, cancels and prints that are sent twice, in bursts.
 */
export function soakTape(rate: number, quotesPerPrint: number): SoakTape {
  const start = Date.now()
  const options = { start, rate, quotesPerPrint, resends: RESENDS, symbols: SYMBOLS }
  const tape = new SyntheticTape(options)
  const wanted = Math.round((rate * ROUND_MS) / 1000)
  const tickers = new Set<string>()
  const frames: RawFrame[] = []
  let open: RawFrame = { from: 0, at: 0, events: [] }
  let prints = 0
  let quotes = 0
  while (prints < wanted) {
    const at = Math.max(open.at, tape.time - start)
    const isFull = open.events.length >= EVENTS_PER_FRAME_MAX || at - open.from >= FRAME_MS_MAX
    if (isFull && open.events.length > 0) {
      frames.push(open)
      open = { from: at, at, events: [] }
    }
    open.at = at
    const before = open.events.length
    tape.take(open.events)
    for (const { kind, contract } of open.events.slice(before)) {
      tickers.add(contract.ticker)
      if (kind === 'T') prints++
      else quotes++
    }
  }
  frames.push(open)
  // the market is drawn at random: its time is stretched a little to give the rate asked for
  const stretch = (ROUND_MS - 1) / Math.max(1, open.at)
  const made = frames.map((frame) => frameOf(frame, start, stretch))
  return { frames: made, prints, quotes, contracts: tickers.size }
}

/** `at`: when its last event happened, ms after the start. */
type RawFrame = { readonly from: number; at: number; readonly events: SyntheticEvent[] }

function frameOf({ at, events }: RawFrame, start: number, stretch: number): SoakFrame {
  const sequenceAt = new Uint32Array(events.length)
  const sequences = new Float64Array(events.length)
  const timesMs = new Int32Array(events.length)
  let text = '['
  let prints = 0
  for (const [i, event] of events.entries()) {
    const sequence = SEQUENCE_START + event.sequence
    const json = eventJson({ ...event, time: 10 ** (TIME_DIGITS - 1), sequence })
    text += i === 0 ? json : `,${json}`
    sequenceAt[i] = text.length - 1 - SEQUENCE_DIGITS
    sequences[i] = sequence
    timesMs[i] = Math.round((event.time - start) * stretch)
    if (event.kind === 'T') prints++
  }
  return {
    dueMs: at * stretch,
    json: Buffer.from(`${text}]`),
    prints,
    quotes: events.length - prints,
    sequenceAt,
    sequences,
    timesMs,
  }
}

/** A copy of the frame as of round `round`, which began at `startAt`, epoch ms. */
export function rendered(frame: SoakFrame, round: number, startAt: number): Buffer {
  const bytes = Buffer.from(frame.json)
  const { sequenceAt, sequences, timesMs } = frame
  for (let i = 0; i < sequenceAt.length; i++) {
    const at = sequenceAt[i]!
    put(bytes, at, SEQUENCE_DIGITS, sequences[i]! + round * SEQUENCE_ROUND)
    put(bytes, at - ',"q":'.length - TIME_DIGITS, TIME_DIGITS, startAt + timesMs[i]!)
  }
  return bytes
}

/** Writes the decimal digits of a whole number that has exactly so many. */
function put(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let place = at + digits - 1; place >= at; place--) {
    const next = Math.floor(rest / 10)
    bytes[place] = 0x30 + (rest - next * 10)
    rest = next
  }
}
