#!/bin/bash
# Run once by the PostgreSQL image, on an empty volume: the roles and the database of
# docs/security.md. Passwords come from files, and go to psql over its standard input alone.
set -euo pipefail

password() { cat "/run/secrets/flow_$1_password"; }

{
  for role in owner engine reader; do
    printf "\\\\set %s '%s'\n" "$role" "$(password "$role")"
  done
  cat <<'SQL'
CREATE ROLE flow_owner LOGIN PASSWORD :'owner';
CREATE ROLE flow_engine LOGIN PASSWORD :'engine';
CREATE ROLE flow_reader LOGIN PASSWORD :'reader';
CREATE DATABASE flow OWNER flow_owner;
\connect flow
REVOKE ALL ON DATABASE flow FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO flow_owner;
GRANT USAGE ON SCHEMA public TO flow_engine, flow_reader;
GRANT CONNECT ON DATABASE flow TO flow_engine, flow_reader;
GRANT TEMPORARY ON DATABASE flow TO flow_engine;
SQL
} | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres
