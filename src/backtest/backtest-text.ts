import type { BacktestReport, DetectorReport } from './backtest.ts'
import type { Coverage } from './filter.ts'
import {
  figure,
  NONE,
  percent,
  percentPoints,
  profitFactorText,
  range,
  signed,
  whole,
} from './number-text.ts'
import type { Figures } from './trade-figures.ts'

const NAME_WIDTH = 14
const TRADES_WIDTH = 8
const FIGURE_WIDTH = 30
const COLUMNS = 100

/** The report for a terminal, with a line feed at the end. `about` says what was compared. */
export function backtestText(report: BacktestReport, about: string): string {
  const { coverage, baseRate, testsMade, detectors } = report
  const lines = [
    ...wrapped(about),
    ...wrapped(coverageText(coverage)),
    `Base rate: ${percent(baseRate)} of all signals were won. In brackets: 95 % intervals.`,
    '',
    row('', 'trades', 'win rate', 'profit factor', 'expectancy'),
    ...detectors.flatMap(detectorLines),
    '',
    ...wrapped(
      testsMade === 0
        ? 'Nothing was judged.'
        : `${testsMade} p-values were made, two for each detector with enough trades; "corrected" ` +
            'is Holm for all of them. Trades of one day are taken as one event. An interval is of ' +
            'one figure alone and not corrected: it is no claim.',
    ),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** How far the flow could say anything, in one sentence. */
export function coverageText(coverage: Coverage): string {
  const { signals, supported, opposed, neutral, withoutContext, stale, withGaps } = coverage
  return (
    `Of ${whole(signals)} signals the flow supports ${whole(supported)}, opposes ` +
    `${whole(opposed)} and says nothing to ${whole(neutral)}; unchanged for want of flow: ` +
    `${whole(withoutContext)} without any, ${whole(stale)} stale. Gaps in the window of ` +
    `${whole(withGaps)}.`
  )
}

/** What the filter made of the mix of LONG and SHORT, which the verdict leaves out. */
export function mixText({ long, before, after }: DetectorReport): string {
  const share = (part: number, all: number) => `${whole(part)} of ${whole(all)}`
  return (
    `LONG are ${share(long.before, before.totalTrades)} trades before, ` +
    `${share(long.after, after.totalTrades)} after; the table has what that mix alone makes, the ` +
    'verdict leaves it out.'
  )
}

function detectorLines(report: DetectorReport): string[] {
  const { detector, before, after, difference, kept, gained, verdict } = report
  const share = kept === null ? NONE : `${(kept * 100).toFixed(0)} %`
  return [
    detector,
    figuresLine('before', before),
    figuresLine('after', after),
    row(
      '  difference',
      `${share}${gained > 0 ? `+${gained}` : ''}`,
      `${percentPoints(difference.winRate)}${inPoints(difference.winRateInterval)}`,
      '',
      `${signed(difference.expectancy)}${bracketed(range(difference.expectancyInterval))}`,
    ),
    ...wrapped(mixText(report), '  '),
    ...wrapped(verdict.text, '  '),
  ]
}

function figuresLine(name: string, figures: Figures): string {
  const share = (value: number): string => (value * 100).toFixed(1)
  return row(
    `  ${name}`,
    whole(figures.totalTrades),
    `${percent(figures.winRate)}${bracketed(range(figures.winRateInterval, share))}`,
    `${profitFactorText(figures)}${bracketed(range(figures.profitFactorInterval))}`,
    `${figure(figures.expectancy)}${bracketed(range(figures.expectancyInterval))}`,
  )
}

function inPoints(interval: DetectorReport['difference']['winRateInterval']): string {
  return bracketed(range(interval, (value) => (value * 100).toFixed(1)))
}

function bracketed(text: string): string {
  return text === NONE ? '' : ` (${text})`
}

function row(name: string, trades: string, ...figures: readonly string[]): string {
  const cells = figures.map((text) => text.padEnd(FIGURE_WIDTH))
  return `${name.padEnd(NAME_WIDTH)}${trades.padStart(TRADES_WIDTH)}  ${cells.join('')}`
}

function wrapped(text: string, indent = ''): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)!} ${word}`.trim()
    if (indent.length + longer.length <= COLUMNS) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.map((line) => indent + line)
}
