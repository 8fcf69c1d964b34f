"""Probe a storm: can its crowd connect, and how is its burst answered? One request of each kind."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping
from typing import LiteralString

from chaos.access import trust
from chaos.later import httpx, psycopg
from chaos.plugin.handles import Login, Proxy
from chaos.plugin.kinds import SIGNED_IN
from chaos.plugin.probe import Probe, no, unknown, until_no, yes
from chaos.postgres import connect

BESIDE = 64  # files that the crowd has open in addition to its connections
_PATIENCE = 10.0  # seconds for one answer, as the burst has it
_SLOTS: LiteralString = (
    "select current_setting('max_connections')::int,"
    " current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true), '0')::int,"
    " (select count(*) from pg_stat_activity where backend_type = 'client backend')"
)


_ROLE = "give the crowd a role of its own, databases: {primary: {admin_dsn: ..., dsns: {crowd: ...}}}"
_FLOOR = "floor: connections_attempted"


def burst_is_answered(url: str, headers: Mapping[str, str], path: str) -> Probe:
    """Probe whether one request of the burst gets a good answer now."""
    what, remedy = (
        f"the burst on {path} is answered",
        "set `burst_path` to a path that it answers, or `burst: 0`",
    )
    try:
        answer = httpx.get(
            url, headers=dict(headers), timeout=_PATIENCE, trust_env=False, verify=trust.trust(url)
        )
    except httpx.HTTPError as error:
        return no(what, str(error) or type(error).__name__, remedy)
    status = f"{answer.status_code} {answer.reason_phrase}".strip()
    return no(what, status, remedy) if answer.is_error else yes(what, status)


def files_are_enough(connections: int) -> Probe:
    """Probe whether one process may hold that many connections at once."""
    what, needed = "the crowd may open its connections", connections + BESIDE
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        return no(
            what,
            f"a process may have {most} files open, {needed} required",
            f"as root: ulimit -Hn {needed}",
        )
    return yes(what)


def greeted(proxy: Proxy, clients: int, least: int) -> Probe:
    """Probe the floor with one client that greets."""
    from chaos.host import greetings  # imports asyncio: slow, and a plan greets no server

    what, asked = _FLOOR, f"{clients} clients, {least} required"
    if not proxy.entry:
        return _unreached(proxy)
    other = (
        _ROLE if proxy.kind == "postgres" else "if it speaks another protocol, name it: `kind:` of the proxy"
    )
    try:
        answer = greetings.ask(proxy.kind, proxy.entry)
    except ValueError as error:
        return no(what, f"{proxy.entry} does not answer like {proxy.kind}: {error}", other)
    except TimeoutError:
        return no(
            what, f"{proxy.entry} does not answer like {proxy.kind} within {greetings.PATIENCE:g} s", other
        )
    except OSError as error:
        return no(what, f"{proxy.entry}: {str(error) or type(error).__name__}", other)
    if answer.said == greetings.HUNG_UP or not (answer.taken or answer.full):
        return no(what, f"{proxy.entry} sends clients away: {answer.said}", other)
    said = "has no room now" if answer.full else f"answers like {proxy.kind}"
    only = "; they only greet it, because the proxy has no `crowd`" if proxy.kind in SIGNED_IN else ""
    return yes(what, f"{asked}; {proxy.entry} {said}: {answer.said}{only}")


@until_no
def signed_in(proxy: Proxy, login: Login, clients: int, least: int) -> Iterator[Probe]:
    """Probe the login and the floor with one client that signs in to MySQL, MariaDB or Redis."""
    from chaos.host import stores  # imports asyncio and ssl: slow, and a plan signs in nowhere

    what, asked = "the crowd: signs in", f"{clients} clients, {least} required"
    if not proxy.entry:
        yield _unreached(proxy)
    try:
        session = stores.sign_in(proxy.kind, proxy.entry, login)
    except stores.NoRoom as error:
        yield unknown(what, f"{proxy.entry} has no room now: {error}")
        yield yes(_FLOOR, asked)
        return
    except (stores.Denied, OSError) as error:
        because = f"{proxy.entry}: {str(error) or type(error).__name__}"
        yield no(what, because, "correct `crowd` of the proxy, or leave it out: then the crowd only greets")
        return
    yield yes(what, f"at {proxy.entry}")
    try:
        now, allowed = session.room()
        yield yes(_FLOOR, f"{asked}; {allowed} connections allowed, {now} in use now")
    except (stores.Denied, stores.Lost, OSError) as error:
        yield unknown(_FLOOR, f"{asked}; the server's connections are unknown: {error}")
    finally:
        session.close()


def _unreached(proxy: Proxy) -> Probe:
    because = f"this machine reaches neither {proxy.upstream} nor the proxy's {proxy.listen}"
    return no(
        _FLOOR, because, "publish the proxy's port on 127.0.0.1, or list its upstream's host in `allow`"
    )


def attempted(dsn: str, clients: int, least: int) -> Probe:
    """Probe the floor, with the slots that the server has left for the crowd."""
    what, asked = _FLOOR, f"{clients} clients, {least} required"
    try:
        with connect(dsn) as connection:
            row = connection.execute(_SLOTS).fetchone()
    except psycopg.Error as error:
        return unknown(what, f"{asked}; the server's slots are unknown: {str(error).strip()}")
    most, reserved, taken = row or (0, 0, 0)
    return yes(what, f"{asked}; max_connections {most}, {reserved} of them reserved, {taken} in use now")
