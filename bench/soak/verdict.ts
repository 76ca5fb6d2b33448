import { limitsFor } from '../../src/engine/limits.ts'
import { open, type Sample, type Stage } from './samples.ts'
import { type Buckets, difference, quantileOf, type Slope, slopeOf } from './statistics.ts'

/** A print in the log of the day, with its share of the buckets (domain/print-log-memory.ts). */
const LOG_ROW_BYTES = 66
/**
 * What counts as flat: a leak of a byte a print is 36 MB an hour at 10,000 prints a second, which
 * is too small to matter in a day and still plain to see above the noise of an hour.
 */
const LEAK_BYTES_PER_PRINT = 1
/** A handle an hour is none a connection and none a snapshot. */
const LEAK_HANDLES_PER_HOUR = 3
/** How much larger the last quarter's p99 may be than the first's. */
const LATENCY_TIMES_MAX = 1.5
/** A snapshot comes each minute and is seen in the memory: the least of a minute leaves it out. */
const GROUP_S = 60
/** The least of a minute needs at least so many minutes; a shorter run is taken sample by sample. */
const GROUPS_MIN = 10

export type Growth = { readonly name: string; readonly unit: string; readonly slope: Slope }
export type Answer = 'flat' | 'grows' | 'undecided'

/**
 * Points of one figure: the least of each minute, which is what is not given back, or each sample
 * of a short run.
 */
export function points(
  samples: readonly Sample[],
  figure: (sample: Sample) => number,
): (readonly [atS: number, value: number])[] {
  const last = samples.at(-1)!.atS - samples[0]!.atS
  if (last < GROUPS_MIN * GROUP_S) return samples.map((sample) => [sample.atS, figure(sample)])
  const groups = [...Map.groupBy(samples, ({ atS }) => Math.floor(atS / GROUP_S))]
  // the least of a part of a minute may be the top of a snapshot
  const whole = Math.max(...groups.map(([, of]) => of.length))
  const most = groups.filter(([, of]) => of.length > whole / 2)
  return most.map(([group, of]) => [(group + 0.5) * GROUP_S, Math.min(...of.map(figure))])
}

/** The last three quarters of a run, by time. */
export function lastThreeQuarters(samples: readonly Sample[]): readonly Sample[] {
  const from = samples.at(-1)!.atS / 4
  return samples.filter(({ atS }) => atS >= from)
}

/** Slope of a figure over the last three quarters, a second. */
export function growth(samples: readonly Sample[], figure: (sample: Sample) => number): Slope {
  return slopeOf(points(lastThreeQuarters(samples), figure))
}

/**
 * Bytes by which the log of the day must have grown over the last three quarters: it is touched as
 * prints come until its ring is full. One shard; at most a row of each print that is watched.
 */
export function logGrowth(samples: readonly Sample[]): number {
  const held = ({ account }: Sample): number =>
    Math.min(limitsFor(1).printLogRows, account.received - account.filtered)
  const part = lastThreeQuarters(samples)
  return LOG_ROW_BYTES * (held(part.at(-1)!) - held(part[0]!))
}

/** When the log's ring was full, s after the start; NaN: not within the run. */
export function logFullAt(samples: readonly Sample[]): number {
  const rows = limitsFor(1).printLogRows
  const full = samples.find(({ account }) => account.received - account.filtered >= rows)
  return full?.atS ?? Number.NaN
}

/** Prints received a second over the last three quarters. */
export function rateOf(samples: readonly Sample[]): number {
  const part = lastThreeQuarters(samples)
  const [first, last] = [part[0]!, part.at(-1)!]
  return (last.account.received - first.account.received) / (last.atS - first.atS)
}

/** By its interval: flat when all of it lies below the bound, growing when all lies above. */
export function answerOf({ low, high }: Slope, bound: number): Answer {
  if (high <= bound) return 'flat'
  return low > bound ? 'grows' : 'undecided'
}

/** Memory: what is left of the slope once the growth by design is taken off, bytes a print. */
export function memoryPerPrint(samples: readonly Sample[], slope: Slope): Slope {
  const part = lastThreeQuarters(samples)
  const byDesign = logGrowth(samples) / (part.at(-1)!.atS - part[0]!.atS)
  const rate = rateOf(samples)
  const each = (value: number): number => (value - byDesign) / rate
  return {
    slope: each(slope.slope),
    low: each(slope.low),
    high: each(slope.high),
    points: slope.points,
  }
}

/** Latencies observed in the share `from` to `to` of the run, 0 to 1. */
export function latencyBetween(
  samples: readonly Sample[],
  stage: Stage,
  from: number,
  to: number,
): Buckets {
  const end = samples.at(-1)!.atS
  const after = samples.findLast(({ atS }) => atS <= to * end) ?? samples.at(-1)!
  const before = samples.findLast(({ atS }) => atS <= from * end) ?? samples[0]!
  return difference(after.latency[stage], before.latency[stage])
}

export type Check = { readonly name: string; readonly answer: string; readonly isGood: boolean }

/** What happened around the run that the samples do not hold. */
export type Ending = {
  /** Why it ended before its time; null when it did not. */
  readonly early: string | null
  readonly exitCode: number | null
  /** Prints sent by the feed; rows in the table and stored prints that a cancel took out. */
  readonly sent: number
  readonly rows: number
  readonly removed: number
  readonly last: Sample['account'] | null
}

/** Every question of the soak with its answer. */
export function checks(samples: readonly Sample[], ending: Ending): Check[] {
  const { last, sent, rows, removed, exitCode, early } = ending
  const memory = (name: string, figure: (sample: Sample) => number): Check => {
    const isRss = name === 'resident memory'
    const slope = growth(samples, figure)
    const each = isRss ? memoryPerPrint(samples, slope) : perPrint(slope, rateOf(samples))
    const answer = answerOf(each, LEAK_BYTES_PER_PRINT)
    const interval = `${each.slope.toFixed(3)} (${each.low.toFixed(3)}..${each.high.toFixed(3)})`
    return { name, answer: `${answer}: ${interval} bytes a print`, isGood: answer === 'flat' }
  }
  const handles = (name: string, figure: (sample: Sample) => number): Check => {
    const slope = perPrint(growth(samples, figure), 1 / 3600)
    const answer = answerOf(slope, LEAK_HANDLES_PER_HOUR)
    const interval = `${slope.slope.toFixed(2)} (${slope.low.toFixed(2)}..${slope.high.toFixed(2)})`
    return { name, answer: `${answer}: ${interval} an hour`, isGood: answer === 'flat' }
  }
  const latency = (stage: Stage): Check => {
    const first = quantileOf(latencyBetween(samples, stage, 0, 0.25), 0.99)
    const end = quantileOf(latencyBetween(samples, stage, 0.75, 1), 0.99)
    const isGood = end <= LATENCY_TIMES_MAX * first
    const times = `p99 ${(end / first).toFixed(2)} times that of the first quarter`
    return { name: `latency, ${stage}`, answer: `${isGood ? 'flat' : 'grows'}: ${times}`, isGood }
  }
  const balance = last === null ? Number.NaN : open(last)
  const inTable = last === null ? Number.NaN : last.stored - removed
  return [
    memory('resident memory', ({ rss }) => rss),
    memory('heap of the main thread', ({ heap }) => heap),
    memory('external memory of the main thread', ({ external }) => external),
    handles('file descriptors', ({ fds }) => fds),
    handles('threads', ({ threads }) => threads),
    latency('receive_to_committed'),
    latency('classified_to_committed'),
    {
      name: 'account',
      answer: last === null ? 'no "drained" line' : `${balance} prints unaccounted for`,
      isGood: balance === 0,
    },
    {
      name: 'received',
      answer: `${last?.received} of ${sent} prints sent`,
      isGood: last?.received === sent,
    },
    {
      name: 'table',
      answer: `${rows} rows; stored less those cancelled later: ${inTable}`,
      isGood: rows === inTable,
    },
    { name: 'exit code', answer: `${exitCode}`, isGood: exitCode === 0 },
    { name: 'length', answer: early ?? 'as long as asked for', isGood: early === null },
  ]
}

function perPrint({ slope, low, high, points: n }: Slope, rate: number): Slope {
  return { slope: slope / rate, low: low / rate, high: high / rate, points: n }
}
