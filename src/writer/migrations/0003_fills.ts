/**
 * Which contracts of a gap are done, so that a fill that was interrupted goes on with the next one:
 * a row is written in the transaction that puts the contract's prints in. It also keeps the volume
 * that was missed until the contract's shard counts it and the rows that came meanwhile have it.
 */
export const sql = `
CREATE TABLE flow_fills (
  filled_at bigint NOT NULL,
  -- contracts of the day that the shard did not know of; null: every row has them
  volume bigint,
  -- when the shard was told, epoch ms; what was received later counts the volume
  told_at bigint,
  -- rows received before are in the fill, epoch ms
  received_to bigint,
  -- how many were put in
  prints integer NOT NULL,
  day date,
  gap_id text NOT NULL,
  contract_ticker text NOT NULL,
  -- rows received later that are in the fill too: time-arrival-receive time
  seen text[],
  PRIMARY KEY (gap_id, contract_ticker)
);
CREATE INDEX flow_fills_filled_at ON flow_fills (filled_at);
CREATE INDEX flow_fills_pending ON flow_fills (filled_at) WHERE volume IS NOT NULL;
`
