/**
 * Rollups: what a flow context adds up, per symbol and minute. flow_minute_sums has the prints that
 * were known in time, and is only ever added to; flow_corrections has what came later: late prints
 * and changes of prints, each with the time at which it was known. docs/rollups.md tells how a
 * query adds them up.
 */
const VECTOR: readonly (readonly [column: string, type: string, ofPrint: string])[] = [
  ['trades', 'integer', '1'],
  ['volume', 'bigint', 'contracts::bigint'],
  ['premium', 'numeric', 'dollars'],
  ['call_volume', 'bigint', "CASE WHEN option_type = 'call' THEN contracts::bigint ELSE 0 END"],
  ['call_premium', 'numeric', premiumIf("option_type = 'call'")],
  ['buy_volume', 'bigint', "CASE WHEN side = 'BUY' THEN contracts::bigint ELSE 0 END"],
  ['sell_volume', 'bigint', "CASE WHEN side = 'SELL' THEN contracts::bigint ELSE 0 END"],
  ['buy_premium', 'numeric', premiumIf("side = 'BUY'")],
  ['sell_premium', 'numeric', premiumIf("side = 'SELL'")],
  ['bullish_premium', 'numeric', premiumIf("side IN ('BUY', 'SELL') AND sentiment = 'BULLISH'")],
  ['bearish_premium', 'numeric', premiumIf("side IN ('BUY', 'SELL') AND sentiment = 'BEARISH'")],
  ['sweep_count', 'integer', oneIf("trade_type = 'SWEEP'")],
  ['block_count', 'integer', oneIf("trade_type = 'BLOCK'")],
  ['split_count', 'integer', oneIf("trade_type = 'SPLIT'")],
  ['large_count', 'integer', oneIf("trade_type = 'LARGE'")],
  ['sweep_premium', 'numeric', premiumIf("trade_type = 'SWEEP'")],
  ['block_premium', 'numeric', premiumIf("trade_type = 'BLOCK'")],
  ['split_premium', 'numeric', premiumIf("trade_type = 'SPLIT'")],
  ['large_premium', 'numeric', premiumIf("trade_type = 'LARGE'")],
  [
    ...(['aggressive_premium', 'numeric'] as const),
    premiumIf("side IN ('BUY', 'SELL') AND aggressiveness = 'AGGRESSIVE'"),
  ],
  [
    ...(['passive_premium', 'numeric'] as const),
    premiumIf("side IN ('BUY', 'SELL') AND aggressiveness = 'PASSIVE'"),
  ],
]

const NAMES = VECTOR.map(([column]) => column).join(', ')
const TYPED = VECTOR.map(([column, type]) => `${column} ${type}`).join(', ')
const SUMS = VECTOR.map(([column, type]) => `sum(v.${column})::${type} AS ${column}`).join(', ')
const MINUS_OLD = VECTOR.map(([column]) => `- o.${column}`).join(', ')
const NEW_MINUS_OLD = VECTOR.map(([column]) => `n.${column} - o.${column}`).join(', ')

function premiumIf(condition: string): string {
  return `CASE WHEN ${condition} THEN dollars ELSE 0 END`
}

function oneIf(condition: string): string {
  return `CASE WHEN ${condition} THEN 1 ELSE 0 END`
}

const vectorOf = (row: string): string => `flow_print_vector(${row}.trade_type, ${row}.sentiment,
  ${row}.aggressiveness, ${row}.side, ${row}.option_type, ${row}.size, ${row}.premium)`
const VECTOR_OF_FLOW = vectorOf('flow')
const VECTOR_OF_OLD = vectorOf('OLD')
const VECTOR_OF_NEW = vectorOf('NEW')
const EXPRESSIONS = VECTOR.map(([, , ofPrint]) => ofPrint).join(',\n  ')
const NOT_NULLS = VECTOR.map(([column, type]) => `${column} ${type} NOT NULL`).join(', ')
const NUMERICS = VECTOR.map(([column]) => `${column} numeric`).join(', ')
const NUMERIC_SUMS = VECTOR.map(([column]) => `coalesce(sum(v.${column}), 0)::numeric`).join(', ')

