#!/bin/sh
# Run once by the Postgres image, in a database that it has just made: the login of the API, orchestrators and workers.
# It owns nothing and inherits nothing; it may only become one of the two roles that row-level security binds.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/platform_password`
CREATE EXTENSION IF NOT EXISTS vector;
CREATE ROLE persona_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
CREATE ROLE persona_dispatch LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
CREATE ROLE persona_platform LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :'password';
GRANT persona_app, persona_dispatch TO persona_platform;
SQL
