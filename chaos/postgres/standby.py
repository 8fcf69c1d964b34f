"""A streaming standby: create it from a running primary, synchronous or not, and remove it again."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass

from chaos.errors import TargetError
from chaos.postgres.access import Access, address
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask
from chaos.postgres.lag import Lag, lag
from chaos.postgres.settings import Settings
from chaos.postgres.slots import drop_slot
from chaos.spec.units import show_seconds

_BACKUP_TIMEOUT = 600.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Standby:
    """A standby and its name at the primary."""

    cluster: Cluster
    upstream: str  # HOST:PORT it streams from: the primary, or a proxy in front of it
    slot: str
    application_name: str


def make_standby(
    primary: Cluster,
    standby: Standby,
    access: Access,
    *,
    settings: Settings | None = None,
    synchronous: bool = False,
    timeout: float = 60.0,
) -> None:
    """Copy the running `primary`, start the copy as `standby`, and return once it streams.

    The copy is taken directly from the primary; only the stream goes through `upstream`. With `synchronous` the
    primary waits for it from then on. Raises TargetError; then no server, slot or directory of the standby is left.
    """
    data = standby.cluster.data
    if data.exists() and any(data.iterdir()):
        raise TargetError(f"a standby needs an empty directory, but {data} is not empty")
    try:
        _copy(primary, standby, access)
        start_following(primary, standby, access, settings=settings, timeout=timeout)
        if synchronous:
            wait_for_standbys(primary, access, standby.application_name)
    except BaseException:
        # Report the failure that led here.
        with suppress(TargetError):
            remove_standby(primary, standby, access)
        raise


def start_following(
    primary: Cluster,
    standby: Standby,
    access: Access,
    *,
    settings: Settings | None = None,
    timeout: float = 60.0,
) -> None:
    """Start a copy of `primary` as its standby, and return once it streams. Raises TargetError."""
    following = follower_settings(standby, access)
    standby.cluster.override({**following, **(settings or {})})
    (standby.cluster.data / "recovery.signal").unlink(missing_ok=True)
    (standby.cluster.data / "standby.signal").touch()
    standby.cluster.start(timeout=timeout)
    wait_until_streaming(primary, access, standby.application_name, timeout=timeout)


def follower_settings(standby: Standby, access: Access) -> Settings:
    """Settings in which a standby must differ from its primary, whose configuration it was copied with."""
    return {
        "primary_conninfo": access.replication(standby.upstream, application_name=standby.application_name),
        "primary_slot_name": standby.slot,
        # Copied from a synchronous primary, it would wait for itself forever once promoted.
        "synchronous_standby_names": "",
        "recovery_target_timeline": "latest",
        "hot_standby": "on",
    }


def _copy(primary: Cluster, standby: Standby, access: Access) -> None:
    cluster = standby.cluster
    cluster.make_directory()
    options = ["--wal-method=stream", "--checkpoint=fast", "--no-password", "--create-slot"]
    # Not synced: a standby lost during creation is created again.
    options += ["--slot", standby.slot, "--no-sync"]
    conninfo = access.replication(address(primary))
    cluster.programs.must(
        "pg_basebackup", "-d", conninfo, "-D", cluster.data, *options, timeout=_BACKUP_TIMEOUT
    )


def wait_until_streaming(
    primary: Cluster, access: Access, application_name: str, *, timeout: float = 60.0
) -> Lag:
    """Wait until the primary streams to it; return its lag. Raises TargetError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while (found := lag(primary, access, application_name)) is None or found.state != "streaming":
        if time.monotonic() >= deadline:
            state = found.state if found else "not connected"
            raise TargetError(
                f"standby {application_name!r} did not stream within {show_seconds(timeout)}: {state}"
            )
        time.sleep(_POLL)
    return found


def wait_for_standbys(primary: Cluster, access: Access, *names: str, timeout: float = 10.0) -> None:
    """Make the primary acknowledge a commit only once one of the named standbys has flushed it, too.

    No name: it waits for none, and releases waiting sessions. Raises TargetError.
    """
    quoted = ", ".join(f'"{name}"' for name in names)
    wanted = f"FIRST 1 ({quoted})" if names else ""
    primary.override({"synchronous_standby_names": wanted})
    primary.reload()
    deadline = time.monotonic() + timeout
    while not _waits_as(primary, access, wanted, names):
        if time.monotonic() >= deadline:
            raise TargetError(
                f"synchronous_standby_names = {wanted!r} did not take effect within {show_seconds(timeout)}"
            )
        time.sleep(_POLL)


def _waits_as(primary: Cluster, access: Access, wanted: str, names: tuple[str, ...]) -> bool:
    setting, waited_for = ask(
        access.dsn(primary),
        "SELECT current_setting('synchronous_standby_names'),"
        " (SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync')",
    )
    return bool(setting == wanted and (waited_for > 0) == bool(names))


def remove_standby(primary: Cluster, standby: Standby, access: Access) -> None:
    """Stop it, drop its slot, remove its directory; skip what does not exist.

    Raises TargetError after removing everything that could be removed.
    """
    try:
        standby.cluster.stop("immediate")
        if primary.running():
            drop_slot(primary, access, standby.slot)
    finally:
        shutil.rmtree(standby.cluster.data, ignore_errors=True)
