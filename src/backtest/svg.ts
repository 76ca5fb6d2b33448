import { scaleLinear, scaleUtc } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import type { Curves, DetectorReport } from './backtest.ts'
import { figure, percent } from './number-text.ts'
import type { Figures } from './trade-figures.ts'

const WIDTH = 640
const HEIGHT = 240
const LEFT = 64
const RIGHT = 28
const TOP = 16
const BOTTOM = 32
/** Points of a curve; more are not to be seen. */
const POINTS_MAX = 1_000
const BINS = 40
const LABEL_LENGTH_MAX = 22
const BAR_ROW = 52

/** Text as it may stand in HTML and in attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Sum of pnl over time, before and after the filter. */
export function equityPlot({ detector, before, after }: Curves): string {
  const all = [...before, ...after]
  if (all.length === 0) return ''
  const times = extentOf(all.map(([time]) => time))
  const sums = extentOf([0, ...all.map(([, sum]) => sum)])
  const x = scaleUtc()
    .domain(times)
    .range([LEFT, WIDTH - RIGHT])
  const y = scaleLinear()
    .domain(sums)
    .nice()
    .range([HEIGHT - BOTTOM, TOP])
  const path = line<readonly [number, number]>()
    .x(([time]) => x(time))
    .y(([, sum]) => y(sum))
    .curve(curveStepAfter)
    .digits(1)
  const timeText = x.tickFormat(6)
  return framed(HEIGHT, `Sum of pnl of ${detector}, before and after the filter`, [
    ...y.ticks(5).map((value) => level(y(value), figure(value))),
    ...x.ticks(6).map((time) => below(x(time), timeText(time))),
    `<path class="before" d="${path(thinned(before)) ?? ''}"/>`,
    `<path class="after" d="${path(thinned(after)) ?? ''}"/>`,
  ])
}

/** What chance alone makes of the difference in expectancy, and what was seen. */
export function chancePlot(curves: Curves, observed: number): string {
  const { chance } = curves
  if (chance.length === 0) return ''
  const [low, high] = extentOf([...chance, observed])
  const x = scaleLinear()
    .domain([low, high])
    .nice()
    .range([LEFT, WIDTH - RIGHT])
  const [from, to] = x.domain() as [number, number]
  const counts = new Array<number>(BINS).fill(0)
  for (const value of chance) {
    const bin = Math.floor(((value - from) / (to - from)) * BINS)
    counts[Math.min(BINS - 1, Math.max(0, bin))]! += 1
  }
  const y = scaleLinear()
    .domain([0, Math.max(...counts)])
    .range([HEIGHT - BOTTOM, TOP])
  const width = (WIDTH - LEFT - RIGHT) / BINS
  const bars = counts.map((n, bin) => {
    const height = HEIGHT - BOTTOM - y(n)
    const at = `x="${fixed(LEFT + bin * width)}" y="${fixed(y(n))}"`
    return `<rect class="bar" ${at} width="${fixed(width - 1)}" height="${fixed(height)}"/>`
  })
  const seen = fixed(x(observed))
  return framed(HEIGHT, `Differences in expectancy by chance alone, ${curves.detector}`, [
    ...x.ticks(6).map((value) => below(x(value), figure(value))),
    ...bars,
    `<line class="seen" x1="${seen}" x2="${seen}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
  ])
}

/** Win rates with their intervals, of all detectors, beside the base rate. */
export function winRatePlot(detectors: readonly DetectorReport[], baseRate: number | null): string {
  if (baseRate === null) return ''
  const height = TOP + BOTTOM + BAR_ROW * detectors.length
  const left = 190
  const x = scaleLinear()
    .domain([0, 1])
    .range([left, WIDTH - RIGHT])
  const base = fixed(x(baseRate))
  const marks = (figures: Figures, kind: string, y: number): string => {
    if (figures.winRate === null || figures.winRateInterval === null) return ''
    const [low, high] = figures.winRateInterval
    const ends = `x1="${fixed(x(low))}" x2="${fixed(x(high))}" y1="${y}" y2="${y}"`
    const title = `<title>${kind}: ${percent(figures.winRate)} of ${figures.totalTrades}</title>`
    const dot = `<circle class="${kind}" cx="${fixed(x(figures.winRate))}" cy="${y}" r="5">${title}`
    return `<line class="${kind}" ${ends}/>${dot}</circle>`
  }
  return framed(height, 'Win rate of each detector before and after the filter', [
    ...x.ticks(6).map((value) => below(x(value), `${Math.round(value * 100)} %`, height)),
    `<line class="base" x1="${base}" x2="${base}" y1="${TOP}" y2="${height - BOTTOM}"/>`,
    ...detectors.flatMap(({ detector, before, after }, at) => {
      const y = TOP + BAR_ROW * (at + 0.5)
      const name = escaped(shortened(detector))
      return [
        `<text class="name" x="${left - 12}" y="${y + 4}">${name}</text>`,
        marks(before, 'before', y - 9),
        marks(after, 'after', y + 9),
      ]
    }),
  ])
}

function framed(height: number, title: string, parts: readonly string[]): string {
  return (
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">` +
    `${parts.join('')}</svg>`
  )
}

function level(y: number, text: string): string {
  const at = fixed(y)
  return (
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>` +
    `<text class="left" x="${LEFT - 8}" y="${fixed(y + 4)}">${escaped(text)}</text>`
  )
}

function below(x: number, text: string, height = HEIGHT): string {
  return `<text class="below" x="${fixed(x)}" y="${height - BOTTOM + 20}">${escaped(text)}</text>`
}

/** Least and largest; a span of nothing gets some room. */
function extentOf(values: readonly number[]): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low === high ? [low - 1, high + 1] : [low, high]
}

/** Every so many-th point, and the last. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const step = Math.ceil(points.length / POINTS_MAX)
  return points.filter((_, at) => at % step === 0 || at === points.length - 1)
}

function shortened(name: string): string {
  return name.length > LABEL_LENGTH_MAX ? `${name.slice(0, LABEL_LENGTH_MAX - 1)}…` : name
}

function fixed(value: number): string {
  return value.toFixed(1)
}
