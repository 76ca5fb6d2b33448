-- As flow_owner, after each "flow migrate": step 3 of docs/security.md.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO flow_engine;
REVOKE INSERT, UPDATE, DELETE ON flow_migrations FROM flow_engine;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO flow_reader;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO flow_engine;
ALTER FUNCTION flow_ensure_partition(date) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION cleanup_old_flow() SECURITY DEFINER SET search_path = public, pg_temp;
