#!/bin/sh
# PGHOST, PGDATABASE and PGUSER say where; the password comes from the file that PGPASSWORD_FILE names.
set -eu
PGPASSWORD="$(cat "$PGPASSWORD_FILE")"
export PGPASSWORD
exec psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --file "$1"
