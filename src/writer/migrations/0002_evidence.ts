/**
 * What stands behind a label: the customer side and its rule, percentiles, the source of the quote,
 * open interest, the price of the underlying; and the log of events. No row of before is touched:
 * it shows null, and the defaults below where what it went by is known.
 */
export const sql = `
ALTER TABLE options_flow_history
  ADD COLUMN day_volume bigint,
  ADD COLUMN multiplier integer NOT NULL DEFAULT 100,
  ADD COLUMN open_interest integer,
  ADD COLUMN average_size real,
  ADD COLUMN average_prints integer,
  ADD COLUMN size_percentile real,
  ADD COLUMN premium_percentile real,
  ADD COLUMN percentile_sample integer,
  ADD COLUMN customer_confidence real,
  -- late quotes that were applied to the row since it was stored, and when one was heard, epoch ms
  ADD COLUMN revision integer NOT NULL DEFAULT 0,
  ADD COLUMN revised_at bigint,
  ADD COLUMN customer_side text NOT NULL DEFAULT 'UNKNOWN',
  ADD COLUMN customer_rule text,
  ADD COLUMN quote_source text,
  ADD COLUMN underlying_source text,
  ADD COLUMN average_scope text,
  ADD COLUMN rules text;

-- One row a sweep, split or block: its current version. No leg is left of one that is void.
CREATE TABLE flow_events (
  started_at bigint NOT NULL,
  ended_at bigint NOT NULL,
  total_size bigint NOT NULL,
  recorded_at bigint NOT NULL,
  revision integer NOT NULL,
  span_ms integer NOT NULL,
  leg_count integer NOT NULL,
  is_void boolean NOT NULL DEFAULT false,
  event_id text NOT NULL PRIMARY KEY,
  reason text NOT NULL,
  kind text NOT NULL,
  symbol text NOT NULL,
  contract_ticker text NOT NULL,
  side text NOT NULL,
  sentiment text NOT NULL,
  legs jsonb NOT NULL,
  total_premium numeric NOT NULL,
  vwap numeric,
  exchanges text[] NOT NULL DEFAULT '{}',
  sweep_windows_ms integer[] NOT NULL DEFAULT '{}',
  why text
);
CREATE INDEX flow_events_symbol_started_at ON flow_events (symbol, started_at);
CREATE INDEX flow_events_started_at ON flow_events (started_at);

-- Every version of an event that a later one took the place of.
CREATE TABLE flow_event_revisions (LIKE flow_events INCLUDING DEFAULTS);
ALTER TABLE flow_event_revisions ADD PRIMARY KEY (event_id, revision);
CREATE INDEX flow_event_revisions_started_at ON flow_event_revisions (started_at);

-- What the percentiles of an underlying count from after a restart.
CREATE TABLE flow_size_profiles (
  symbol text PRIMARY KEY,
  day date NOT NULL,
  profile bytea NOT NULL,
  updated_at bigint NOT NULL
);

-- Open interest and shares per contract that hold for a New York day; null where not known.
CREATE TABLE flow_contracts (
  contract_ticker text PRIMARY KEY,
  day date NOT NULL,
  open_interest integer,
  multiplier integer,
  fetched_at bigint NOT NULL
);
CREATE INDEX flow_contracts_day ON flow_contracts (day);

-- As before, and the events of that time go too; they do not count.
CREATE OR REPLACE FUNCTION cleanup_old_flow() RETURNS bigint
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  days integer := coalesce((SELECT value::integer FROM flow_settings
    WHERE name = 'retention_days'), 90);
  cutoff bigint := greatest(0, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
    - days::bigint * 86400000);
  cutoff_day bigint := cutoff / 86400000;
  removed bigint;
  n bigint;
  old_names text[] := '{}';
  old_rows bigint[] := '{}';
  part record;
BEGIN
  IF days <= 0 THEN RETURN 0; END IF;
  DELETE FROM options_flow_history_default WHERE timestamp < cutoff;
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM options_flow_history
    WHERE timestamp >= cutoff_day * 86400000 AND timestamp < cutoff;
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM flow_cancels WHERE timestamp < cutoff;
  DELETE FROM flow_event_revisions WHERE started_at < cutoff;
  DELETE FROM flow_events WHERE started_at < cutoff;
  FOR part IN
    SELECT c.oid::regclass::text AS name
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'options_flow_history'::regclass
      AND c.relname ~ '^options_flow_history_p[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01' < cutoff_day
    ORDER BY c.relname
  LOOP
    EXECUTE format('SELECT count(*) FROM %s', part.name) INTO n;
    old_names := old_names || part.name;
    old_rows := old_rows || n;
  END LOOP;
  FOR i IN 1 .. cardinality(old_names) LOOP
    BEGIN
      EXECUTE format('DROP TABLE %s', old_names[i]);
      removed := removed + old_rows[i];
    EXCEPTION WHEN lock_not_available THEN
      EXIT;
    END;
  END LOOP;
  RETURN removed;
END $$;
`