export const sql = `
-- when a fill put the row in, epoch ms; null for what a feed or a file brought
ALTER TABLE options_flow_history ADD COLUMN filled_at bigint;

-- Rows of the current minute are written anew all the time: a page that is half empty has room.
CREATE TABLE flow_minute_sums (
  symbol text NOT NULL,
  -- of the prints, and the one in which they were known: epoch ms div 60000
  minute integer NOT NULL,
  known_minute integer NOT NULL,
  -- 0: all that engines have stored; others: one row each that somebody else has inserted
  part bigint NOT NULL DEFAULT 0,
  ${NOT_NULLS},
  PRIMARY KEY (symbol, minute, known_minute, part)
) WITH (fillfactor = 60);
CREATE INDEX flow_minute_sums_minute
  ON flow_minute_sums USING brin (minute) WITH (pages_per_range = 32);

CREATE SEQUENCE flow_parts;

CREATE TABLE flow_corrections (
  symbol text NOT NULL,
  minute integer NOT NULL,
  -- whether the print itself was late: its group stands here, not in flow_minute_sums
  is_late_print boolean NOT NULL,
  -- when the change was known, epoch ms
  known_at bigint NOT NULL,
  -- of the print that was changed, epoch ms; null: a group of late prints
  timestamp bigint,
  print_known_at bigint,
  ${NOT_NULLS}
);
CREATE INDEX flow_corrections_symbol_minute ON flow_corrections (symbol, minute);
CREATE INDEX flow_corrections_minute
  ON flow_corrections USING brin (minute) WITH (pages_per_range = 32);

CREATE FUNCTION flow_minute(ms bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(-2147483648, least(2147483647, ms / 60000))::integer;

-- When a print was known, epoch ms: a flat file has neither receive time nor fill.
CREATE FUNCTION flow_known_at(traded_at bigint, received_at bigint, filled_at bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(received_at, filled_at, traded_at);

-- Whether a print is none of flow_minute_sums: filled, or known more than a minute off its own.
CREATE FUNCTION flow_is_late(traded_at bigint, received_at bigint, filled_at bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN filled_at IS NOT NULL
  OR coalesce(received_at, traded_at) / 60000 - traded_at / 60000 NOT BETWEEN -1 AND 1;

CREATE FUNCTION flow_print_vector(trade_type text, sentiment text, aggressiveness text, side text,
  option_type text, contracts integer, dollars numeric)
RETURNS TABLE (${TYPED})
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT ${EXPRESSIONS}
$$;

-- The vector of a symbol's rows that are stored now, of times from from_ms until before to_ms: what
-- the rollups of whole minutes must add up to.
CREATE FUNCTION flow_sums_of(of_symbol text, from_ms bigint, to_ms bigint)
RETURNS TABLE (${NUMERICS})
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT ${NUMERIC_SUMS}
FROM options_flow_history AS flow, LATERAL ${VECTOR_OF_FLOW} AS v
WHERE flow.symbol = of_symbol AND flow.timestamp >= from_ms AND flow.timestamp < to_ms
$$;

-- Makes the rollups anew from the rows that are stored, and forgets what the rows were before; the
-- way out for a table that was changed without its triggers. Writers wait. Gives how many it made.
CREATE FUNCTION flow_rebuild_rollups() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  made bigint;
BEGIN
  LOCK TABLE options_flow_history IN SHARE ROW EXCLUSIVE MODE;
  TRUNCATE flow_minute_sums, flow_corrections;
  WITH grouped AS (
    SELECT symbol, flow_minute(timestamp) AS minute,
      flow_is_late(timestamp, received_at, filled_at) AS is_late,
      CASE WHEN flow_is_late(timestamp, received_at, filled_at)
        THEN flow_known_at(timestamp, received_at, filled_at)
        ELSE flow_minute(flow_known_at(timestamp, received_at, filled_at)) END AS known,
      ${SUMS}
    FROM options_flow_history AS flow, LATERAL ${VECTOR_OF_FLOW} AS v
    GROUP BY 1, 2, 3, 4
  ), late AS (
    INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, ${NAMES})
    SELECT symbol, minute, true, known, ${NAMES} FROM grouped WHERE is_late
    RETURNING 1
  ), in_time AS (
    INSERT INTO flow_minute_sums (symbol, minute, known_minute, ${NAMES})
    SELECT symbol, minute, known::integer, ${NAMES} FROM grouped WHERE NOT is_late
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM late) + (SELECT count(*) FROM in_time) INTO made;
  RETURN made;
END $$;

-- Notes what a change of a stored row changes in the sums. It is known when flow.known_at says so,
-- which whoever changes rows sets for the transaction, else now; never before the print was known,
-- nor before its last change was.
CREATE FUNCTION flow_correct() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  print_known bigint := flow_known_at(OLD.timestamp, OLD.received_at, OLD.filled_at);
  known bigint := greatest(print_known, OLD.revised_at,
    coalesce(nullif(current_setting('flow.known_at', true), '')::bigint,
      floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint));
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, timestamp,
      print_known_at, ${NAMES})
    SELECT OLD.symbol, flow_minute(OLD.timestamp),
      flow_is_late(OLD.timestamp, OLD.received_at, OLD.filled_at), known, OLD.timestamp,
      print_known, ${MINUS_OLD}
    FROM ${VECTOR_OF_OLD} AS o;
  ELSE
    INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, timestamp,
      print_known_at, ${NAMES})
    SELECT OLD.symbol, flow_minute(OLD.timestamp),
      flow_is_late(OLD.timestamp, OLD.received_at, OLD.filled_at), known, OLD.timestamp,
      print_known, ${NEW_MINUS_OLD}
    FROM ${VECTOR_OF_OLD} AS o, ${VECTOR_OF_NEW} AS n
    WHERE o IS DISTINCT FROM n;
  END IF;
  RETURN NULL;
END $$;

-- Row by row, since a statement trigger that sees the rows would slow COPY down.
CREATE TRIGGER flow_correct_update AFTER UPDATE ON options_flow_history FOR EACH ROW
WHEN ((OLD.trade_type, OLD.sentiment, OLD.aggressiveness, OLD.side, OLD.option_type, OLD.size,
    OLD.premium) IS DISTINCT FROM (NEW.trade_type, NEW.sentiment, NEW.aggressiveness, NEW.side,
    NEW.option_type, NEW.size, NEW.premium))
EXECUTE FUNCTION flow_correct();
CREATE TRIGGER flow_correct_delete AFTER DELETE ON options_flow_history FOR EACH ROW
WHEN (NOT coalesce(
  OLD.timestamp < nullif(current_setting('flow.forgotten_to', true), '')::bigint, false))
EXECUTE FUNCTION flow_correct();

-- Adds a row that somebody else inserts. Each is a part of its own: one row of sums that is changed
-- for each print of a long COPY would be looked for among all its old versions.
CREATE FUNCTION flow_add() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  known bigint := flow_known_at(NEW.timestamp, NEW.received_at, NEW.filled_at);
BEGIN
  IF flow_is_late(NEW.timestamp, NEW.received_at, NEW.filled_at) THEN
    INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, ${NAMES})
    SELECT NEW.symbol, flow_minute(NEW.timestamp), true, known, ${NAMES} FROM ${VECTOR_OF_NEW};
  ELSE
    INSERT INTO flow_minute_sums (symbol, minute, known_minute, part, ${NAMES})
    SELECT NEW.symbol, flow_minute(NEW.timestamp), flow_minute(known), nextval('flow_parts'),
      ${NAMES} FROM ${VECTOR_OF_NEW};
  END IF;
  RETURN NULL;
END $$;
-- The engine names its rule set in each row and adds up what it COPYs itself: there the condition
-- is all that the trigger costs.
CREATE TRIGGER flow_add AFTER INSERT ON options_flow_history FOR EACH ROW WHEN (NEW.rules IS NULL)
EXECUTE FUNCTION flow_add();

CREATE FUNCTION flow_forget_rollups() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE flow_minute_sums, flow_corrections;
  RETURN NULL;
END $$;
CREATE TRIGGER flow_forget_rollups AFTER TRUNCATE ON options_flow_history
FOR EACH STATEMENT EXECUTE FUNCTION flow_forget_rollups();

-- As before, and the rollups of that time go too, by whole minutes: of those the triggers keep
-- still, and of the minute that is cut they note what goes.
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
  PERFORM set_config('flow.forgotten_to', (cutoff / 60000 * 60000)::text, true);
  DELETE FROM options_flow_history_default WHERE timestamp < cutoff;
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM options_flow_history
    WHERE timestamp >= cutoff_day * 86400000 AND timestamp < cutoff;
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  PERFORM set_config('flow.forgotten_to', '', true);
  DELETE FROM flow_cancels WHERE timestamp < cutoff;
  DELETE FROM flow_event_revisions WHERE started_at < cutoff;
  DELETE FROM flow_events WHERE started_at < cutoff;
  DELETE FROM flow_corrections WHERE minute < flow_minute(cutoff);
  DELETE FROM flow_minute_sums WHERE minute < flow_minute(cutoff);
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

SELECT flow_rebuild_rollups();
`
