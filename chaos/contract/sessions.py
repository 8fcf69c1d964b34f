"""Database sessions that a fault has opened: by the mark that they bear, and by the process that holds them."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator
from contextlib import suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict

from chaos.host import owners, sockets, unix_sockets
from chaos.plugin.handles import Handles
from chaos.postgres import connect

_MARKED = (
    "SELECT format('session %%s (%%s)', pid, application_name) FROM pg_stat_activity"
    " WHERE position(%s in application_name) > 0"
)
_PREPARED = "SELECT format('prepared transaction %L', gid) FROM pg_prepared_xacts"


def marked(handles: Handles, run: str) -> set[str]:
    """Sessions whose application_name contains the run, and all prepared transactions. A server that does not
    answer counts as one."""
    found = set()
    for name, database in handles.databases.items():
        try:
            with connect(database.admin_dsn) as admin:
                rows = [*admin.execute(_MARKED, (run,)), *admin.execute(_PREPARED)]
        except psycopg.Error as error:
            rows = [(f"database {name} does not answer: {' '.join(str(error).split())}",)]
        found |= {str(text) for (text,) in rows}
    return found


def held_by(pids: Collection[int], handles: Handles) -> set[str]:
    """Connections that these processes have open to the databases."""
    places = set(_places(handles))
    try:
        ours = owners.inodes(pids)
        tcp = {
            f"connection to {each.remote}:{each.remote_port} from port {each.local_port}"
            for each in sockets.table()
            if each.inode in ours and each.state == sockets.ESTABLISHED
            if (each.remote, each.remote_port) in places
        }
        unix = {
            f"connection {each.peer} to {each.name.decode(errors='replace')}"
            for each in unix_sockets.table()
            if each.peer in ours and (each.name.decode(errors="replace"), 0) in places
        }
    except (OSError, sockets.Unreadable):  # processes of other users, a kernel without sock_diag
        return set()
    return tcp | unix


def _places(handles: Handles) -> Iterator[tuple[str, int]]:
    """Address and port of each database and of what is in front of it; a Unix socket has a path and port 0."""
    for database in handles.databases.values():
        host, _, port = database.proxied.rpartition(":")
        yield from _resolved(host, port)
        for dsn in (database.admin_dsn, *database.dsns.values()):
            given = conninfo_to_dict(dsn)
            hosts = str(given.get("hostaddr") or given.get("host") or "/var/run/postgresql").split(",")
            ports = str(given.get("port") or os.environ.get("PGPORT", "5432")).split(",")
            for number, each in enumerate(hosts):
                yield from _resolved(each, ports[min(number, len(ports) - 1)])


def _resolved(host: str, port: str) -> Iterator[tuple[str, int]]:
    if host.startswith("/"):
        yield f"{host}/.s.PGSQL.{port}", 0
        return
    with suppress(OSError, ValueError):
        for *_, address in socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM):
            yield str(address[0]), int(port)
