/**
 * The first schema. Fixed-width columns stand first, so that a row needs no padding; queries name
 * their columns. COPY names them too (copy-columns.ts).
 */
export const sql = `
CREATE TABLE flow_settings (
  name text PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE options_flow_history (
  timestamp bigint NOT NULL,
  received_at bigint,
  sequence bigint,
  size integer NOT NULL,
  dte integer NOT NULL,
  arrival integer NOT NULL DEFAULT 0,
  expiration date NOT NULL,
  bid_size integer,
  ask_size integer,
  quote_age_ms integer,
  event_legs integer,
  event_span_ms integer,
  is_sweep boolean NOT NULL,
  is_block boolean NOT NULL,
  is_above_ask boolean NOT NULL,
  is_below_bid boolean NOT NULL,
  is_unusual_volume boolean NOT NULL,
  is_multi_leg boolean NOT NULL DEFAULT false,
  is_late boolean NOT NULL DEFAULT false,
  symbol text NOT NULL,
  contract_ticker text NOT NULL,
  price numeric NOT NULL,
  premium numeric NOT NULL,
  trade_type text NOT NULL,
  sentiment text NOT NULL,
  aggressiveness text NOT NULL,
  side text NOT NULL DEFAULT 'UNKNOWN',
  strike numeric NOT NULL,
  option_type text NOT NULL,
  conditions text[] NOT NULL DEFAULT '{}',
  exchange text,
  underlying_price numeric,
  bid numeric,
  ask numeric,
  event_id text
) PARTITION BY RANGE (timestamp);

CREATE INDEX options_flow_history_symbol_timestamp
  ON options_flow_history (symbol, timestamp);
CREATE INDEX options_flow_history_timestamp
  ON options_flow_history USING brin (timestamp) WITH (pages_per_range = 32);

CREATE TABLE options_flow_history_default PARTITION OF options_flow_history DEFAULT;

-- Makes the partition of a UTC day; false where the day belongs into the DEFAULT partition: out of
-- range, one partition too many, rows of that day are there already, or a query holds the DEFAULT
-- partition for longer than the lock timeout (every query without an upper bound of time does).
CREATE FUNCTION flow_ensure_partition(day date) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  partition text := 'options_flow_history_p' || to_char(day, 'YYYYMMDD');
  lower_ms bigint := (day - date '1970-01-01')::bigint * 86400000;
BEGIN
  IF day < date '2000-01-01' OR day >= date '2101-01-01' THEN RETURN false; END IF;
  IF to_regclass(partition) IS NOT NULL THEN RETURN true; END IF;
  PERFORM pg_advisory_xact_lock(7306093, 2);
  -- asked of the catalog itself: to_regclass may remember that there was none before the lock
  IF EXISTS (SELECT FROM pg_class AS made JOIN pg_class AS parent USING (relnamespace)
      WHERE made.relname = partition AND parent.oid = 'options_flow_history'::regclass)
  THEN RETURN true; END IF;
  IF (SELECT count(*) >= 4096 FROM pg_inherits
      WHERE inhparent = 'options_flow_history'::regclass) THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE options_flow_history INCLUDING ALL)', partition);
  EXECUTE format('ALTER TABLE options_flow_history ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
    partition, lower_ms, lower_ms + 86400000);
  RETURN true;
EXCEPTION WHEN check_violation OR lock_not_available THEN
  RETURN false;
END $$;

-- Removes flow older than the retention and returns how many rows. What needs the lock of the whole
-- table comes last, and a partition that a query holds for longer than the lock timeout waits for
-- the next run.
CREATE FUNCTION cleanup_old_flow() RETURNS bigint
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

CREATE TABLE flow_gaps (
  gap_id text PRIMARY KEY,
  started_at bigint NOT NULL,
  ended_at bigint,
  symbols text[] NOT NULL,
  reason text NOT NULL,
  filled integer NOT NULL DEFAULT 0,
  status text NOT NULL
);
CREATE INDEX flow_gaps_started_at ON flow_gaps (started_at);

CREATE TABLE flow_cancels (
  symbol text NOT NULL,
  contract_ticker text NOT NULL,
  timestamp bigint NOT NULL,
  sequence bigint,
  price numeric NOT NULL,
  size integer NOT NULL,
  exchange text,
  received_at bigint,
  removed_timestamp bigint,
  removed_sequence bigint,
  was_stored boolean NOT NULL
);
CREATE INDEX flow_cancels_symbol_timestamp ON flow_cancels (symbol, timestamp);
CREATE INDEX flow_cancels_timestamp ON flow_cancels (timestamp);

-- One row a writer: the last batch that it committed, written in the transaction of that batch.
CREATE TABLE flow_batches (
  writer uuid PRIMARY KEY,
  batch bigint NOT NULL,
  committed_at bigint NOT NULL,
  -- everything received before this moment is stored or accounted for
  received_to bigint NOT NULL,
  drained boolean NOT NULL DEFAULT false,
  -- whether it stored a live feed: only then is the time to the next such writer a gap
  is_feed boolean NOT NULL DEFAULT true
);
`
