/** Alerts count how often a contract was traded alike; by symbol alone that is a day's reading. */
export const sql = `
CREATE INDEX flow_events_contract_started_at ON flow_events (contract_ticker, started_at);
`
