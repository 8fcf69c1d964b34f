"""Bring an old primary back as a standby of the new one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos.errors import TargetError
from chaos.postgres.access import Access, address
from chaos.postgres.cluster import Cluster
from chaos.postgres.following import verify_following
from chaos.postgres.programs import tail
from chaos.postgres.promote import checkpoint
from chaos.postgres.slots import create_slot, drop_slot
from chaos.postgres.standby import Standby, start_following

_REWIND_TIMEOUT = 600.0
_NEVER_DIVERGED = "no rewind required"
# pg_rewind's error messages -> their meaning.
_CANNOT = {
    "data checksums or": "it needs data checksums or wal_log_hints = on, from before the failover",
    "single-user mode": "its own crash recovery failed, which must precede a rewind",
    "could not find previous WAL record": "the WAL since the fork is gone from the old primary",
    "could not read WAL record": "the WAL since the fork is gone from the old primary",
    "could not open file": "the WAL since the fork is gone from the old primary",
    "different systems": "the two have different system identifiers",
    "common ancestor": "the two have different system identifiers",
    "server must be shut down": "the old primary is running",
}


class CannotRewind(TargetError):
    """pg_rewind cannot turn this server into a standby; the message says why. It has not been started."""


@dataclass(frozen=True, slots=True)
class Rejoined:
    """How an old primary came back: `rewound` is false if it had never diverged. Durations in seconds."""

    rewound: bool
    rewinding: float
    starting: float  # until it streamed
    verifying: float


def rejoin(
    old: Standby, primary: Cluster, access: Access, *, timeout: float = 60.0, verify: bool = True
) -> Rejoined:
    """Rewind the stopped server `old` to where `primary` forked from it, start it as a standby with a slot
    of its own, and verify that it follows.

    Raises CannotRewind, NotFollowing or TargetError; then `old` is stopped and has no slot.
    """
    if old.cluster.running():
        raise CannotRewind(f"the old primary in {old.cluster.data} is running: stop it first")
    old.cluster.remove_stale_pid_file()
    began = time.monotonic()
    rewound = _rewind(old.cluster, primary, access)
    at_rest = time.monotonic()
    create_slot(primary, access, old.slot)
    try:
        start_following(primary, old, access, timeout=timeout)
        started = time.monotonic()
        if verify:
            verify_following(primary, old, access, timeout=timeout)
    except BaseException:
        old.cluster.stop("immediate")
        drop_slot(primary, access, old.slot)
        raise
    return Rejoined(rewound, at_rest - began, started - at_rest, time.monotonic() - started)


def _rewind(old: Cluster, primary: Cluster, access: Access) -> bool:
    """True if there was something to rewind. Raises CannotRewind."""
    # Before it, the control file that pg_rewind reads still names the timeline before the promotion.
    checkpoint(primary, access)
    source = access.replication(address(primary), dbname="postgres")
    # Not synced: a server lost during the rewind is rebuilt.
    options = ["--source-server", source, "--no-sync"]
    code, said = old.programs.run("pg_rewind", "--target-pgdata", old.data, *options, timeout=_REWIND_TIMEOUT)
    if code != 0:
        meaning = next((means for words, means in _CANNOT.items() if words in said), "pg_rewind failed")
        raise CannotRewind(f"{old.data} cannot be rewound: {meaning}; pg_rewind says:\n{tail(said)}")
    return _NEVER_DIVERGED not in said
