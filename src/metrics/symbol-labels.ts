/**
 * With FLOW_SYMBOLS=* later underlyings share the label `other`: a series costs memory for ever.
 */
export const SYMBOL_LABELS_MAX = 1000

/** The symbol itself for a bounded number of them, `other` for the rest. */
export function symbolLabels(symbols: '*' | readonly string[]): (symbol: string) => string {
  const known = new Set(symbols === '*' ? [] : symbols.slice(0, SYMBOL_LABELS_MAX))
  const grows = symbols === '*'
  return (symbol) => {
    if (known.has(symbol)) return symbol
    if (!grows || known.size >= SYMBOL_LABELS_MAX) return 'other'
    known.add(symbol)
    return symbol
  }
}
