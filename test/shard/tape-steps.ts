import { type RunOptions, runTape } from '../model/run-tape.ts'
import type { ModelRow, Settings, TapeFrame } from '../model/types.ts'

/** A Monday, 10:00 in New York; offsets below are ms from here, of event time and reading clock. */
export const START = Date.UTC(2026, 7, 24, 14)
export const SYM = 'O:QQQ260828C00500000'
export const OTHER = 'O:QQQ260828P00400000'
/** A print of `trade` is worth 11,000 dollars. */
export const SETTINGS: Settings = {
  rules: 'opra',
  symbols: new Set(['QQQ']),
  minSize: 1,
  windowMs: 500,
  quoteMaxAgeMs: 5000,
  lookupPremium: 11_000,
}

type Event = Readonly<Record<string, unknown>>

/** A frame that is read at `ms` of the reading clock; evidence begins with its kind. */
export const frame = (ms: number, ...events: readonly Event[]): TapeFrame => ({
  recv: START + ms + 5,
  clock: ms,
  frame: JSON.stringify(events.map((event) => ({ ev: event.ev, sym: SYM, ...event }))),
})

/** 100 contracts at 1.10; the sequence is its offset plus 1. */
export const trade = (ms: number, more: Event = {}): Event => ({
  ...{ ev: 'T', x: 302, p: 1.1, s: 100, t: START + ms, q: ms + 1 },
  ...more,
})

/** 1.00 to 1.10. */
export const quote = (ms: number, more: Event = {}): Event => ({
  ...{ ev: 'Q', bx: 302, ax: 313, bp: 1, ap: 1.1, bs: 7, as: 9, t: START + ms, q: 1 },
  ...more,
})

/** The answer for a print of `asked`: 1.00 to 1.10 since 40 ms before. */
export const nbbo = (asked: number, more: Event = {}): Event => ({
  ...{ ev: 'flow.nbbo', at: START + asked, t: START + asked - 40 },
  ...{ bp: 1, ap: 1.1, bs: 7, as: 9 },
  ...more,
})

export const noAnswer = (asked: number, more: Event = {}): Event => ({
  ...{ ev: 'flow.nbbo', at: START + asked },
  ...more,
})

export type Played = ReturnType<typeof play>

/** What becomes of the frames, with the rows by the offset of their print. */
export function play(
  frames: readonly TapeFrame[],
  settings: Partial<Settings> = {},
  options: Partial<RunOptions> = {},
) {
  const run = runTape(frames, { ...SETTINGS, ...settings }, { shards: 1, ...options })
  const at = new Map(run.rows.map((row) => [row.sequence! - 1, row]))
  return { ...run, row: (ms: number): ModelRow | undefined => at.get(ms) }
}

/** What a row says of its quote. */
export const signed = (row: ModelRow | undefined) => [row?.side, row?.quoteSource, row?.revision]

export const IN_TIME = ['BUY', 'rest', 0]
export const LATE = ['BUY', 'rest', 1]
export const UNSIGNED = ['UNKNOWN', null, 0]
