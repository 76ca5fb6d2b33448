/**
 * What of a gap flat files have filled, as '2026-11-20 SPY' ('2026-11-20 *' where the gap is one of
 * all symbols): one that lies on two days, or has two symbols, may be filled in two runs.
 */
export const sql = `
ALTER TABLE flow_gaps ADD COLUMN parts_filled text[] NOT NULL DEFAULT '{}';
`
