import { parseContract } from '../domain/contract.ts'
import { SHARES_PER_CONTRACT } from './chain.ts'
import { flood } from './flood.ts'
import type { History } from './history.ts'
import type { Hub } from './hub.ts'
import { playLive } from './live.ts'
import type { Underlying } from './market.ts'
import type { Reference } from './rest-contracts.ts'
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
  /** Null for a contract of which the source knows the ticker only. */
  readonly reference: (ticker: string) => Reference | null
  /** With their present prices; a recording has none. */
  readonly underlyings: () => readonly Underlying[]
}

const NOTHING_KNOWN = { reference: () => null, underlyings: () => [] } as const

/** Gets a source ready: its contracts are known before it plays. */
export function prepareSource(
  source: Source,
  hub: Hub,
  history: History,
  eventsPerFrame: number,
  isStopped: () => boolean,
): Prepared {
  if (source.kind === 'none') {
    return { ...NOTHING_KNOWN, play: () => new Promise(() => {}), tickers: async () => [] }
  }
  if (source.kind === 'tape') {
    let tickers: Promise<string[]> | null = null
    return {
      ...NOTHING_KNOWN,
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
  const contracts = new Map(tape.contracts.map((contract) => [contract.ticker, contract]))
  const tickers = [...contracts.keys()].sort()
  return {
    tickers: async () => tickers,
    underlyings: () => tape.underlyings,
    reference: (ticker) => {
      const contract = contracts.get(ticker)
      if (contract === undefined) return null
      const { sharesPerContract = SHARES_PER_CONTRACT } = contract.profile
      return { sharesPerContract, openInterest: tape.openInterest(contract) }
    },
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
