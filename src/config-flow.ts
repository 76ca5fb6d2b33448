import * as kind from './config-values.ts'
import type { BoostSettings } from './flow/boost.ts'

const DAY_MS = 86_400_000

const score = kind.wholeNumber(0, 100, 'points')
const percent = kind.wholeNumber(0, 100, 'percent')

/** Whom the boost serves: the engine stores flow and boosts nothing. */
const BOOSTING = ' (backtest, optimise, library)'

/** The settings of contexts and boosts, a part of SETTINGS. */
export const FLOW_SETTINGS = {
  staleMs: kind.setting(
    'FLOW_STALE_MS',
    kind.wholeNumber(1, DAY_MS, 'milliseconds'),
    '900000',
    'a context whose newest print is older is stale, and boosts nothing',
  ),
  boostStrongScore: kind.setting(
    'FLOW_BOOST_STRONG_SCORE',
    score,
    '70',
    `an institutionalScore above it gets the strong boost${BOOSTING}`,
  ),
  boostWeakScore: kind.setting(
    'FLOW_BOOST_WEAK_SCORE',
    score,
    '50',
    `an institutionalScore above it, and not above the strong one, gets the weak boost${BOOSTING}`,
  ),
  boostStrongPercent: kind.setting(
    'FLOW_BOOST_STRONG_PERCENT',
    percent,
    '20',
    `percent of the score, up or down${BOOSTING}`,
  ),
  boostWeakPercent: kind.setting(
    'FLOW_BOOST_WEAK_PERCENT',
    percent,
    '10',
    `percent of the score, up or down${BOOSTING}`,
  ),
  boostScalpPercent: kind.setting(
    'FLOW_BOOST_SCALP_PERCENT',
    percent,
    '15',
    'percent of institutionalScore that is added to the scalp score of a composite (library)',
  ),
  boostDayPercent: kind.setting(
    'FLOW_BOOST_DAY_PERCENT',
    percent,
    '12',
    'to its day score (library)',
  ),
  boostSwingPercent: kind.setting(
    'FLOW_BOOST_SWING_PERCENT',
    percent,
    '10',
    'to its swing score (library)',
  ),
} as const

type BoostKey = Exclude<keyof typeof FLOW_SETTINGS, 'staleMs'>

/** The boost that a configuration asks for. */
export function boostOf(config: Readonly<Record<BoostKey, number>>): BoostSettings {
  return {
    strongScore: config.boostStrongScore,
    weakScore: config.boostWeakScore,
    strongPercent: config.boostStrongPercent,
    weakPercent: config.boostWeakPercent,
    scalpPercent: config.boostScalpPercent,
    dayPercent: config.boostDayPercent,
    swingPercent: config.boostSwingPercent,
  }
}
