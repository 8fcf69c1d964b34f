"""The databases and other stores of a service: by the variables of its environment, and by its open connections."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import psutil
import psycopg

from chaos.access import dsn
from chaos.errors import MidnightError, Refused, UsageError
from chaos.first_target.draft import Draft, Item
from chaos.first_target.process import tree
from chaos.first_target.variables import DEFAULT_PORTS, Address
from chaos.imports import names, writing
from chaos.postgres.signing_in import WATCHES
from chaos.targets.attach.databases import ADMIN, aimed
from chaos.toxiproxy import ProxyInfo, Toxiproxy

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

_TOXIPROXY = "http://127.0.0.1:8474"
Store = tuple[str, int, str]
"""Host, port and kind."""

Proxied = tuple[str, ProxyInfo]
"""A proxy, and the address of its server."""

_CONNECT_WITHIN = 3  # seconds
_PROXY = (
    "a fault between the service and its {what} needs a Toxiproxy there: start one, point the service at it, and"
    " name it here (docs/attach.md#handles)"
)


def describe(draft: Draft, found: Sequence[Address], process: psutil.Process | None, whose: str) -> None:
    """Add `databases` and `proxies`."""
    open_to = _connections(process) if process is not None else Counter[Store]()
    proxies = _proxies()
    through = _through(
        proxies, [*(each.port for each in found if each.here), *(port for _, port, _ in open_to)]
    )
    databases = [each for each in found if each.kind == "postgresql"]
    others = [each for each in found if each.kind != "postgresql"]
    draft.option("databases", *_databases(databases, through, whose))
    draft.option("databases", *(_connected(store, number) for store, number in open_to.items()))
    if not databases and all(kind == "postgresql" for _, _, kind in open_to):
        also = (
            ""
            if open_to
            else ", and it has no open connection to a store that is known by its port or program"
        )
        draft.option(
            "databases",
            Item(
                f"No connection string of a PostgreSQL is in {whose}{also}. Put one into a variable of your shell, and"
                " name it:",
                ("primary: {admin_dsn: {env: ADMIN_DSN}, dsns: {api: {env: API_DSN}}}",),
                on=False,
            ),
        )
    draft.option("proxies", *_of_proxies(through, databases))
    draft.option("proxies", *(_other(each, whose) for each in others))


def _databases(found: Sequence[Address], through: Mapping[int, Proxied], whose: str) -> Iterator[Item]:
    used = False
    for each in found:
        usable, why = _usable(each, through)
        name = "primary" if not used else names.of_text(each.variable, "database")
        line = f"{name}: {{admin_dsn: {{env: {each.variable}}}, dsns: {{api: {{env: {each.variable}}}}}}}"
        yield Item(f"{each.variable} in {whose} leads to PostgreSQL at {each.at}{why}", (line,), on=usable)
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
        "; the role sees its own sessions only. `GRANT pg_monitor TO` it, or give an admin_dsn that may see all"
        " in pg_stat_activity, then uncomment this."
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


def _proxies() -> list[Proxied]:
    """The proxies of a Toxiproxy on this machine, with its address."""
    url = os.environ.get("TOXIPROXY_URL", _TOXIPROXY)
    with suppress(MidnightError, ValueError):
        server = Toxiproxy(url)
        return [(server.url, info) for info in server.proxies().values()]
    return []


def _through(proxies: Sequence[Proxied], ports: Sequence[int]) -> dict[int, Proxied]:
    """Proxies by the port on which they listen, of those that the service connects to."""
    found = {int(each[1].listen.rpartition(":")[2] or 0): each for each in proxies}
    return {port: each for port, each in found.items() if port in ports}


def _of_proxies(through: Mapping[int, Proxied], databases: Sequence[Address]) -> Iterator[Item]:
    for number, (port, (url, info)) in enumerate(through.items()):
        name = "database" if number == 0 else names.of_text(info.name, "proxy")
        yield Item(
            f"The service connects to port {port}, where this proxy listens; it leads to {info.upstream}.",
            (f"{name}: {{api: {writing.value(url)}, name: {writing.value(info.name)}}}",),
        )
    if not through:
        what = f"PostgreSQL ({databases[0].at})" if databases else "database"
        yield Item(
            f"No proxy was found: {_PROXY.format(what=what)}.",
            (f'database: {{api: "{_TOXIPROXY}", name: database}}',),
            on=False,
        )


def _other(each: Address, whose: str) -> Item:
    name = writing.value(each.kind)
    if each.kind.startswith("http"):
        return Item(
            f"{each.variable} in {whose} leads to a service at {each.at}: a route that calls it has `role: outbound`."
        )
    return Item(
        f"{each.variable} in {whose} leads to {each.kind} at {each.at}: {_PROXY.format(what=each.kind)}.",
        (f'{name}: {{api: "{_TOXIPROXY}", name: {name}}}',),
        on=False,
    )
