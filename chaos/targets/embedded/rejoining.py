"""Bring the old primary back: check whether it accepts writes, find its unique rows, and turn it into a standby."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

from chaos.errors import TargetError
from chaos.host import volume
from chaos.host.ports import PortTaken
from chaos.later import psycopg
from chaos.plugin.fault import Evidence
from chaos.postgres import Cluster
from chaos.postgres.access import address
from chaos.postgres.connection import ask_within
from chaos.postgres.following import verify_following
from chaos.postgres.rewind import rejoin
from chaos.postgres.standby import Standby
from chaos.postgres.writes import attempt_write
from chaos.targets.embedded.layout import DATABASE
from chaos.targets.embedded.servers import Estate

BALLAST = "ballast"
LEDGER = "SELECT seq FROM records ORDER BY seq"
ASKED_WITHIN = 10.0  # seconds
MOST_TOLD = 10_000  # row numbers to record in the journal
RETURNING = "returned"  # slot and application_name of the old primary as a standby


def come_back(estate: Estate, lost_by: str) -> Evidence:
    """Start it as it is, and find out whether it accepts writes and which rows only it has.

    Raises TargetError if it cannot come back.
    """
    old = estate.primary
    if lost_by == "host":
        raise TargetError("its disk is gone: nothing can come back")
    if lost_by == "read_only":
        disk = estate.layout.shared_volume
        volume.renew(estate.layout.image(disk), disk, old.mark)
        (old.data / "standby.signal").touch()  # the marker that the fence could not write
    (old.data.parent / BALLAST).unlink(missing_ok=True)
    if old.running():
        old.thaw()
    else:
        _start(old)
    attempt = attempt_write(estate.dsn(old), commit=True)
    return {
        "took_a_write": attempt.outcome == "accepted",
        "write": attempt.outcome,
        "said": attempt.said,
        **_only_here(estate, old),
    }


def _start(old: Cluster) -> None:
    try:
        old.start()
    except PortTaken as error:
        raise TargetError(f"the old primary's port is taken by another process: {error}") from error


def _only_here(estate: Estate, old: Cluster) -> Evidence:
    """The numbers of the ledger rows in the old primary that are missing in the new one."""
    try:
        here, there = (
            {int(row[0] or 0) for row in ask_within(estate.dsn(each, DATABASE), LEDGER, ASKED_WITHIN)}
            for each in (old, estate.current)
        )
    except (psycopg.Error, TargetError) as error:
        return {"only_here_because": f"its rows could not be read: {str(error).strip()}"}
    only = sorted(here - there)
    return {"only_here": len(only), "only_here_seq": only[:MOST_TOLD]}


def rejoin_as_standby(estate: Estate) -> Evidence:
    """Stop it, rewind it to the new primary's fork, and verify that it follows.

    Rows are not compared: while the service is being written to, they always differ.
    """
    old = estate.primary
    if old is estate.current:
        raise TargetError("the old primary is the primary: nothing was promoted")
    old.stop("fast")
    mark = old.data / "standby.signal"
    mark.unlink(
        missing_ok=True
    )  # pg_rewind recovers a crashed server in single-user mode, which is impossible for a standby
    standby = Standby(old, address(estate.current), RETURNING, RETURNING)
    done = rejoin(standby, estate.current, estate.access, verify=False)
    began = time.monotonic()
    verify_following(estate.current, standby, estate.access, rows=False)
    return asdict(replace(done, verifying=time.monotonic() - began))
