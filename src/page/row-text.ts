import type { LivePrint } from '../domain/live-flow.ts'
import { countText, expiryText, premiumText, priceText, timeText } from './format.ts'

/** A label with a sign of its own, so that nobody depends on its colour. */
export type Sign = { readonly glyph: string; readonly word: string; readonly tone: Tone }
export type Tone = 'up' | 'down' | 'flat' | 'unknown'

const SIDES: Readonly<Record<string, Sign>> = {
  BUY: { glyph: '+', word: 'Buy', tone: 'up' },
  SELL: { glyph: '\u2212', word: 'Sell', tone: 'down' },
  MID: { glyph: '=', word: 'Mid', tone: 'flat' },
}
const NO_SIDE: Sign = { glyph: '?', word: 'n/a', tone: 'unknown' }

const SENTIMENTS: Readonly<Record<string, Sign>> = {
  BULLISH: { glyph: '\u25b2', word: 'Bullish', tone: 'up' },
  BEARISH: { glyph: '\u25bc', word: 'Bearish', tone: 'down' },
}
const NEUTRAL: Sign = { glyph: '\u2013', word: 'Neutral', tone: 'flat' }

/** BUY, SELL, MID; what has no side says so. */
export function sideSign(side: string): Sign {
  return SIDES[side] ?? NO_SIDE
}

export function sentimentSign(sentiment: string): Sign {
  return SENTIMENTS[sentiment] ?? NEUTRAL
}

/** A dollar figure by its sign. */
export function netSign(net: number): Sign {
  if (net > 0) return SENTIMENTS.BULLISH!
  return net < 0 ? SENTIMENTS.BEARISH! : NEUTRAL
}

/** Everything that a row of the tape says. */
export type RowText = {
  /** To the second, and what is left of it: 09:31:05 and .120. */
  readonly time: string
  readonly ms: string
  readonly symbol: string
  readonly expiry: string
  readonly strike: string
  readonly right: string
  readonly side: Sign
  readonly size: string
  readonly price: string
  readonly premium: string
  readonly type: string
  readonly sentiment: Sign
  readonly venue: string
  readonly dte: string
  readonly why: string
}

export function rowText(print: LivePrint): RowText {
  return {
    time: timeText(print.timestamp),
    ms: timeText(print.timestamp, 3).slice(-4),
    symbol: print.symbol,
    expiry: expiryText(print.expiration),
    strike: strikeText(print.strike),
    right: print.option_type === 'call' ? 'C' : 'P',
    side: sideSign(print.side),
    size: countText(print.size),
    price: priceText(print.price),
    premium: premiumText(print.premium),
    type: titled(print.trade_type),
    sentiment: sentimentSign(print.sentiment),
    venue: print.exchange ?? '?',
    dte: `${print.dte}`,
    why: whyText(print),
  }
}

/** What the labels rest on, in the fewest words; the drill-down has all of it. */
export function whyText(print: LivePrint): string {
  const parts: string[] = []
  const { event_legs: legs, event_span_ms: span, open_interest: interest } = print
  if (legs !== null && legs > 1) parts.push(`${legs} legs, ${span ?? 0} ms`)
  const place = placeText(print)
  if (place !== '') parts.push(place)
  if (print.is_unusual_volume) parts.push(interest === null ? 'unusual volume' : 'volume > OI')
  if (print.is_multi_leg) parts.push('multi-leg')
  if (print.is_late) parts.push('late')
  if (print.is_block && print.trade_type !== 'BLOCK') parts.push('block size')
  return parts.join(' \u00b7 ')
}

/** Where the price lies in the quote that was in force. */
function placeText({ price, bid, ask, is_above_ask, is_below_bid, side }: LivePrint): string {
  if (is_above_ask) return 'above ask'
  if (is_below_bid) return 'below bid'
  if (bid === null || ask === null) return side === 'UNKNOWN' ? 'no quote' : ''
  if (price === ask) return 'at ask'
  if (price === bid) return 'at bid'
  if (side === 'MID') return 'at mid'
  return side === 'UNKNOWN' ? '' : side === 'BUY' ? 'above mid' : 'below mid'
}

/** 6475 as 6475, 52.5 as 52.5. */
export function strikeText(strike: number): string {
  return `${strike}`
}

/** SWEEP as Sweep, CONFIRM_FLOW as Confirm flow. */
export function titled(label: string): string {
  return label.charAt(0) + label.slice(1).toLowerCase().replaceAll('_', ' ')
}

/** A row as one sentence, for who hears the page. */
export function spokenRow(text: RowText): string {
  const right = text.right === 'C' ? 'call' : 'put'
  return (
    `${text.symbol} ${text.expiry} ${text.strike} ${right}, ${text.side.word} ${text.size} at ` +
    `${text.price}, ${text.premium}, ${text.type}, ${text.sentiment.word}`
  )
}
