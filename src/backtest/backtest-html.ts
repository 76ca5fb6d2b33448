import type { BacktestReport, Curves, DetectorReport } from './backtest.ts'
import { coverageText, mixText } from './backtest-text.ts'
import {
  figure,
  percent,
  percentPoints,
  profitFactorText,
  range,
  signed,
  whole,
} from './number-text.ts'
import { chancePlot, equityPlot, escaped, winRatePlot } from './svg.ts'
import type { Figures } from './trade-figures.ts'

const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1b1f24, #e6e8eb); --paper: light-dark(#fff, #14171b);
  --soft: light-dark(#667080, #9aa4b2); --rule: light-dark(#dde1e6, #333a43);
  --before: light-dark(#5b6675, #a5b0bf); --after: light-dark(#0b62c4, #6cb2ff);
  --seen: light-dark(#b3261e, #ff8a80);
}
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; font: 15px/1.5 system-ui, sans-serif }
body { color: var(--ink); background: var(--paper) }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem; margin-top: 2.5rem; overflow-wrap: anywhere }
p.soft, figcaption, td small { color: var(--soft) }
p.verdict { font-weight: 600 }
figure { margin: 1rem 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem 1.25rem .25rem 0; white-space: nowrap }
th, td { border-bottom: 1px solid var(--rule) }
svg { width: 100%; height: auto; max-width: 40rem }
text { font: 12px system-ui, sans-serif; fill: var(--soft) }
text.below { text-anchor: middle }
text.left, text.name { text-anchor: end }
text.name { fill: var(--ink) }
line.grid { stroke: var(--rule) }
line.base { stroke: var(--soft); stroke-dasharray: 4 4 }
path { fill: none }
path, line.before, line.after, line.seen { stroke-width: 2 }
path.before, line.before { stroke: var(--before) }
path.after, line.after { stroke: var(--after) }
line.seen { stroke: var(--seen) }
rect.bar { fill: var(--before); opacity: .6 }
circle.before { fill: var(--before) }
circle.after { fill: var(--after) }
b.before { color: var(--before) }
b.after { color: var(--after) }
b.seen { color: var(--seen) }`

/**
 * The report as one HTML file that needs nothing else: no scripts, no fonts, no addresses. `about`
 * says what was compared, `madeAt` is the time of the report, epoch ms.
 */
export function backtestHtml(report: BacktestReport, about: string, madeAt: number): string {
  const { detectors, baseRate, coverage, testsMade, curves } = report
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Backtest of the flow filter</title><style>${STYLE}</style></head><body>
<h1>Backtest of the flow filter</h1>
<p>${escaped(about)}</p>
<p class="soft">${escaped(coverageText(coverage))} Made ${new Date(madeAt).toISOString()}.</p>
<p class="soft">${testsMade} p-values were made; what is called better or worse holds after the
correction for all of them (Holm). Trades of one day are taken as one event.</p>
<figure>${winRatePlot(detectors, baseRate)}
<figcaption>Win rate <b class="before">before</b> and <b class="after">after</b>, with 95 % Wilson
intervals; dashed: base rate of all signals, ${percent(baseRate)}.</figcaption></figure>
${detectors.map((detector, at) => sectionOf(detector, curves[at]!)).join('\n')}
</body></html>
`
}

function sectionOf(report: DetectorReport, curves: Curves): string {
  const { detector, before, after, difference, kept, verdict, tests, coverage } = report
  const chance = tests === null ? '' : chancePlot(curves, tests.expectancy.difference)
  const caption = `Differences in expectancy that chance alone makes, and <b class="seen">the one
that was seen</b>.`
  return `<section><h2>${escaped(detector)}</h2>
<p class="verdict">${escaped(verdict.text)}</p>
<div class="scroll"><table>
<tr><th></th><th>trades</th><th>win rate</th><th>profit factor</th><th>expectancy</th></tr>
${figuresRow('before', before)}
${figuresRow('after', after)}
<tr><th>difference</th><td>${kept === null ? '' : `${percent(kept)} kept`}</td>
${cell(percentPoints(difference.winRate), range(difference.winRateInterval, share))}
<td></td>${cell(signed(difference.expectancy), range(difference.expectancyInterval))}</tr>
</table></div>
<p class="soft">${escaped(coverageText(coverage))} ${escaped(mixText(report))}</p>
<figure>${equityPlot(curves)}<figcaption>Sum of pnl <b class="before">before</b> and
<b class="after">after</b>.</figcaption></figure>
${chance === '' ? '' : `<figure>${chance}<figcaption>${caption}</figcaption></figure>`}
</section>`
}

function figuresRow(name: string, figures: Figures): string {
  return `<tr><th>${name}</th><td>${whole(figures.totalTrades)}</td>
${cell(percent(figures.winRate), range(figures.winRateInterval, share))}
${cell(profitFactorText(figures), range(figures.profitFactorInterval))}
${cell(figure(figures.expectancy), range(figures.expectancyInterval))}</tr>`
}

function cell(value: string, interval: string): string {
  return `<td>${escaped(value)} <small>${escaped(interval)}</small></td>`
}

function share(value: number): string {
  return (value * 100).toFixed(1)
}
