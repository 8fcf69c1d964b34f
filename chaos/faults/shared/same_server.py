"""Check that a proxy leads to the configured server: both routes must reach a postmaster with the same start time."""

from __future__ import annotations

from chaos.later import conninfo, psycopg
from chaos.plugin.handles import Database
from chaos.postgres import connect
from chaos.postgres.connection import Connection

_BEGAN = "select pg_postmaster_start_time()::text"


def elsewhere(admin: Connection, database: Database) -> str:
    """Explain why the proxy is not known to lead to the server of `admin`; empty if it does."""
    if not database.proxied:
        return "the proxy's address is unknown here: publish its port, or set databases: {primary: {proxied}}"
    host, _, port = database.proxied.rpartition(":")
    because = "login through it failed"
    for dsn in (database.admin_dsn, *database.dsns.values()):
        try:
            with connect(conninfo.make_conninfo(dsn, host=host, hostaddr="", port=port)) as through:
                same = through.execute(_BEGAN).fetchone() == admin.execute(_BEGAN).fetchone()
            return "" if same else f"{database.proxied} leads to a different server than admin_dsn"
        except psycopg.Error as error:
            because = str(error).strip().splitlines()[-1] if str(error).strip() else because
    return f"it is unknown whether {database.proxied} leads to the server of admin_dsn: {because}"
