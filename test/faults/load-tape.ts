import { Random } from '../../src/simulator/random.ts'

/** What the load trades, each with its contracts; the last one is not watched. */
export const CONTRACTS: Readonly<Record<string, readonly string[]>> = {
  SPY: ['O:SPY271217C00650000', 'O:SPY271217P00650000', 'O:SPY271217C00660000'],
  QQQ: ['O:QQQ271217C00500000', 'O:QQQ271217P00480000'],
}
export const WATCHED = Object.keys(CONTRACTS)
const UNWATCHED = 'O:XYZ271217C00050000'

/** Half a minute before midnight in New York: the day changes early in the run. */
const START = Date.UTC(2025, 10, 4, 4, 59, 30)
const WAITS_MS = [0, 0, 0, 1, 1, 5, 20, 20, 60, 250, 1100]
const CONDITIONS = [undefined, [209], [209], [219], [227], [232], [204], [9999], [209, 219]]
const SIZES = [1, 5, 9, 10, 11, 25, 49, 60, 100, 400, 500]
const RECENT_MAX = 400

type Event = Readonly<Record<string, unknown>>
export type LoadFrame = {
  /** The watched underlying whose connection it comes over. */
  readonly over: string
  readonly text: string
}

/**
 * A tape without an end, the same for the same seed: quotes, sweeps and splits, blocks, prints too
 * small to store, cancels, prints that come twice, prints without a sequence that come twice and
 * are two, sequences used again, late prints, prints that are none and frames that are no JSON.
 */
export class LoadTape {
  readonly #random: Random
  readonly #recent: Event[] = []
  #now = START
  #sequence = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  next(): LoadFrame {
    const random = this.#random
    this.#now += random.pick(WAITS_MS)
    const over = random.pick(WATCHED)
    if (random.chance(0.01)) return { over, text: random.pick(['{"ev":', 'x', '[{]', '']) }
    const events: Event[] = []
    for (let parts = random.int(1, 3); parts > 0; parts--) events.push(...this.#part(over))
    return { over, text: JSON.stringify(events) }
  }

  /** One frame for each underlying that lets every window of `windowMs` close by event time. */
  closeWindows(windowMs: number): LoadFrame[] {
    this.#now += 6 * windowMs
    return WATCHED.map((over) => ({
      over,
      text: JSON.stringify([this.#quote(CONTRACTS[over]![0]!)]),
    }))
  }

  #part(over: string): readonly Event[] {
    const random = this.#random
    const sym = random.pick(CONTRACTS[over]!)
    const earlier = this.#recent[this.#recent.length - 1 - random.int(0, RECENT_MAX)]
    const own = earlier?.over === over ? (earlier.event as Event) : undefined
    switch (random.int(0, 11)) {
      case 0:
      case 1:
      case 2:
        return [this.#quote(sym)]
      case 3:
      case 4:
        return this.#burst(over, sym)
      case 5:
        return own === undefined ? [] : [own] // once more
      case 6:
        return own === undefined ? [] : [{ ...own, c: [201], q: ++this.#sequence, t: this.#now }]
      case 7: {
        const { q, ...unnumbered } = this.#print(over, sym)
        return [unnumbered, unnumbered]
      }
      case 8:
        return own === undefined ? [] : [{ ...own, p: 1.97 }]
      case 9:
        return [this.#print(over, random.pick([UNWATCHED, 'O:NONE', sym]), { s: 0 })]
      default:
        return [this.#print(over, sym), this.#print(over, sym, { t: this.#now - 300 })]
    }
  }

  /** Legs at the ask or the bid, close to each other; over one exchange a split. */
  #burst(over: string, sym: string): Event[] {
    const random = this.#random
    const isSplit = random.chance(0.3)
    const p = random.pick([1.5, 1.6])
    const legs = random.int(2, 5)
    return Array.from({ length: legs }, (_, i) => {
      const x = isSplit ? 302 : 300 + i
      return this.#print(over, sym, { p, x, c: random.pick([[219], [209]]), t: this.#now + 7 * i })
    })
  }

  #print(over: string, sym: string, fields: Event = {}): Event {
    const random = this.#random
    const c = random.pick(CONDITIONS)
    const event = {
      ev: 'T',
      sym,
      x: 300 + random.int(0, 4),
      p: 1.45 + random.int(0, 20) / 100,
      s: random.pick(SIZES),
      t: this.#now,
      q: ++this.#sequence,
      ...(c === undefined ? {} : { c }),
      ...fields,
    }
    this.#recent.push({ over, event })
    if (this.#recent.length > 2 * RECENT_MAX) this.#recent.splice(0, RECENT_MAX)
    return event
  }

  #quote(sym: string): Event {
    const random = this.#random
    const tick = random.int(-3, 3) / 100
    const sizes = { bs: random.int(1, 60), as: random.int(1, 60) }
    return {
      ev: 'Q',
      sym,
      bx: 302,
      ax: 303,
      bp: 1.5 + tick,
      ap: 1.6 + tick,
      t: this.#now,
      ...sizes,
    }
  }
}
