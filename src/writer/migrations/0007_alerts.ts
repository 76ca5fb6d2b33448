/**
 * What alerts were sent: one row an event or print, rule and sink. A row is claimed before the
 * sink is asked, by one process, whose advisory lock (7306094, owner) tells that it lives.
 */
export const sql = `
CREATE TABLE flow_alerts (
  claimed_at bigint NOT NULL,
  -- of the last try and of the last delivery, epoch ms
  tried_at bigint,
  sent_at bigint,
  owner integer NOT NULL,
  -- the newest version that is to be told, and the newest that the sink has
  revision integer NOT NULL,
  revision_sent integer,
  attempts integer NOT NULL DEFAULT 0,
  -- how often it was sent again because nobody knew what had become of it
  resends integer NOT NULL DEFAULT 0,
  subject text NOT NULL,
  rule text NOT NULL,
  sink text NOT NULL,
  cooldown_key text NOT NULL,
  state text NOT NULL CHECK
    (state IN ('pending', 'sending', 'sent', 'failed', 'given_up', 'suppressed')),
  -- the name that the sink gave its message
  message_id text,
  -- why it was suppressed, or what the last failure was
  note text,
  -- the version that is to be told, and what the sink was told last
  facts jsonb NOT NULL,
  told jsonb,
  PRIMARY KEY (subject, rule, sink)
);
CREATE INDEX flow_alerts_cooldown ON flow_alerts (rule, cooldown_key, claimed_at);
CREATE INDEX flow_alerts_claimed_at ON flow_alerts (claimed_at);
CREATE INDEX flow_alerts_unfinished ON flow_alerts (owner)
  WHERE state IN ('pending', 'sending', 'failed');
`
