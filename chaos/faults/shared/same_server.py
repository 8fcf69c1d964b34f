"""Whether a proxy leads to the server that midnight was told of: both ways in lead to a postmaster that began then."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import make_conninfo

from chaos.plugin.handles import Database
from chaos.postgres import connect
from chaos.postgres.connection import Connection

_BEGAN = "select pg_postmaster_start_time()::text"


def elsewhere(admin: Connection, database: Database) -> str:
    """Why it is not known that what goes through the proxy reaches the server of `admin`; empty where it does."""
    if not database.proxied:
        return "where the proxy listens is not known here: publish its port, or give databases: {primary: {proxied}}"
    host, _, port = database.proxied.rpartition(":")
    because = "nobody could log in through it"
    for dsn in (database.admin_dsn, *database.dsns.values()):
        try:
            with connect(make_conninfo(dsn, host=host, hostaddr="", port=port)) as through:
                same = through.execute(_BEGAN).fetchone() == admin.execute(_BEGAN).fetchone()
            return (
                "" if same else f"what listens at {database.proxied} leads to another server than admin_dsn"
            )
        except psycopg.Error as error:
            because = str(error).strip().splitlines()[-1] if str(error).strip() else because
    return f"whether {database.proxied} leads to the server of admin_dsn is not known: {because}"
