import { count, dollars, duration } from '../console/words.ts'
import type { ContextGap, FlowContext, ScorePart } from '../flow/flow-context.ts'

const BAR_WIDTH = 20
/** Gaps that are told one by one; the rest in number. */
const GAPS_SHOWN = 3

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** The answer of `flow context` for a terminal, at most 80 columns, with a line feed at the end. */
export function contextText(context: FlowContext): string {
  return `${[
    ...heading(context),
    '',
    ...flowTable(context),
    '',
    ...typeLines(context),
    '',
    ...scoreLines(context),
    ...gapLines(context.gaps),
  ].join('\n')}\n`
}

function heading(context: FlowContext): string[] {
  const { symbol, window, timestamp, sentiment, sentimentStrength } = context
  const age = `newest print ${duration(context.dataAge)} old`
  return [
    `${symbol}, ${window} to ${clock.format(timestamp)} New York`,
    '',
    `recommendation  ${context.recommendation}: ${reasonOf(context)}`,
    `sentiment       ${sentiment}, strength ${sentimentStrength} of 100`,
    `aggressiveness  ${context.aggressiveness}`,
    `confidence      ${context.confidence} of 100`,
    `data            ${context.isStale ? `STALE: ${age}, or the feed is down` : age}`,
  ]
}

/** Why it is recommended, in the words of docs/scores.md. */
function reasonOf({ recommendation, isStale, sentiment }: FlowContext): string {
  switch (recommendation) {
    case 'WAIT':
      return isStale ? 'the flow is stale' : 'too little is known (confidence)'
    case 'NEUTRAL':
      return sentiment === 'NEUTRAL' ? 'it leans no way' : 'a lean, and nothing in it to act on'
    case 'FOLLOW_FLOW':
      return 'large money leans clearly one way'
    case 'CONFIRM_FLOW':
      return 'large enough to support a signal that stands by itself'
    case 'FADE_FLOW':
      return 'small orders lean one way, little large money behind'
  }
}

function flowTable(context: FlowContext): string[] {
  const { totalPremium: premium, totalVolume: volume } = context
  const of = (part: number, whole: number): string =>
    whole > 0 ? `${Math.round((100 * part) / whole)} %` : '-'
  const row = (name: string, contracts: number, money: number): string[] => [
    name,
    count(contracts),
    of(contracts, volume),
    signed(money),
    of(money, premium),
  ]
  const unsidedVolume = volume - context.buyVolume - context.sellVolume
  const unsidedPremium = premium - context.buyPremium - context.sellPremium
  return drawn([
    ['', 'contracts', '', 'premium', ''],
    row('all', volume, premium),
    row('calls', context.callVolume, context.callPremium),
    row('puts', context.putVolume, context.putPremium),
    ['put/call', ratio(context.putCallVolumeRatio), '', ratio(context.putCallPremiumRatio), ''],
    row('bought', context.buyVolume, context.buyPremium),
    row('sold', context.sellVolume, context.sellPremium),
    row('no side', unsidedVolume, unsidedPremium),
  ])
}

function typeLines(context: FlowContext): string[] {
  const { tradeCount, sweepCount, blockCount, splitCount, largeCount } = context
  const regular = tradeCount - sweepCount - blockCount - splitCount - largeCount
  const net = signed(context.netPremium)
  const range = `${signed(context.netPremiumLow)} to ${signed(context.netPremiumHigh)}`
  return [
    `prints       ${count(tradeCount)}, ${context.avgTradeSize.toFixed(1)} contracts each`,
    `by type      ${count(sweepCount)} sweep, ${count(blockCount)} block, ` +
      `${count(splitCount)} split, ${count(largeCount)} large, ${count(regular)} regular`,
    `net premium  ${net} bullish less bearish`,
    `             ${range} if all without a side were bearish / bullish`,
  ]
}

function scoreLines({ scores, ...context }: FlowContext): string[] {
  return [
    ...score('sentimentStrength', context.sentimentStrength, scores.sentimentStrength),
    ...aggressiveness(scores.aggressiveness),
    ...score('institutionalScore', context.institutionalScore, scores.institutionalScore),
    ...score('confidence', context.confidence, scores.confidence),
  ]
}

function aggressiveness(parts: readonly ScorePart[]): string[] {
  if (parts.every(({ value }) => value === null)) {
    return [`${'aggressiveness'.padEnd(18)} not known: no premium has a side`]
  }
  const points = parts.reduce((sum, part) => sum + part.points, 0)
  return score('aggressiveness', Math.round(points), parts)
}

function score(name: string, value: number, parts: readonly ScorePart[]): string[] {
  const filled = Math.round((value / 100) * BAR_WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
  return [
    `${name.padEnd(18)} ${bar} ${`${value}`.padStart(3)}`,
    ...parts.map((part) => {
      const points = part.points.toFixed(1).replace(/^-0\.0$/, '0.0')
      const what = part.value === null ? 'not known' : part.value.toFixed(2)
      return `  ${part.name.padEnd(22)} ${what.padStart(9)} ${points.padStart(7)} points`
    }),
  ]
}

function gapLines(gaps: readonly ContextGap[]): string[] {
  if (gaps.length === 0) return []
  const shown = gaps.slice(-GAPS_SHOWN).map(({ startedAt, endedAt, reason, status }) => {
    const length = endedAt === null ? 'still open' : duration(endedAt - startedAt)
    return `  ${clock.format(startedAt)}  ${length}, ${reason}, ${status}`
  })
  const more = gaps.length - shown.length
  const told = more > 0 ? `, the last ${GAPS_SHOWN}` : ''
  return ['', `gaps: ${count(gaps.length)}${told}`, ...shown]
}

/** Rows of cells in a frame, the first of them its head; all but the first column to the right. */
function drawn(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right
  const line = (cells: readonly string[]): string =>
    `│${cells
      .map((cell, column) => {
        const width = widths[column]!
        return ` ${column === 0 ? cell.padEnd(width) : cell.padStart(width)} `
      })
      .join('│')}│`
  const [head, ...body] = rows
  return [
    rule('┌', '┬', '┐'),
    line(head!),
    rule('├', '┼', '┤'),
    ...body.map(line),
    rule('└', '┴', '┘'),
  ]
}

function ratio(value: number | null): string {
  return value === null ? '-' : value.toFixed(2)
}

function signed(value: number): string {
  return value < 0 ? `-${dollars(-value)}` : dollars(value)
}
