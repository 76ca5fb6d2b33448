import { type Cluster, isIndex, vendorName } from './clusters.ts'
import type { Connection } from './connection.ts'
import type { Underlying } from './market.ts'
import { Random } from './random.ts'

const VALUE_PERIOD_MS = 500
const SECOND_MS = 1000

/** One event of the clusters beside the options. */
type UnderlyingEvent = {
  readonly cluster: Cluster
  readonly channel: 'A' | 'V'
  readonly ticker: string
  readonly json: string
}

/**
 * Publishes the prices of the underlyings until it is called off: `V` of indices twice a second,
 * and `A` of all others once a second, when the second is over. Returns what calls it off.
 */
export function publishUnderlyings(
  underlyings: () => readonly Underlying[],
  connections: ReadonlySet<Connection>,
  isSilent: () => boolean,
): () => void {
  const bars = new Bars()
  const timer = setInterval(() => {
    const now = Date.now()
    const known = underlyings()
    const events = [...bars.take(known, now), ...valuesOf(known, now)]
    if (!isSilent()) share(events, connections)
  }, VALUE_PERIOD_MS)
  return () => clearInterval(timer)
}

function share(events: readonly UnderlyingEvent[], connections: ReadonlySet<Connection>): void {
  for (const connection of connections) {
    const wanted = events.filter(
      ({ cluster, channel, ticker }) =>
        cluster === connection.cluster && connection.subscriptions.wants(channel, ticker),
    )
    if (wanted.length > 0) connection.send(`[${wanted.map(({ json }) => json).join(',')}]`)
  }
}

function valuesOf(underlyings: readonly Underlying[], now: number): UnderlyingEvent[] {
  return underlyings
    .filter(({ profile }) => isIndex(profile.symbol))
    .map(({ profile, price }) => {
      const ticker = vendorName(profile.symbol)
      const json = JSON.stringify({ ev: 'V', val: rounded(price), T: ticker, t: now })
      return { cluster: 'indices', channel: 'V', ticker, json }
    })
}

type Bar = {
  open: number
  high: number
  low: number
  close: number
  dayOpen: number
  dayVolume: number
  dayTurnover: number
}

/** Bars of a second each; their volumes are made up. */
class Bars {
  readonly #bars = new Map<string, Bar>()
  readonly #random = new Random(1)
  /** Start of the second that is going on, epoch ms; NaN before the first. */
  #second = NaN

  /** Takes the present prices in; the bars of the second that is over, if one is. */
  take(underlyings: readonly Underlying[], now: number): UnderlyingEvent[] {
    const second = Math.floor(now / SECOND_MS) * SECOND_MS
    const events: UnderlyingEvent[] = []
    for (const { profile, price } of underlyings) {
      if (isIndex(profile.symbol)) continue
      const bar = this.#bars.get(profile.symbol)
      if (bar === undefined) {
        this.#bars.set(profile.symbol, firstBar(price, profile.price))
        continue
      }
      if (second > this.#second) {
        events.push(this.#close(profile.symbol, bar))
        Object.assign(bar, { open: price, high: price, low: price })
      }
      bar.high = Math.max(bar.high, price)
      bar.low = Math.min(bar.low, price)
      bar.close = price
    }
    this.#second = second
    return events
  }

  #close(ticker: string, bar: Bar): UnderlyingEvent {
    const { open, high, low, close, dayOpen } = bar
    const size = this.#random.int(40, 180)
    const volume = size * this.#random.int(1, 60)
    const average = (open + high + low + close) / 4
    bar.dayVolume += volume
    bar.dayTurnover += volume * average
    const json = JSON.stringify({
      ev: 'A',
      sym: ticker,
      v: volume,
      av: bar.dayVolume,
      op: rounded(dayOpen),
      vw: rounded(average, 4),
      o: rounded(open),
      c: rounded(close),
      h: rounded(high),
      l: rounded(low),
      a: rounded(bar.dayTurnover / bar.dayVolume, 4),
      z: size,
      s: this.#second,
      e: this.#second + SECOND_MS,
    })
    return { cluster: 'stocks', channel: 'A', ticker, json }
  }
}

function firstBar(price: number, dayOpen: number): Bar {
  return {
    open: price,
    high: price,
    low: price,
    close: price,
    dayOpen,
    dayVolume: 0,
    dayTurnover: 0,
  }
}

const rounded = (price: number, digits = 2): number => Number(price.toFixed(digits))
