import { parseContract } from '../domain/contract.ts'
import { flood } from './flood.ts'
import type { History } from './history.ts'
import type { Hub } from './hub.ts'
import { playLive } from './live.ts'
import { type SyntheticOptions, SyntheticTape } from './synthetic.ts'
import { playTape, type Tape, tickersOfTape } from './tape.ts'

/** Where the events come from; each source begins with the first subscriptions. */
export type Source =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'tape' } & Tape)
  | ({
      readonly kind: 'synthetic'
      /** Prints a second, or `max`: as fast as the slowest subscriber takes them. */
      readonly rate?: number | 'max'
      /** The tape ends after this many prints; default never. */
      readonly prints?: number
    } & Omit<SyntheticOptions, 'start' | 'rate'>)

export type Prepared = {
  readonly play: () => Promise<void>
  readonly tickers: () => Promise<readonly string[]>
}

/** Gets a source ready: its contracts are known before it plays. */
export function prepareSource(
  source: Source,
  hub: Hub,
  history: History,
  eventsPerFrame: number,
  isStopped: () => boolean,
): Prepared {
  if (source.kind === 'none') return { play: () => new Promise(() => {}), tickers: async () => [] }
  if (source.kind === 'tape') {
    let tickers: Promise<string[]> | null = null
    return {
      play: () => playTape(source, hub, history, isStopped),
      tickers: () => {
        tickers ??= tickersOfTape(source).then((all) =>
          all.filter((t) => parseContract(t) !== null),
        )
        return tickers
      },
    }
  }
  const { kind: _, rate = 200, prints = Number.POSITIVE_INFINITY, ...rest } = source
  const numeric = rate === 'max' ? {} : { rate }
  const tape = new SyntheticTape({ ...rest, ...numeric, start: Date.now() })
  const tickers = tape.contracts.map((contract) => contract.ticker).sort()
  return {
    tickers: async () => tickers,
    play: () =>
      rate === 'max'
        ? flood(
            tape,
            hub,
            { eventsPerFrame, prints, withQuotes: source.quotesPerPrint !== undefined },
            isStopped,
          )
        : playLive(tape, hub, prints, isStopped),
  }
}
