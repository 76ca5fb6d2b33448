import type { BoostSettings } from '../flow/boost.ts'
import { figure, percent, profitFactorText, pText, range, signed, whole } from './number-text.ts'
import type { OptimiseReport } from './optimise.ts'
import type { Figures } from './trade-figures.ts'

const NAME_WIDTH = 12

/** The report for a terminal, with a line feed at the end. `about` says what was compared. */
export function optimiseText(report: OptimiseReport, about: string): string {
  const { candidates, folds, inForce, chosen } = report
  const lines = [
    about,
    `${candidates} settings, chosen on what came before each test fold; all figures are of the folds`,
    '',
    `${'test fold'.padEnd(24)}${'learnt from'.padStart(12)}${'purged'.padStart(8)}${'tested'.padStart(8)}  chosen`,
    ...folds.map(
      (fold) =>
        `${`${day(fold.from)} to ${day(fold.to)}`.padEnd(24)}${whole(fold.train).padStart(12)}` +
        `${whole(fold.purged).padStart(8)}${whole(fold.test).padStart(8)}  ${settingsText(fold.chosen)}`,
    ),
    '',
    figuresLine('in force', inForce),
    figuresLine('chosen', chosen),
    '',
    ...verdictLines(report),
  ]
  return `${lines.join('\n')}\n`
}

/** What is to be set, one line a name; none where nothing is. */
export function settingLines(settings: BoostSettings | null): string[] {
  if (settings === null) return []
  return [
    `FLOW_BOOST_STRONG_SCORE=${settings.strongScore}`,
    `FLOW_BOOST_WEAK_SCORE=${settings.weakScore}`,
    `FLOW_BOOST_STRONG_PERCENT=${settings.strongPercent}`,
    `FLOW_BOOST_WEAK_PERCENT=${settings.weakPercent}`,
  ]
}

function verdictLines({ verdict, judgement, settings }: OptimiseReport): string[] {
  const keep = 'keep the settings in force'
  if (judgement === null) return [`${keep}: ${verdict.reason}; nothing is claimed`]
  const seen =
    `out of sample expectancy ${signed(judgement.difference)} a trade, ` +
    `p ${pText(judgement.pValue)}`
  switch (verdict.kind) {
    case 'better':
      return [`better: ${seen}. Chosen on all signals:`, ...settingLines(settings)]
    case 'worse':
      return [`${keep}: what was chosen did worse, ${seen}`]
    case 'no change':
      return [`${keep}: ${seen}, and they are the best on all signals too`]
    default:
      return [`${keep}: no evidence, ${seen}`]
  }
}

function figuresLine(name: string, figures: Figures): string {
  const { totalTrades, winRate, winRateInterval, expectancy, expectancyInterval } = figures
  const share = (value: number): string => (value * 100).toFixed(1)
  return (
    `${name.padEnd(NAME_WIDTH)}${whole(totalTrades)} trades, won ${percent(winRate)} ` +
    `(${range(winRateInterval, share)}), profit factor ${profitFactorText(figures)}, ` +
    `expectancy ${figure(expectancy)} (${range(expectancyInterval)})`
  )
}

function settingsText(settings: BoostSettings): string {
  const { strongScore, weakScore, strongPercent, weakPercent } = settings
  return `above ${strongScore}: ${strongPercent} %, above ${weakScore}: ${weakPercent} %`
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
