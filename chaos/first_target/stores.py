"""The databases and other stores of a service: by the variables of its environment, and by its open connections."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from chaos.access import dsn
from chaos.errors import Refused, UsageError
from chaos.first_target import store_proxies
from chaos.first_target.draft import Draft, Item
from chaos.first_target.process import tree
from chaos.first_target.store_proxies import Proxied, Store
from chaos.first_target.variables import DEFAULT_PORTS, Address
from chaos.imports import names, writing
from chaos.postgres.signing_in import WATCHES
from chaos.targets.attach.databases import ADMIN, aimed

_KINDS = {port: kind for kind, port in DEFAULT_PORTS.items() if not kind.startswith("http")} | {
    6432: "pgbouncer",
    5433: "postgresql",
}
_PROGRAMS = {
    "postgres": "postgresql",
    "pgbouncer": "pgbouncer",
    "mysqld": "mysql",
    "mariadbd": "mysql",
    "redis-server": "redis",
    "valkey-server": "redis",
    "mongod": "mongodb",
    "memcached": "memcached",
    "beam.smp": "rabbitmq",
}
"""The kind of a store by the program that listens: it may have any port."""

_CONNECT_WITHIN = 3  # seconds
_GRANT = (
    " The role in admin_dsn must see the sessions of all others. As a superuser: `CREATE ROLE midnight LOGIN PASSWORD"
    " '...'; GRANT pg_monitor TO midnight;`, and `GRANT CONNECT ON DATABASE NAME TO midnight;` if not every role may"
    " connect."
)
_BY_SQL = (
    'A `ledger` can read writes back from it, with `read: {{sql: "select KEY, TEXT from TABLE where KEY in (%s)",'
    " database: {database}}}` (docs/own-service.md#query-the-database)."
)


def describe(
    draft: Draft,
    found: Sequence[Address],
    process: psutil.Process | None,
    whose: str,
    files: Sequence[Path] = (),
) -> None:
    """Add `databases` and `proxies`. `files`: of SQLite."""
    open_to = _connections(process) if process is not None else Counter[Store]()
    proxies = store_proxies.there()
    ports = [*(each.port for each in found if each.here), *(port for _, port, _ in open_to)]
    through = store_proxies.through(proxies, ports)
    databases = [each for each in found if each.kind == "postgresql"]
    asked = [each for each in found if each.kind == "mysql" and each.port]
    draft.option("databases", *_databases(databases, through, whose))
    draft.option("databases", *(_connected(store, number) for store, number in open_to.items()))
    draft.option("databases", *(_by_sql(each, whose) for each in asked), *map(_file, files))
    if not (databases or asked or files) and all(kind == "postgresql" for _, _, kind in open_to):
        also = (
            ""
            if open_to
            else ", and it has no open connection to a store that is known by its port or program"
        )
        draft.option(
            "databases",
            Item(
                f"No connection string of a PostgreSQL is in {whose}{also}. Put one into a variable of your shell, and"
                f" name it.{_GRANT}",
                ("primary: {admin_dsn: {env: ADMIN_DSN}, dsns: {api: {env: API_DSN}}}",),
                on=False,
            ),
        )
    draft.option("proxies", *store_proxies.items(through, found, list(open_to), whose))


def _by_sql(each: Address, whose: str) -> Item:
    database = f"{{env: {each.variable}}}"
    return Item(
        f"{each.variable} in {whose} leads to {each.kind} at {each.at}. {_BY_SQL.format(database=database)}"
    )


def _file(path: Path) -> Item:
    return Item(f"SQLite file {path}. {_BY_SQL.format(database=writing.value(f'sqlite:///{path}'))}")


def _databases(found: Sequence[Address], through: Mapping[int, Proxied], whose: str) -> Iterator[Item]:
    used = False
    for each in found:
        usable, why = _usable(each, through)
        name = "primary" if not used else names.of_text(each.variable, "database")
        line = f"{name}: {{admin_dsn: {{env: {each.variable}}}, dsns: {{api: {{env: {each.variable}}}}}}}"
        grant = "" if usable else _GRANT
        yield Item(
            f"{each.variable} in {whose} leads to PostgreSQL at {each.at}{why}{grant}", (line,), on=usable
        )
        used = used or usable


def _usable(each: Address, through: Mapping[int, Proxied]) -> tuple[bool, str]:
    """Whether a run could use it now, and what is to be said of it."""
    if not each.port:
        return False, f": its value cannot be parsed with certainty; {dsn.ENCODE}."
    if "," in each.host:
        return False, ": several hosts, and a run accepts exactly one."
    if not each.here:
        return False, f": not this machine. With its owner's consent, add `allow: [{each.host}]`."
    if each.port in through:
        return False, (
            f", which is the proxy {through[each.port][1].name}: give one that leads straight to"
            f" {through[each.port][1].upstream}."
        )
    if os.environ.get(each.variable) != each.value:
        return False, (
            f". A run reads it from its own environment: set {each.variable} to the same value in your shell, then"
            " uncomment this."
        )
    return _sees(each)


def _sees(each: Address) -> tuple[bool, str]:
    """Whether the role may see the sessions of others: a run needs that.

    The password goes only where a run would send it: to the address resolved now, of this machine.
    """
    try:
        found = aimed(ADMIN, dsn.parse(each.value), each.variable, ())
    except (UsageError, Refused, dsn.Uncertain) as error:
        return False, f", which a run does not accept. {error}."
    try:
        with psycopg.connect(
            found.whole(), connect_timeout=_CONNECT_WITHIN, autocommit=True, application_name="midnight"
        ) as connection:
            connection.read_only = True
            row = connection.execute(WATCHES).fetchone()
    except psycopg.Error as error:
        return (
            False,
            f", which refuses the login now ({type(error).__name__}): uncomment it once it is accepted.",
        )
    if row is not None and row[1]:
        return True, "; the role may see all sessions in pg_stat_activity."
    return False, (
        "; the role sees its own sessions only: name a role in admin_dsn that sees all in pg_stat_activity, then"
        " uncomment this."
    )


def _connections(process: psutil.Process) -> Counter[Store]:
    """Open connections of the process and its children to stores that are known."""
    here = _listening()
    found = Counter[Store]()
    for each in tree(process):
        with suppress(psutil.Error):
            for made in each.net_connections("tcp"):
                if made.status == psutil.CONN_ESTABLISHED and made.raddr:
                    known = here if made.laddr and made.laddr.ip == made.raddr.ip else {}
                    kind = known.get(made.raddr.port) or _KINDS.get(made.raddr.port)
                    found.update([(made.raddr.ip, made.raddr.port, kind)] if kind else [])
    return found


def _listening() -> dict[int, str]:
    """The stores that listen on this machine, as far as this user may see their processes: the kind by port."""
    found: dict[int, str] = {}
    with suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.pid is not None:
                with suppress(psutil.Error):
                    if kind := _PROGRAMS.get(psutil.Process(each.pid).name()):
                        found[each.laddr.port] = kind
    return found


def _connected(store: Store, number: int) -> Item:
    host, port, kind = store
    return Item(f"{number} connection{'s' * (number != 1)} to {kind} at {host}:{port} now.")
