/**
 * Option exchanges by the vendor's numeric id: 300 + the place of the OPRA participant letter.
 * Source: the vendor's exchange reference and the OPRA participant list, September 2026. An id that
 * is not here is a venue we do not know yet: it is kept as its number and never rejected.
 */
const ACRONYMS: ReadonlyMap<number, string> = new Map([
  [300, 'AMEX'], // NYSE American Options
  [301, 'BOX'], // BOX Options Exchange
  [302, 'CBOE'], // Cboe Options Exchange
  [303, 'EMERALD'], // MIAX Emerald
  [304, 'EDGX'], // Cboe EDGX Options
  [306, 'MX2'], // MX2
  [307, 'GEMX'], // Nasdaq GEMX
  [308, 'ISE'], // Nasdaq ISE
  [309, 'MRX'], // Nasdaq MRX
  [312, 'MIAX'], // MIAX Options
  [313, 'ARCA'], // NYSE Arca Options
  [314, 'OPRA'], // Options Price Reporting Authority
  [315, 'PEARL'], // MIAX Pearl Options
  [316, 'NOM'], // Nasdaq Options Market
  [318, 'SPHR'], // MIAX Sapphire
  [319, 'BX'], // Nasdaq BX Options
  [320, 'MEMX'], // MEMX Options
  [321, 'IEX'], // IEX Options
  [322, 'C2'], // Cboe C2 Options
  [323, 'PHLX'], // Nasdaq PHLX
  [325, 'BZX'], // Cboe BZX Options
])

/** Acronym of a venue (`CBOE`), or undefined for an id that the table does not name. */
export function exchangeAcronym(id: number): string | undefined {
  return ACRONYMS.get(id)
}

const IDS: ReadonlyMap<string, number> = new Map([...ACRONYMS].map(([id, text]) => [text, id]))

/** The id behind a stored venue (`CBOE` gives 302, `999` the id 999); null for any other text. */
export function exchangeOfText(text: string): number | null {
  return IDS.get(text) ?? (/^\d{1,10}$/.test(text) ? Number(text) : null)
}
