/**
 * A client that was away asks for what came meanwhile: by its own time a late print would lie long
 * before. Rows are written about in that order, so that a few pages of index are enough.
 */
export const sql = `
CREATE INDEX options_flow_history_received_at
  ON options_flow_history USING brin (received_at) WITH (pages_per_range = 32);
`
