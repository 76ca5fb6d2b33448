import type {
  CancelFacts,
  Evidence,
  Explained,
  LegEvidence,
  OtherPrint,
  Reason,
  StoredPrint,
  WindowEvidence,
} from '../domain/evidence.ts'
import { count, price } from './words.ts'

/** What is told one by one; the rest in number. The whole stays near 30 lines. */
const LEGS_SHOWN = 4
const VERSIONS_SHOWN = 2
const OTHERS_SHOWN = 3
const CONDITIONS_SHOWN = 3

const NAME_WIDTH = 16
const LABEL_WIDTH = 12
const COLUMNS = 100

const clock = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  dateStyle: 'short',
})
const time = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/New_York',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/** The answer of `flow explain` for a terminal, with a line feed at the end. */
export function evidenceText(explained: Explained): string {
  const lines =
    explained.status === 'stored'
      ? [
          ...heading(explained.trade, explained.evidence),
          '',
          ...labelLines(explained.evidence),
          '',
          ...evidenceLines(explained.evidence),
          ...otherLines(explained.others),
          ...explained.cancels.map(cancelLine),
        ]
      : explained.cancels.map(cancelLine)
  return `${lines.join('\n')}\n`
}

function heading(trade: StoredPrint, { premium, latency }: Evidence): string[] {
  const { symbol, strike, option_type: type, expiration, dte, size, exchange } = trade
  const days = `${count(dte)} day${dte === 1 ? '' : 's'}`
  const received = latency.ms === null ? '' : `, received ${count(latency.ms)} ms later`
  return [
    `${trade.contract_ticker}, sequence ${trade.sequence ?? 'none'}`,
    `${symbol} ${strike} ${type}, expires ${expiration} (${days})`,
    `${count(size)} @ ${dollarPrice(trade.price)} on ${exchange ?? 'an unknown exchange'} at ` +
      `${moment(trade.timestamp)}${received}`,
    `premium ${money(premium.dollars)} (${premium.because})`,
  ]
}

function labelLines(evidence: Evidence): string[] {
  const { isSweep, isBlock, tradeType } = evidence
  const alone = (name: string, reason: Reason, type: string): string[] =>
    reason.label === true && tradeType.label !== type ? [label(name, reason)] : []
  return [
    label('trade type', tradeType),
    ...alone('is_sweep', isSweep, 'SWEEP'),
    ...alone('is_block', isBlock, 'BLOCK'),
    label('side', evidence.side),
    label('sentiment', evidence.sentiment),
    label('aggressiveness', evidence.aggressiveness),
    label('customer side', evidence.customerSide, customerText(evidence)),
    label('unusual volume', evidence.unusualVolume),
  ]
}

function customerText({ customerSide }: Evidence): string {
  const { rule, because, confidence, note } = customerSide
  if (confidence === null) return because
  return `${rule}, ${because} (published accuracy ${decimals(100 * confidence)} %); ${note}`
}

function evidenceLines(evidence: Evidence): string[] {
  const { conditions, percentiles, underlying, window } = evidence
  const ranks =
    percentiles.size === null || percentiles.premium === null
      ? ''
      : `size ${decimals(percentiles.size)}, premium ${decimals(percentiles.premium)}: `
  const named = conditions.conditions
    .slice(0, CONDITIONS_SHOWN)
    .map(({ text, name }) => (name === null ? text : `${text} (${name})`))
  const more = conditions.conditions.length - named.length
  const texts = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  return [
    fact('quote', quoteText(evidence)),
    fact('average size', averageText(evidence)),
    fact('percentiles', `${ranks}${percentiles.because}`),
    fact('conditions', `${texts}${texts === '' ? '' : '; '}${conditions.because}`),
    fact(
      'underlying',
      `${underlying.price === null ? '' : `${money(underlying.price)}, `}${underlying.because}`,
    ),
    fact('rules', evidence.rules.because),
    ...(window === null ? [fact('event', 'none')] : windowLines(window)),
  ]
}

function quoteText({ quote }: Evidence): string {
  if (!quote.usable) return quote.because
  const sizes = `${quote.bidSize ?? '?'} x ${quote.askSize ?? '?'}`
  const outside = quote.isAboveAsk ? '; above the ask' : quote.isBelowBid ? '; below the bid' : ''
  const source =
    quote.source === null ? '' : `, from ${quote.source === 'rest' ? 'REST' : 'the feed'}`
  return (
    `${dollarPrice(quote.bid)} x ${dollarPrice(quote.ask)} (${sizes}), mid ` +
    `${decimals(quote.mid)}, spread ${decimals(quote.spread)}, ${count(quote.ageMs ?? 0)} ms ` +
    `old${source}${outside}`
  )
}

