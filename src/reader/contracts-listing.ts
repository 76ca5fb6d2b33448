import { CONTRACT_MULTIPLIER, type Contract, parseContract } from '../domain/contract.ts'
import { displayUrl } from './redact.ts'
import { fetchJson, type RestOptions, restUrl } from './rest.ts'
import { listingPath, REST_ORIGINS } from './vendor.ts'

/** Pages of one underlying: 200,000 contracts, several times the largest. */
const PAGES_MAX = 200

export type ListedContract = Contract & {
  /** What a price is multiplied by: 100, or another number for an adjusted or mini contract. */
  readonly sharesPerContract: number
}

export type ContractListing = {
  /** In the order of the listing, each once. */
  readonly contracts: readonly ListedContract[]
  /** Rows that name no valid contract. */
  readonly skipped: number
  readonly pages: number
}

/**
 * All unexpired contracts of an underlying (`SPX`: also its weeklies, SPXW). Follows the vendor's
 * pages, to the configured server only. A row that cannot be used is counted and left out.
 */
export async function listContracts(
  underlying: string,
  options: RestOptions,
): Promise<ContractListing> {
  const contracts = new Map<string, ListedContract>()
  let skipped = 0
  let url = restUrl(options.baseUrl, listingPath(underlying))
  for (let pages = 1; pages <= PAGES_MAX; pages++) {
    const page = pageOf(await fetchJson(url, options), underlying)
    for (const row of page.rows) {
      const contract = contractOf(row)
      if (contract === null) skipped++
      else contracts.set(contract.ticker, contract)
    }
    if (page.next === undefined) return { contracts: [...contracts.values()], skipped, pages }
    url = nextUrl(page.next, options)
  }
  throw new Error(
    `the contract listing of ${underlying} did not end after ${PAGES_MAX} pages ` +
      `(${contracts.size} contracts): ${displayUrl(url, options.apiKey)} repeats itself`,
  )
}

function pageOf(json: unknown, underlying: string): { rows: unknown[]; next: string | undefined } {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  const page: { results?: unknown; next_url?: unknown } = isObject ? json : {}
  const rows = page.results ?? [] // an underlying without contracts may have no results at all
  if (!isObject || !Array.isArray(rows)) {
    throw new Error(
      `the contract listing of ${underlying}: expected {"results": [...]}, came other JSON`,
    )
  }
  const next = page.next_url
  return { rows, next: typeof next === 'string' && next !== '' ? next : undefined }
}

function contractOf(row: unknown): ListedContract | null {
  const { ticker, shares_per_contract: shares } = (row ?? {}) as Record<string, unknown>
  const contract = typeof ticker === 'string' ? parseContract(ticker) : null
  const sharesPerContract = sharesOf(shares)
  if (contract === null || !(sharesPerContract > 0 && sharesPerContract < Infinity)) return null
  return { ...contract, sharesPerContract }
}

/** NaN for what is no number; absent, it is the ordinary multiplier. */
function sharesOf(value: unknown): number {
  if (value === undefined) return CONTRACT_MULTIPLIER
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN
}

/**
 * Where the next page is, without a key that the server put into it. Only the configured server is
 * asked, because the request carries the key; the vendor's two names are one server. `what` is
 * what the pages are of, for the error.
 */
export function nextUrl(
  next: string,
  options: Pick<RestOptions, 'baseUrl' | 'apiKey'>,
  what = 'the contract listing',
): string {
  const base = new URL(options.baseUrl)
  const url = URL.canParse(next, options.baseUrl) ? new URL(next, base) : undefined
  const isVendor = REST_ORIGINS.includes(base.origin) && REST_ORIGINS.includes(url?.origin ?? '')
  if (url === undefined || (url.origin !== base.origin && !isVendor)) {
    throw new Error(
      `the next page of ${what} lies at ${displayUrl(next, options.apiKey)}, ` +
        `expected ${base.origin}: not followed, because the API key would go there. Check FLOW_REST_URL`,
    )
  }
  url.searchParams.delete('apiKey')
  return `${base.origin}${url.pathname}${url.search}`
}
