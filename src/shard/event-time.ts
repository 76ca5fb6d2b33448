import { grown } from '../domain/columns.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'

/**
 * Event time of each underlying (rules.md): the largest vendor time of its events read so far. When
 * it has had no event for more than 2W on the reading clock, it moves on by the time passed.
 */
export class EventTime {
  readonly #quietMs: number
  #time = new Float64Array(16).fill(Number.NEGATIVE_INFINITY)
  #clock = new Float64Array(16).fill(Number.NaN)
  #connection = new Uint8Array(16)

  /** `windowMs`: W of rules.md. */
  constructor(windowMs: number) {
    this.#quietMs = 2 * windowMs
  }

  ensure(underlyings: number): void {
    const before = this.#time.length
    if (underlyings <= before) return
    const n = Math.max(underlyings, before * 2)
    this.#time = grown(this.#time, new Float64Array(n).fill(Number.NEGATIVE_INFINITY))
    this.#clock = grown(this.#clock, new Float64Array(n).fill(Number.NaN))
    this.#connection = grown(this.#connection, new Uint8Array(n))
  }

  /** Takes in an event read at `clock` (NaN: the source has none); gives the event time with it. */
  advance(underlying: number, time: number, clock: number, connection: number): number {
    const passed = clock - this.#clock[underlying]!
    let now = this.#time[underlying]!
    if (passed > this.#quietMs) now += passed
    if (time > now) now = time
    this.#time[underlying] = now
    this.#clock[underlying] = clock
    this.#connection[underlying] = connection
    return now
  }

  /** Event time at `clock` for what is no event of the vendor: it moves nothing. */
  at(underlying: number, clock: number): number {
    const passed = clock - this.#clock[underlying]!
    const now = this.#time[underlying]!
    return passed > this.#quietMs ? now + passed : now
  }

  /** Whether the underlying has been quiet for so long that its windows are past. */
  isQuiet(underlying: number, clocks: ArrayLike<number>): boolean {
    return this.clockNow(underlying, clocks) - this.#clock[underlying]! > this.#quietMs
  }

  /** The reading clock of the underlying's connection, out of those of all; NaN: none. */
  clockNow(underlying: number, clocks: ArrayLike<number>): number {
    return clocks[this.#connection[underlying]!] ?? Number.NaN
  }

  save(out: StateWriter, underlyings: number): void {
    out.part('event time', 1)
    out.column(this.#time, underlyings)
    out.column(this.#clock, underlyings)
    out.column(this.#connection, underlyings)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, underlyings: number): void {
    this.ensure(underlyings)
    from.part('event time', 1)
    from.into(this.#time, underlyings)
    from.into(this.#clock, underlyings)
    from.into(this.#connection, underlyings)
  }
}