function averageText({ average }: Evidence): string {
  if (average.size === null) return average.because
  return (
    `${decimals(average.size)}, ${average.because}: LARGE from ${count(average.largeFrom ?? 0)}, ` +
    `BLOCK from ${count(average.blockFrom ?? 0)}`
  )
}

function windowLines({ eventId, event, earlier, legs, spanMsAtClose }: WindowEvidence): string[] {
  const length = event?.legCount ?? legs.length
  const span = event?.spanMs ?? spanMsAtClose ?? 0
  const members =
    length === 1 ? 'one leg, this print' : `${count(length)} legs within ${count(span)} ms`
  const lines = [fact('event', `${eventId}: ${members}`)]
  if (event !== null) {
    const windows = event.sweepWindowsMs.join(', ')
    const sweeps = event.kind !== 'SWEEP' || windows === '' ? '' : `; a sweep at ${windows} ms too`
    const gone = event.isVoid ? '; void, every leg was cancelled' : ''
    lines.push(
      fact('', `${event.kind}, revision ${event.revision} (${event.reason})${sweeps}${gone}`),
      ...(event.why === null ? [] : [fact('', event.why)]),
    )
  }
  for (const version of earlier.slice(-VERSIONS_SHOWN)) {
    const kind = `${version.kind} of ${count(version.legCount)}`
    lines.push(fact('', `before: revision ${version.revision} (${version.reason}), ${kind}`))
  }
  if (legs.length > 1) lines.push(...legs.slice(0, LEGS_SHOWN).map(legLine))
  if (length > LEGS_SHOWN) lines.push(fact('', `and ${count(length - LEGS_SHOWN)} more legs`))
  return lines
}

function legLine(leg: LegEvidence): string {
  const mark = leg.isThis ? ' (this print)' : ''
  const sequence = leg.sequence === null ? '' : `, sequence ${leg.sequence}`
  return fact('', `- ${printText(leg)}${sequence}${mark}`)
}

function otherLines(others: readonly OtherPrint[]): string[] {
  if (others.length === 0) return []
  const shown = others.slice(0, OTHERS_SHOWN).map((other) => fact('', `- ${printText(other)}`))
  return [
    fact('others', `${count(others.length)} more of this day with the same sequence:`),
    ...shown,
  ]
}

function cancelLine({ timestamp, because, price: dollars, size, exchange }: CancelFacts): string {
  const print = `${count(size)} @ ${dollarPrice(dollars)} on ${exchange ?? 'an unknown exchange'}`
  return fact('cancel', `${print}, sent at ${moment(timestamp)}: ${because}`)
}

type Shown = Pick<OtherPrint, 'timestamp' | 'price' | 'size' | 'exchange'>

function printText({ timestamp, price: dollars, size, exchange }: Shown): string {
  return `${time.format(timestamp)} ${count(size)} @ ${dollarPrice(dollars)} ${exchange ?? '?'}`
}

function label(name: string, { label: value, because }: Reason, words = because): string {
  const text = typeof value === 'string' ? value : value ? 'yes' : 'no'
  return wrapped(`  ${name.padEnd(NAME_WIDTH)}${text.padEnd(LABEL_WIDTH)}`, words)
}

function fact(name: string, text: string): string {
  return wrapped(`  ${name.padEnd(NAME_WIDTH)}`, text)
}

/** The words beside `before`, in lines of at most COLUMNS where the words are short enough. */
function wrapped(before: string, words: string): string {
  const [first = '', ...rest] = words.split(' ')
  const lines = [before + first]
  for (const word of rest) {
    const longer = `${lines.at(-1)!} ${word}`
    if (longer.length <= COLUMNS) lines[lines.length - 1] = longer
    else lines.push(`${' '.repeat(before.length)}${word}`)
  }
  return lines.join('\n')
}

/** `2025-11-21 10:00:00.000 New York`. */
function moment(epochMs: number): string {
  return `${clock.format(epochMs)} ${time.format(epochMs)} New York`
}

function dollarPrice(dollars: number): string {
  return price(Math.round(dollars * 10_000))
}

function money(dollars: number): string {
  return `$${decimals(dollars)}`
}

function decimals(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 })
}
