import { isMap, type Node } from 'yaml'
import { underlyingOf } from '../domain/contract.ts'
import { SENTIMENT_TEXT, SIDE_TEXT } from '../domain/labels.ts'
import {
  ALERT_TYPES,
  type AlertRule,
  COOLDOWN_KEYS,
  EVENT_TYPES,
  PRINT_TYPES,
  type Range,
  SINKS_MAX,
} from './rules.ts'
import {
  duration,
  listOf,
  mapOf,
  number,
  type Problems,
  type Read,
  text,
  word,
  wrong,
} from './yaml-reader.ts'

const SYMBOLS_MAX = 1000
const PREMIUM_MAX = 1e12
const SIZE_MAX = 2 ** 31 - 1
const DAYS_MAX = 36_500
const DAY_MS = 86_400_000
const COUNT_MAX = 1000
/** What is older is history: no alert. */
const AGE_MS_MAX = DAY_MS
const AGE_MS = 5 * 60_000

export const NAME = text(
  /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/,
  'a name of 1 to 64 letters, digits, spaces, dots, hyphens and underscores',
)

type Bounds = { readonly min: number; readonly max: number }

/** Two bounds of which one is enough. */
function range(min: number, max: number): Read<Range> {
  const read = mapOf<Bounds>({ min: number(min, max), max: number(min, max) }, [])
  return (node, problems, name) => checked(read(node, problems, name), node, problems, name)
}

function checked(
  found: Partial<Bounds> | undefined,
  node: Node,
  problems: Problems,
  name: string,
): Range | undefined {
  if (found === undefined) return undefined
  const { min = null, max = null } = found
  if (min === null && max === null) {
    if (isMap(node) && node.items.length === 0) wrong(node, problems, name, 'min, max or both')
    return undefined
  }
  if (min !== null && max !== null && min > max) {
    problems.add(node, `${name}: expected min to be at most max, came ${min} and ${max}`)
    return undefined
  }
  return { min, max }
}

type ScoreFields = Bounds & { readonly window: 'short' | 'medium' | 'long' }

const readScore = mapOf<ScoreFields>(
  { min: number(0, 100), max: number(0, 100), window: word(['short', 'medium', 'long']) },
  [],
)

const score: Read<NonNullable<AlertRule['score']>> = (node, problems, name) => {
  const found = readScore(node, problems, name)
  const bounds = checked(found, node, problems, name)
  return bounds && { ...bounds, window: found?.window ?? 'medium' }
}

type NetFields = Bounds & { readonly within: number }

const readNet = mapOf<NetFields>(
  {
    min: number(-PREMIUM_MAX, PREMIUM_MAX),
    max: number(-PREMIUM_MAX, PREMIUM_MAX),
    within: duration(60_000, DAY_MS),
  },
  ['within'],
)

const netPremium: Read<NonNullable<AlertRule['netPremium']>> = (node, problems, name) => {
  const found = readNet(node, problems, name)
  const bounds = checked(found, node, problems, name)
  return bounds && found?.within !== undefined ? { ...bounds, withinMs: found.within } : undefined
}

type RepeatFields = { readonly count: number; readonly within: number }

const readRepeats = mapOf<RepeatFields>(
  { count: number(2, COUNT_MAX, true), within: duration(1000, DAY_MS) },
  ['count', 'within'],
)

const repeats: Read<NonNullable<AlertRule['repeats']>> = (node, problems, name) => {
  const { count, within } = readRepeats(node, problems, name) ?? {}
  return count === undefined || within === undefined ? undefined : { count, withinMs: within }
}

type RuleFields = {
  readonly name: string
  readonly sinks: readonly string[]
  readonly types: AlertRule['types']
  readonly symbols: readonly string[]
  readonly sides: readonly string[]
  readonly sentiments: readonly string[]
  readonly option: 'call' | 'put'
  readonly premium: Range
  readonly size: Range
  readonly dte: Range
  readonly moneyness: Range
  readonly volume_over_oi: Range
  readonly score: NonNullable<AlertRule['score']>
  readonly net_premium: NonNullable<AlertRule['netPremium']>
  readonly repeats: NonNullable<AlertRule['repeats']>
  readonly cooldown: number
  readonly cooldown_per: AlertRule['cooldownPer']
  readonly max_age: number
}

const SYMBOL = text(/^[A-Za-z][A-Za-z0-9]{0,5}$/, 'underlyings of 1 to 6 letters and digits')

const readRule = mapOf<RuleFields>(
  {
    name: NAME,
    sinks: listOf(NAME, SINKS_MAX),
    types: listOf(word(ALERT_TYPES), ALERT_TYPES.length),
    symbols: listOf(SYMBOL, SYMBOLS_MAX),
    sides: listOf(word(SIDE_TEXT), SIDE_TEXT.length),
    sentiments: listOf(word(SENTIMENT_TEXT), SENTIMENT_TEXT.length),
    option: word(['call', 'put']),
    premium: range(0, PREMIUM_MAX),
    size: range(0, SIZE_MAX),
    dte: range(0, DAYS_MAX),
    moneyness: range(-100, 10_000),
    volume_over_oi: range(0, 1e9),
    score,
    net_premium: netPremium,
    repeats,
    cooldown: duration(0, DAY_MS),
    cooldown_per: word(COOLDOWN_KEYS),
    max_age: duration(1000, AGE_MS_MAX),
  },
  ['name', 'sinks'],
)

/** One rule of the file; what is wrong with it is told, together with all the rest. */
export const rule: Read<AlertRule> = (node, problems, name) => {
  const found = readRule(node, problems, name)
  if (found?.name === undefined || found.sinks === undefined) return undefined
  const types = found.types ?? EVENT_TYPES
  const tellsPrints = types.some((type) => (PRINT_TYPES as readonly string[]).includes(type))
  const hasLeast = (found.premium?.min ?? 0) > 0 || (found.size?.min ?? 0) > 0
  if (tellsPrints && !hasLeast) {
    const what = `expected premium or size with a min for ${PRINT_TYPES.join(' and ')}, came none`
    problems.add(node, `${name}: ${what}: there are millions of such prints a day`)
  }
  if (tellsPrints && found.repeats !== undefined) {
    const what = `expected types of ${EVENT_TYPES.join(', ')} with repeats`
    problems.add(node, `${name}: ${what}, came ${types.join(', ')}`)
  }
  return {
    name: found.name,
    sinks: [...new Set(found.sinks)],
    types,
    symbols: found.symbols?.map((symbol) => underlyingOf(symbol.toUpperCase())) ?? null,
    sides: found.sides ?? null,
    sentiments: found.sentiments ?? null,
    option: found.option ?? null,
    premium: found.premium ?? null,
    size: found.size ?? null,
    dte: found.dte ?? null,
    moneyness: found.moneyness ?? null,
    volumeOverOi: found.volume_over_oi ?? null,
    score: found.score ?? null,
    netPremium: found.net_premium ?? null,
    repeats: found.repeats ?? null,
    cooldownMs: found.cooldown ?? 0,
    cooldownPer: found.cooldown_per ?? 'symbol',
    maxAgeMs: found.max_age ?? AGE_MS,
  }
}
