/**
 * How the vendor names an underlying outside the options feed: an index carries `I:` and has a
 * cluster of its own. Source: the vendor's WebSocket and REST descriptions, July 2026.
 */

/** Rows of one page of a chain; the vendor's maximum. */
export const CHAIN_PAGE_ROWS = 250

export type Cluster = 'stocks' | 'indices'

/**
 * Underlyings that are indices: those with options listed at Cboe, Nasdaq and its PHLX, by the
 * name that their roots map to. A name that is missing here counts as a stock and has no price.
 */
const INDICES: ReadonlySet<string> = new Set([
  ...['SPX', 'XSP', 'NANOS', 'OEX', 'XEO', 'SPESG', 'DJX', 'RUT', 'MRUT', 'RUI', 'VIX', 'NDX'],
  ...['XND', 'NQX', 'MXEA', 'MXEF', 'MXACW', 'MXWLD', 'MXUSA', 'CBTX', 'MBTX', 'BKX', 'HGX'],
  ...['OSX', 'SOX', 'UTY', 'XAU', 'SIXB', 'SIXC', 'SIXI', 'SIXM', 'SIXR', 'SIXRE', 'SIXT'],
  ...['SIXU', 'SIXV', 'SIXY'],
])

const INDEX_PREFIX = 'I:'

export function isIndex(underlying: string): boolean {
  return INDICES.has(underlying)
}

/** `I:SPX` for an index, the plain name for anything else. */
export function vendorName(underlying: string): string {
  return isIndex(underlying) ? INDEX_PREFIX + underlying : underlying
}

/** The underlying that a symbol of the vendor names: `I:SPX` is SPX. */
export function underlyingOfVendorName(symbol: string): string {
  return symbol.startsWith(INDEX_PREFIX) ? symbol.slice(INDEX_PREFIX.length) : symbol
}

/** Topics for the prices of the underlyings that belong to a cluster: bars of a second, values. */
export function priceTopics(cluster: Cluster, underlyings: '*' | readonly string[]): string[] {
  const channel = cluster === 'indices' ? 'V' : 'A'
  if (underlyings === '*') return [`${channel}.*`]
  const mine = underlyings.filter((underlying) => isIndex(underlying) === (cluster === 'indices'))
  return mine.map((underlying) => `${channel}.${vendorName(underlying)}`)
}

/**
 * The feed's URL with the cluster as the last segment of its path, appended where there is none:
 * `wss://socket.massive.com/options` gives `wss://socket.massive.com/indices`.
 */
export function clusterUrl(feedUrl: string, cluster: Cluster): string {
  const url = new URL(feedUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/[^/]*$/, '')}/${cluster}`
  return url.href
}

/** Path and query of the first page of a chain. `underlying` as the vendor is to be asked. */
export function chainPath(underlying: string): string {
  return `/v3/snapshot/options/${encodeURIComponent(underlying)}?limit=${CHAIN_PAGE_ROWS}`
}

/** Path of one contract's snapshot. `underlying` as the vendor is to be asked. */
export function contractPath(underlying: string, ticker: string): string {
  return `/v3/snapshot/options/${encodeURIComponent(underlying)}/${encodeURIComponent(ticker)}`
}
