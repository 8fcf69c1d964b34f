#!/bin/sh
# Replaces the official image's entry point if that image cannot be fetched: same variables, same result.
set -eu
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown postgres:postgres "$PGDATA" "$(dirname "$PGDATA")"
    chmod 700 "$PGDATA"
    exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    echo "$POSTGRES_PASSWORD" > /tmp/password
    initdb --pgdata "$PGDATA" --username "${POSTGRES_USER:-postgres}" --pwfile /tmp/password \
        --auth scram-sha-256 --encoding UTF8 --locale C --no-instructions
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    printf "listen_addresses = '*'\nunix_socket_directories = '/tmp'\n" >> "$PGDATA/postgresql.conf"
    database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
    [ "$database" = postgres ] || echo "create database $database" | postgres --single -D "$PGDATA" postgres
fi
exec "$@"
