import { notablePrints } from '../console/lines.ts'
import type { Log } from '../console/log.ts'
import { NotablePrints } from '../console/notable.ts'
import { parseContract } from '../domain/contract.ts'
import { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import type { Dictionary } from '../reader/dictionary.ts'
import type { FilledRows } from '../shard/row-sink.ts'
import { RowSlab } from '../slab/row-slab.ts'

/** Lines a second on the console. */
const LINES_MAX = 5
const SECOND_MS = 1000
/** Dollars; what is less is not worth a line. */
const NOTABLE_PREMIUM_MIN = 25_000

/** Looks over the final rows on their way to the writer, for the console's notable prints. */
export class Tape {
  readonly #dictionary: Dictionary
  readonly #log: Log
  readonly #notable = new NotablePrints(LINES_MAX)
  #timer: NodeJS.Timeout | null = null
  /** Vendor time of the last row seen, epoch ms. */
  lastTime: number | null = null

  constructor(dictionary: Dictionary, log: Log) {
    this.#dictionary = dictionary
    this.#log = log
  }

  see({ buffer, rows }: FilledRows, tellsPrints: boolean): void {
    const slab = new RowSlab(buffer)
    const { price, size, multiplier } = slab
    this.lastTime = slab.time[rows - 1]!
    if (!tellsPrints) return
    let floor = this.#notable.premiumFloor
    for (let row = 0; row < rows; row++) {
      const dollars = (price[row]! * size[row]! * multiplier[row]!) / TICKS_PER_DOLLAR
      if (dollars < NOTABLE_PREMIUM_MIN) continue
      if (dollars > floor) {
        this.#add(slab, row, dollars)
        floor = this.#notable.premiumFloor
      } else {
        this.#notable.skip(1, dollars)
      }
      this.#timer ??= setTimeout(() => this.flush(), SECOND_MS).unref()
    }
  }

  /** Tells what has come together. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const line of notablePrints(this.#notable.take())) this.#log.say(line)
  }

  #add(slab: RowSlab, row: number, premiumDollars: number): void {
    const contractTicker = this.#dictionary.ticker(slab.contract[row]!)
    const { underlying, strikeMills, isCall } = parseContract(contractTicker)!
    this.#notable.add({
      symbol: underlying,
      contractTicker,
      strikeMills,
      isCall,
      size: slab.size[row]!,
      priceTicks: slab.price[row]!,
      premiumDollars,
      tradeType: TRADE_TYPE_TEXT[slab.tradeType[row]!]!,
      sentiment: SENTIMENT_TEXT[slab.sentiment[row]!]!,
    })
  }
}
