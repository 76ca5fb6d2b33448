/** The vendor's clusters that exist here: the path of the WebSocket names one. */
export const CLUSTERS = ['options', 'stocks', 'indices'] as const
export type Cluster = (typeof CLUSTERS)[number]

/** The cluster of a request such as `/stocks?x=1`; null for any other path. */
export function clusterOf(url: string): Cluster | null {
  const path = url.split('?', 1)[0]
  return CLUSTERS.find((cluster) => path === `/${cluster}`) ?? null
}

/** Underlyings that are indices; the vendor quotes them as `I:SPX` in a cluster of their own. */
const INDICES = new Set(
  'SPX NDX VIX RUT XSP DJX OEX XEO XND NQX MRUT RUI RLG RLV VVIX BKX HGX OSX SOX UTY XAU'.split(
    ' ',
  ),
)

export function isIndex(symbol: string): boolean {
  return INDICES.has(symbol)
}

/** The vendor's name of an underlying: `I:SPX`, `SPY`. */
export function vendorName(symbol: string): string {
  return isIndex(symbol) ? `I:${symbol}` : symbol
}
