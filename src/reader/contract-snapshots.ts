import { parseContract } from '../domain/contract.ts'
import { nextUrl } from './contracts-listing.ts'
import type { RestOptions } from './rest.ts'

/** Largest number of either that the table and the columns hold. */
const OPEN_INTEREST_MAX = 2 ** 31 - 1
const MULTIPLIER_MAX = 65_535

/** What the vendor says of one contract today; what it did not say in a usable way is absent. */
export type ContractSnapshot = {
  readonly ticker: string
  /** Contracts, as of the morning. */
  readonly openInterest?: number
  /** Shares a contract stands for, a whole number from 1 to 65,535. */
  readonly multiplier?: number
}

/** Some contracts of a chain. */
export type ChainPage = {
  readonly contracts: readonly ContractSnapshot[]
  /** Rows that name no valid contract. */
  readonly skipped: number
  /** Where the next page is, on the configured server; undefined: this was the last. */
  readonly next: string | undefined
}

/**
 * A page of the chain of `underlying` (GET /v3/snapshot/options/{underlying}). Throws when it is no
 * page, or when its next one lies on another server than the configured one.
 */
export function parseChainPage(
  json: unknown,
  underlying: string,
  options: Pick<RestOptions, 'baseUrl' | 'apiKey'>,
): ChainPage {
  const page = fieldsOf(json)
  const rows = page?.results ?? []
  if (page === null || !Array.isArray(rows)) {
    throw new Error(`the chain of ${underlying}: expected {"results": [...]}, came other JSON`)
  }
  const contracts: ContractSnapshot[] = []
  for (const row of rows) {
    const snapshot = snapshotOf(row)
    if (snapshot !== null) contracts.push(snapshot)
  }
  const next = page.next_url
  return {
    contracts,
    skipped: rows.length - contracts.length,
    next: typeof next === 'string' && next !== '' ? nextUrl(next, options) : undefined,
  }
}

/**
 * The snapshot of one contract (GET /v3/snapshot/options/{underlying}/{contract}) as a page of at
 * most one: of none when the answer does not hold `ticker`.
 */
export function parseContractSnapshot(json: unknown, ticker: string): ChainPage {
  const snapshot = snapshotOf(fieldsOf(json)?.results)
  const isAnswer = snapshot?.ticker === ticker
  return { contracts: isAnswer ? [snapshot] : [], skipped: 0, next: undefined }
}

function snapshotOf(row: unknown): ContractSnapshot | null {
  const fields = fieldsOf(row)
  const details = fieldsOf(fields?.details)
  const ticker = details?.ticker
  if (typeof ticker !== 'string' || parseContract(ticker) === null) return null
  const openInterest = whole(fields?.open_interest, 0, OPEN_INTEREST_MAX)
  const multiplier = whole(details?.shares_per_contract, 1, MULTIPLIER_MAX)
  return {
    ticker,
    ...(openInterest === undefined ? {} : { openInterest }),
    ...(multiplier === undefined ? {} : { multiplier }),
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const isFields = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isFields ? (value as Record<string, unknown>) : null
}

/** A whole number, also as a numeric text; undefined for anything else. */
function whole(value: unknown, min: number, max: number): number | undefined {
  const isText = typeof value === 'string' && value.trim() !== ''
  const number = typeof value === 'number' || isText ? Number(value) : Number.NaN
  return Number.isInteger(number) && number >= min && number <= max ? number : undefined
}
