import type { Contract } from '../domain/contract.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import { TOPICS_MAX } from './topics.ts'
import { ALL_TRADES, quoteTopic, tradeTopic } from './vendor.ts'

/** What one connection asks for. */
export type ConnectionPlan = {
  /** 0, 1, ... */
  readonly connection: number
  /** In alphabetical order; empty: all of them. */
  readonly underlyings: readonly string[]
  /** Tickers of the contracts whose quotes are asked for; most wanted first. */
  readonly quoted: readonly string[]
  /** Trades, then quotes. */
  readonly topics: readonly string[]
}

/** Wildcard mode: one connection with every trade. Quotes follow the contracts that trade. */
export function planWildcard(): readonly ConnectionPlan[] {
  return [{ connection: 0, underlyings: [], quoted: [], topics: [ALL_TRADES] }]
}

/**
 * Contracts mode: `symbolsPerConnection` underlyings a connection, in alphabetical order, with all
 * their contracts, and quotes only of contracts of the same connection: everything about one
 * underlying comes over one connection, which keeps it in order. The same contracts in any order,
 * also repeated, give the same plan.
 */
export function planContracts(
  contracts: readonly Contract[],
  symbolsPerConnection: number,
  quotesPerConnection: number,
): readonly ConnectionPlan[] {
  const groups = groupByUnderlying(contracts)
  const needed = Math.ceil(groups.length / symbolsPerConnection)
  if (needed > CONNECTIONS_MAX) {
    throw new Error(
      `${groups.length} underlyings at ${symbolsPerConnection} a connection need ${needed} ` +
        `connections, at most ${CONNECTIONS_MAX} are possible: raise ` +
        'FLOW_SYMBOLS_PER_CONNECTION or watch fewer symbols',
    )
  }
  return Array.from({ length: needed }, (_, connection) => {
    const first = connection * symbolsPerConnection
    const mine = groups.slice(first, first + symbolsPerConnection)
    const trades = mine.flatMap((group) => group.contracts.map((c) => tradeTopic(c.ticker)))
    const quoted = mostWanted(mine, quotesPerConnection)
    const topics = [...trades, ...quoted.map(quoteTopic)]
    if (topics.length > TOPICS_MAX) {
      throw new Error(
        `connection ${connection} would carry ${topics.length} topics, at most ${TOPICS_MAX} ` +
          'are possible: lower FLOW_SYMBOLS_PER_CONNECTION',
      )
    }
    return { connection, underlyings: mine.map((group) => group.underlying), quoted, topics }
  })
}

type Group = { readonly underlying: string; readonly contracts: readonly Contract[] }

/** Each contract once, by ticker; the underlyings by name. */
function groupByUnderlying(contracts: readonly Contract[]): Group[] {
  const unique = [...new Map(contracts.map((c) => [c.ticker, c])).values()]
  const groups = Map.groupBy(unique, (contract) => contract.underlying)
  return [...groups]
    .map(([underlying, members]) => ({
      underlying,
      contracts: members.toSorted((a, b) => compare(a.ticker, b.ticker)),
    }))
    .toSorted((a, b) => compare(a.underlying, b.underlying))
}

/**
 * Tickers of up to `limit` contracts, taken in turn from each underlying. Without a tape to go by,
 * the contracts that trade most are guessed: the nearest expiration first, and in it the strikes
 * nearest to the middle of the listed ones, which lie around the price of the underlying.
 */
function mostWanted(groups: readonly Group[], limit: number): string[] {
  const queues = groups.map((group) => byInterest(group.contracts).slice(0, limit))
  const wanted: string[] = []
  for (let turn = 0; wanted.length < limit; turn++) {
    const round = queues.flatMap((queue) => queue[turn]?.ticker ?? [])
    if (round.length === 0) break
    wanted.push(...round.slice(0, limit - wanted.length))
  }
  return wanted
}

function byInterest(contracts: readonly Contract[]): Contract[] {
  const expirations = Map.groupBy(contracts, (contract) => contract.expirationDay)
  return [...expirations]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, members]) => {
      const strikes = members.map((c) => c.strikeMills).toSorted((a, b) => a - b)
      const middle = strikes[strikes.length >> 1] ?? 0
      const distance = (c: Contract) => Math.abs(c.strikeMills - middle)
      return members.toSorted((a, b) => distance(a) - distance(b) || compare(a.ticker, b.ticker))
    })
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
