"""Promote a standby to primary."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos.errors import TargetError
from chaos.later import psycopg
from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask, connect
from chaos.postgres.writes import Attempt, attempt_write
from chaos.spec.units import show_seconds

_POLL = 0.01


@dataclass(frozen=True, slots=True)
class Promotion:
    """Seconds from the call until the server reported its promotion, and until it acknowledged a write."""

    promoted: float
    writable: float
    timeline: int


def promote(standby: Cluster, access: Access, *, timeout: float = 60.0) -> Promotion:
    """Promote with pg_ctl and return once the server has acknowledged a write, at most `timeout` s later.

    Raises TargetError with pg_ctl's output or the last answer to a write.
    """
    began = time.monotonic()
    # By signal and file, because there may be no free connection left.
    wait = ("-w", "-t", str(max(1, round(timeout))))
    standby.programs.must("pg_ctl", "promote", "-D", standby.data, *wait, timeout=timeout + 5)
    promoted = time.monotonic() - began
    wait_until_writable(standby, access, timeout=max(timeout - promoted, 1.0))
    return Promotion(promoted, time.monotonic() - began, timeline(standby, access))


def wait_until_writable(server: Cluster, access: Access, *, timeout: float) -> None:
    """Return once the server has acknowledged a write. Raises TargetError with its last answer."""
    deadline = time.monotonic() + timeout
    while (attempt := _attempt(server, access, deadline)).outcome != "accepted":
        if time.monotonic() >= deadline:
            raise TargetError(
                f"127.0.0.1:{server.port} acknowledged no write within {show_seconds(timeout)}: {attempt.said}"
            )
        time.sleep(_POLL)


def _attempt(server: Cluster, access: Access, deadline: float) -> Attempt:
    left = max(deadline - time.monotonic(), 0.5)
    return attempt_write(access.dsn(server), commit=True, deadline=left)


def is_in_recovery(server: Cluster, access: Access) -> bool:
    """True if it is a standby or still restoring. Raises TargetError."""
    return bool(ask(access.dsn(server), "SELECT pg_is_in_recovery()")[0])


def timeline(server: Cluster, access: Access) -> int:
    """The timeline a primary writes on. Raises TargetError for a standby.

    Not from the control file, which holds the old one until the next checkpoint.
    """
    (name,) = ask(access.dsn(server), "SELECT pg_walfile_name(pg_current_wal_lsn())")
    return int(str(name)[:8], 16)


def checkpoint(server: Cluster, access: Access) -> None:
    """Run a checkpoint now. Raises TargetError."""
    try:
        with connect(access.dsn(server)) as connection:
            connection.execute("CHECKPOINT")
    except psycopg.Error as error:
        raise TargetError(f"127.0.0.1:{server.port}: no checkpoint: {str(error).strip()}") from error
