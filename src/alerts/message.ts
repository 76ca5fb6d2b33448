import type { AlertFacts } from './facts.ts'
import { moneynessOf, volumeOverOi } from './match.ts'

/** A first alert, a newer version of its event, the end of an event, or a trial. */
export type Change = 'alert' | 'revision' | 'cancelled' | 'test'

export type AlertText = {
  readonly change: Change
  readonly rule: string
  /** Whether this version still meets the rule. */
  readonly stillMatches: boolean
  readonly facts: AlertFacts
}

/** The alert in words, two or three lines, not escaped for anyone. */
export function textOf({ change, rule, stillMatches, facts }: AlertText): string {
  const { symbol, strike, option_type: option, expiration, side, sentiment } = facts
  const right = option === 'call' ? 'C' : 'P'
  const what = `${facts.type} ${symbol} ${strike}${right} ${expiration} (${facts.dte} DTE)`
  const sides = `${side} ${sentiment}`
  const first = `${prefixOf(change, facts.revision)}${what} ${sides}`
  const price = facts.price === null ? '' : ` at ${facts.price.toFixed(2)}`
  const legs = facts.legs === 1 ? '' : `, ${facts.legs} legs`
  const where = facts.exchanges.length === 0 ? '' : ` on ${facts.exchanges.join(', ')}`
  const span = facts.ended_at - facts.started_at
  const took = span === 0 ? '' : ` in ${span} ms`
  const size = facts.size.toLocaleString('en-US')
  const second = `${dollars(facts.premium)}: ${size} contracts${price}${legs}${where}${took}`
  const time = new Date(facts.started_at).toISOString()
  const no = change === 'revision' && !stillMatches ? '; it no longer meets the rule' : ''
  const third = [...extras(facts), time, `rule ${rule}${no}`].join(', ')
  return `${first}\n${second}\n${third}`
}

function prefixOf(change: Change, revision: number): string {
  if (change === 'test') return 'TEST, no such trade: '
  if (change === 'cancelled') return 'CANCELLED: '
  return change === 'revision' ? `REVISED (${revision}): ` : ''
}

function extras(facts: AlertFacts): string[] {
  const found: string[] = []
  const away = moneynessOf(facts)
  if (away !== null) {
    found.push(`${Math.abs(away).toFixed(1)} % ${away < 0 ? 'in' : 'out of'} the money`)
  }
  const ratio = volumeOverOi(facts)
  if (ratio !== null && Number.isFinite(ratio)) found.push(`volume ${ratio.toFixed(1)}x OI`)
  return found
}

/** `$1.25M`, `$310K`, `$950`. */
export function dollars(amount: number): string {
  const unit = [
    { from: 999_500_000, of: 1e9, letter: 'B' },
    { from: 999_500, of: 1e6, letter: 'M' },
    { from: 1000, of: 1000, letter: 'K' },
  ].find(({ from }) => amount >= from)
  if (unit === undefined) return `$${Math.round(amount)}`
  return `$${(amount / unit.of).toPrecision(3).replace(/\.0+$|(\.\d*?)0+$/, '$1')}${unit.letter}`
}

/** Discord: nothing of it is markup. Mentions are off by a field of the request. */
export function escapeDiscord(text: string): string {
  return text.replace(/[\\*_~\x60|>#[\]()<:-]/g, (letter) => `\\${letter}`)
}

/** Slack: three letters are all that its markup begins with. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
