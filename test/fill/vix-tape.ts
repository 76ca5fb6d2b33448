import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { ContractTape, TapePrint, TapeQuote } from '../../src/fill/tape.ts'

/** Two hours of all VIX options (test/fixtures/tapes/README.md). */
export const VIX = fileURLToPath(
  new URL('../fixtures/tapes/vix-2016-06-01-morning.frames.jsonl.gz', import.meta.url),
)

export type Line = { readonly recv: number; readonly frame: string }

type Event = {
  readonly ev: string
  readonly sym: string
  readonly t: number
  readonly p: number
  readonly s: number
  readonly x?: number
  readonly c?: number[]
  readonly q?: number
  readonly bp: number
  readonly ap: number
  readonly bs: number
  readonly as: number
}

export function linesOf(file: string): Line[] {
  const text = gunzipSync(readFileSync(file)).toString()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/**
 * The lines with one quote a contract and ms, the first: an archive does not tell which of two came
 * before a print of the same ms.
 */
export function withOneQuoteAMs(lines: readonly Line[]): Line[] {
  const seen = new Set<string>()
  return lines.map(({ recv, frame }) => {
    const events = (JSON.parse(frame) as Event[]).filter(({ ev, sym, t }) => {
      const key = `${sym} ${t}`
      const isFirst = ev !== 'Q' || !seen.has(key)
      seen.add(key) // also of a print: a quote behind it counts for the next ms
      return isFirst
    })
    return { recv, frame: JSON.stringify(events) }
  })
}

/** The lines with the prints of an interval (epoch ms, both included) left out; quotes stay. */
export function cut(lines: readonly Line[], from: number, to: number): Line[] {
  return lines.map(({ recv, frame }) => {
    const events = (JSON.parse(frame) as Event[]).filter(({ ev, t }) => {
      return ev !== 'T' || t < from || t > to
    })
    return { recv, frame: JSON.stringify(events) }
  })
}

/** The tape of each contract, and its quotes. */
export function tapesOf(
  lines: readonly Line[],
): { readonly tape: ContractTape; readonly quotes: readonly TapeQuote[] }[] {
  const events = lines.flatMap(({ frame }) => JSON.parse(frame) as Event[])
  const tickers = [...new Set(events.map(({ sym }) => sym))].sort()
  return tickers.map((ticker) => {
    const own = events.filter(({ sym }) => sym === ticker)
    const prints: TapePrint[] = own
      .filter(({ ev }) => ev === 'T')
      .map(({ t, p, s, x, c, q }) => ({ t, p, s, x: x ?? null, c: c ?? [], q: q ?? null }))
    const quotes: TapeQuote[] = own
      .filter(({ ev }) => ev === 'Q')
      .map(({ t, bp, ap, bs, as }) => ({ t, bp, ap, bs, as }))
    return { tape: { ticker, prints }, quotes }
  })
}
