/** Followers read the versions of events by the time at which they were recorded. */
export const sql = `
CREATE INDEX flow_events_recorded_at ON flow_events (recorded_at);
CREATE INDEX flow_event_revisions_recorded_at ON flow_event_revisions (recorded_at);
`
