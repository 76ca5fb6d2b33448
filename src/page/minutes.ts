/** A minute of GET /api/minutes/:symbol, as far as the chart needs it. */
export type ChartMinute = {
  /** Its begin, epoch ms. */
  readonly time: number
  readonly bullishPremium: number
  readonly bearishPremium: number
}

/** Columns as uPlot takes them: epoch seconds, net premium of each minute, and its running sum. */
export type ChartData = readonly [time: number[], net: number[], total: number[]]

const MINUTE_MS = 60_000
/** A week: what the API gives at most. */
const MINUTES_MAX = 7 * 24 * 60

/**
 * Every minute from the first one with prints to that of `to` (epoch ms): one without prints adds
 * nothing to the running sum. Dollars.
 */
export function chartData(minutes: readonly ChartMinute[], to: number): ChartData {
  const data: ChartData = [[], [], []]
  const [first] = minutes
  if (first === undefined) return data
  const byTime = new Map(minutes.map((minute) => [minute.time, minute]))
  const last = Math.max(minutes.at(-1)!.time, Math.floor(to / MINUTE_MS) * MINUTE_MS)
  const from = Math.max(first.time, last - MINUTES_MAX * MINUTE_MS)
  let total = 0
  for (let time = from; time <= last; time += MINUTE_MS) {
    const minute = byTime.get(time)
    const net = minute === undefined ? 0 : minute.bullishPremium - minute.bearishPremium
    total += net
    data[0].push(time / 1000)
    data[1].push(net)
    data[2].push(total)
  }
  return data
}

/** Bounds of both scales, dollars. */
export type Bounds = { readonly net: [number, number]; readonly total: [number, number] }

/** Room above and below the outermost figure. */
const ROOM = 1.06

/** Each scale fits its own figures, and zero is at one height, so that it is one line. */
export function boundsOf([, nets, totals]: ChartData): Bounds {
  const net = spanOf(nets)
  const total = spanOf(totals)
  const below = Math.max(net.below, total.below) * ROOM
  const above = Math.max(net.above, total.above) * ROOM
  return {
    net: [-below * net.reach, above * net.reach],
    total: [-below * total.reach, above * total.reach],
  }
}

/** The largest figure in dollars, and how far below and above zero they go as shares of it. */
function spanOf(values: readonly number[]) {
  let [min, max] = [0, 0]
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  const reach = Math.max(-min, max)
  if (reach === 0) return { reach: 1, below: 0, above: 1 }
  return { reach, below: -min / reach, above: max / reach }
}
