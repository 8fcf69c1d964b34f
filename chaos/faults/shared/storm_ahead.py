"""Probe a storm: can its crowd connect, and how is its burst answered? One request of each kind."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from typing import LiteralString

import httpx
import psycopg

from chaos.access import trust
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.postgres import connect

BESIDE = 64  # files that the crowd has open in addition to its connections
_PATIENCE = 10.0  # seconds for one answer, as the burst has it
_SLOTS: LiteralString = (
    "select current_setting('max_connections')::int,"
    " current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true), '0')::int,"
    " (select count(*) from pg_stat_activity where backend_type = 'client backend')"
)


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


def attempted(dsn: str, clients: int, least: int) -> Probe:
    """Probe the floor, with the slots that the server has left for the crowd."""
    what, asked = "floor: connections_attempted", f"{clients} clients, {least} required"
    try:
        with connect(dsn) as connection:
            row = connection.execute(_SLOTS).fetchone()
    except psycopg.Error as error:
        return unknown(what, f"{asked}; the server's slots are unknown: {str(error).strip()}")
    most, reserved, taken = row or (0, 0, 0)
    return yes(what, f"{asked}; max_connections {most}, {reserved} of them reserved, {taken} in use now")
