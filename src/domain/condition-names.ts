/**
 * What the vendor calls each sale condition. Source: the vendor's reference of conditions, by id;
 * `legacy`: named by OPRA once, no longer sent.
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [201, 'Canceled'],
  [202, 'Late and Out Of Sequence'],
  [203, 'Last and Canceled'],
  [204, 'Late'],
  [205, 'Opening Trade and Canceled'],
  [206, 'Opening Trade, Late, and Out Of Sequence'],
  [207, 'Only Trade and Canceled'],
  [208, 'Opening Trade and Late'],
  [209, 'Automatic Execution'],
  [210, 'Reopening Trade'],
  [211, 'Adjusted terms (legacy)'],
  [212, 'Spread (legacy)'],
  [213, 'Straddle (legacy)'],
  [214, 'Stopped (legacy)'],
  [215, 'Cancel stopped (legacy)'],
  [216, 'Buy-write (legacy)'],
  [217, 'Combination (legacy)'],
  [218, 'Stopped, price improvement (legacy)'],
  [219, 'Intermarket Sweep Order'],
  [220, 'Benchmark trade (legacy)'],
  [224, 'Trade-through exempt (legacy)'],
  [227, 'Single Leg Auction Non ISO'],
  [228, 'Single Leg Auction ISO'],
  [229, 'Single Leg Cross Non ISO'],
  [230, 'Single Leg Cross ISO'],
  [231, 'Single Leg Floor Trade'],
  [232, 'Multi Leg auto-electronic trade'],
  [233, 'Multi Leg Auction'],
  [234, 'Multi Leg Cross'],
  [235, 'Multi Leg floor trade'],
  [236, 'Multi Leg auto-electronic trade against single leg(s)'],
  [237, 'Stock Options Auction'],
  [238, 'Multi Leg Auction against single leg(s)'],
  [239, 'Multi Leg floor trade against single leg(s)'],
  [240, 'Stock Options auto-electronic trade'],
  [241, 'Stock Options Cross'],
  [242, 'Stock Options floor trade'],
  [243, 'Stock Options auto-electronic trade against single leg(s)'],
  [244, 'Stock Options Auction against single leg(s)'],
  [245, 'Stock Options floor trade against single leg(s)'],
  [246, 'Multi Leg Floor Trade of Proprietary Products'],
  [247, 'Multilateral Compression Trade of Proprietary Products'],
  [248, 'Extended Hours Trade'],
])

/** The vendor's name of a condition id; undefined for one that the table does not name. */
export function conditionName(id: number): string | undefined {
  return NAMES.get(id)
}
