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
 * The lines with one quote a contract and ms, the first, and sequences in the order of the tape: an
 * archive does not tell which of two quotes came before a print of the same ms, and orders prints of
 * one instant by their sequence, which in this tape were made up.
 */
export function inArchiveOrder(lines: readonly Line[]): Line[] {
  const seen = new Set<string>()
  let sequence = 0
  return lines.map(({ recv, frame }) => {
    const events = (JSON.parse(frame) as Event[]).filter(({ ev, sym, t }) => {
      const key = `${sym} ${t}`
      const isFirst = ev !== 'Q' || !seen.has(key)
      seen.add(key) // also of a print: a quote behind it counts for the next ms
      return isFirst
    })
    const numbered = events.map((event) => ({ ...event, q: ++sequence }))
    return { recv, frame: JSON.stringify(numbered) }
  })
}

/** The lines so many ms later. */
export function shifted(lines: readonly Line[], byMs: number): Line[] {
  return lines.map(({ recv, frame }) => {
    const events = (JSON.parse(frame) as Event[]).map((event) => ({ ...event, t: event.t + byMs }))
    return { recv: recv + byMs, frame: JSON.stringify(events) }
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

/** The prints as the vendor's flat file trades_v1 has them: by ticker, without sequences. */
export function flatFileOf(tapes: readonly { readonly tape: ContractTape }[]): string {
  const rows = tapes.flatMap(({ tape: { ticker, prints } }) =>
    prints.map(({ t, p, s, x, c }) => `${ticker},"${c.join()}",0,${x ?? ''},${p},${t}000000,${s}`),
  )
  return `ticker,conditions,correction,exchange,price,sip_timestamp,size\n${rows.join('\n')}\n`
}
