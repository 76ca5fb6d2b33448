/**
 * Which contracts of a gap are done, so that a fill that was interrupted goes on with the next one:
 * a row is written in the transaction that puts the contract's prints in.
 */
export const sql = `
CREATE TABLE flow_fills (
  filled_at bigint NOT NULL,
  -- how many were put in
  prints integer NOT NULL,
  gap_id text NOT NULL,
  contract_ticker text NOT NULL,
  PRIMARY KEY (gap_id, contract_ticker)
);
CREATE INDEX flow_fills_filled_at ON flow_fills (filled_at);
`
