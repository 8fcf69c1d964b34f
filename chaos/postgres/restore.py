"""Recover a fresh cluster from a base backup and an archive to a given point."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import BackupUnusable, NoVerdict, TargetError
from chaos.host.ports import PortTaken
from chaos.host.privileges import give
from chaos.postgres.archive import Archive
from chaos.postgres.backup import Backup, Verification, verify_backup
from chaos.postgres.backup_files import BackupFiles
from chaos.postgres.cluster import Cluster, NotReady
from chaos.postgres.recovery_log import Recovery, read_recovery
from chaos.postgres.restorable import check_restorable
from chaos.postgres.settings import OURS, Settings
from chaos.postgres.target import Target, at_backups_end
from chaos.postgres.wal import Timelines
from chaos.spec.units import show_seconds

# Overrides the configuration in the backup: isolated, without standbys, logging to midnight.
_ALONE: Settings = {
    **OURS,
    # The source's archive must never receive a segment of a copy.
    "archive_mode": "off",
    "archive_command": "",
    "archive_cleanup_command": "",
    "recovery_end_command": "",
    "restore_command": "",
    "primary_conninfo": "",
    "primary_slot_name": "",
    # A copy of a subscriber would consume changes that the real subscriber then never gets.
    "max_logical_replication_workers": 0,
    "synchronous_standby_names": "",
    # It accepts connections only once it accepts writes.
    "hot_standby": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "warning",
    "lc_messages": "C",
}
# The server's last message -> its meaning.
_REASONS = {
    "recovery ended before configured recovery target": "the target was never reached",
    "WAL ends before end of online backup": "the WAL ends before the backup's end",
    "WAL ends before consistent recovery point": "the WAL ends before the backup is consistent",
    "could not locate required checkpoint": "the WAL at the backup's start is missing",
    "could not locate a valid checkpoint": "the WAL at the backup's start is missing",
    "requested timeline": "wrong timeline",
    "recovery target timeline": "wrong timeline",
    "requested recovery stop point is before consistent": "the target is before the backup's end",
}
# Messages when this machine or this build lacks something, and the remedies.
_LACKS = (
    (r"[^:\n]*No space left on device", "free space on the scratch directory's disk"),
    (r"cannot be confined: .*", "run as root, or allow user namespaces"),
    (r"could not (map anonymous|create) shared memory.*|[^\n]*Cannot allocate memory", "free memory"),
    (r"database files are incompatible with server.*", "name the PostgreSQL that made it in MIDNIGHT_POSTGRES"),
    (r"resource manager with ID \d+ not registered.*", "its WAL belongs to an extension, which a copy does not load"),
    (r'could not (access file|load library) "[^"]*".*', "install that library"),
    (r"directory \"[^\"]*\" does not exist\n[^\n]*CONTEXT: +WAL redo at \S+ for Tablespace/CREATE.*",
     "the WAL creates a tablespace outside the copy: take a newer base backup, which contains it"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restored:
    """A successful restore: durations in seconds, and the server's own report."""

    target: Target
    verification: Verification | None  # None: not requested
    copying: float
    replaying: float  # from the server's start until it accepted writes
    bytes: int  # copied, not counting the WAL in the archive
    recovery: Recovery


def restore(
    backup: Backup,
    into: Cluster,
    target: Target,
    *,
    archive: Archive | None = None,
    settings: Settings | None = None,
    verify: bool = True,
    bare: bool = False,
    fill: Callable[[Path], int] | None = None,
    timeout: float = 600.0,
) -> Restored:
    """Copy `backup` into the empty `into`, replay the archive to `target`, and return once it accepts writes.

    Backup and archive are only read; the copy has no archive and no upstream. `bare`: without the backup's own
    configuration, which may require things this machine lacks. `fill` places the files below a directory and returns
    their bytes, if copying is not enough. Raises BackupUnusable with the reason, or TargetError; then no server runs
    and `into.data` is gone. Compare the result with what was promised: to PostgreSQL, a lost row is not an error.
    """
    along = check_restorable(backup, target, archive)
    if into.data.exists() and any(into.data.iterdir()):
        raise TargetError(f"a restore needs an empty directory, but {into.data} is not empty")
    verification = verify_backup(backup, into.programs) if verify else None
    try:
        began = time.monotonic()
        into.make_directory()
        copied = (fill or backup.files.copy)(into.data)
        _own(into)
        if bare:
            _forget_configuration(into)
        _configure(into, target, along, archive, settings or {})
        copying = time.monotonic() - began
        recovery = _replay(into, target, archive, _left(timeout, copying))
        replaying = time.monotonic() - began - copying
    except BaseException:
        into.stop("immediate")
        shutil.rmtree(into.data, ignore_errors=True)
        raise
    return Restored(target, verification, copying, replaying, copied, recovery)


def start_copy(files: BackupFiles, into: Cluster, settings: Settings, *, timeout: float = 600.0) -> Restored:
    """Copy a self-contained data directory, from a stopped server or an atomic snapshot, into the empty `into`, and
    return once it accepts writes.

    Its own configuration is not used. Raises BackupUnusable or TargetError; then no server runs and `into.data` is
    gone.
    """
    try:
        began = time.monotonic()
        into.make_directory()
        copied = files.copy(into.data)
        _own(into)
        _forget_configuration(into)
        _forget_the_source(into)
        into.override({**_ALONE, **settings})
        copying = time.monotonic() - began
        recovery = _recover(into, "its own WAL", None, _left(timeout, copying))
        replaying = time.monotonic() - began - copying
        return Restored(at_backups_end(), None, copying, replaying, copied, recovery)
    except BaseException:
        into.stop("immediate")
        shutil.rmtree(into.data, ignore_errors=True)
        raise


def replay_all(into: Cluster, fetch: str, settings: Settings, *, timeout: float) -> Recovery:
    """Let a data directory that another tool placed in `into` replay everything that `fetch`, a restore_command,
    returns; without its own configuration. Returns once it accepts writes.

    PostgreSQL ends silently when `fetch` returns nothing more: the caller must decide whether that was far enough.
    Raises BackupUnusable or TargetError.
    """
    _own(into)
    _forget_configuration(into)
    _forget_the_source(into)
    into.override({**_ALONE, **settings, "restore_command": fetch, "recovery_target_timeline": "latest"})
    _signal_recovery(into)
    return _recover(into, "the archive's end", None, timeout)


def _left(timeout: float, copying: float) -> float:
    """Raises NotReady if copying alone took all the time."""
    if copying >= timeout:
        raise NotReady(f"copying alone took {show_seconds(round(copying))} of {show_seconds(round(timeout))}")
    return timeout - copying


def _own(into: Cluster) -> None:
    # A backup may be kept read-only.
    for path in (into.data, *into.data.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        give(path, into.user)


def _forget_configuration(into: Cluster) -> None:
    for name in ("postgresql.conf", "postgresql.auto.conf"):
        (into.data / name).write_text("")
        give(into.data / name, into.user)


def _configure(
    into: Cluster, target: Target, along: Timelines, archive: Archive | None, settings: Settings
) -> None:
    _forget_the_source(into)
    fetch = {"restore_command": archive.restore_command if archive else "false"}
    into.override({**_ALONE, **settings, **fetch, **target.settings(along.last)})
    _signal_recovery(into)


def _forget_the_source(into: Cluster) -> None:
    # Files that a running source left in its directory describe that server.
    for name in ("postmaster.pid", "postmaster.opts", "standby.signal", "recovery.signal"):
        (into.data / name).unlink(missing_ok=True)
    # Its tablespaces are within the data directory: their original locations must not be touched.
    (into.data / "tablespace_map").unlink(missing_ok=True)
    # Slots have no consumer here: they would only retain WAL, and may prevent the server from starting.
    for slot in (into.data / "pg_replslot").glob("*"):
        shutil.rmtree(slot, ignore_errors=True)


def _signal_recovery(into: Cluster) -> None:
    (into.data / "recovery.signal").touch(mode=0o600)
    give(into.data / "recovery.signal", into.user)


def _replay(into: Cluster, target: Target, archive: Archive | None, timeout: float) -> Recovery:
    recovery = _recover(into, str(target), archive, timeout)
    if not recovery.stopped:
        raise BackupUnusable(f"{target}: the server accepted writes without having stopped there")
    return recovery


def _recover(into: Cluster, where: str, archive: Archive | None, timeout: float) -> Recovery:
    from_here = into.log.stat().st_size if into.log.exists() else 0
    try:
        into.start(timeout=timeout)
    except (PortTaken, NotReady):
        raise
    except TargetError as error:
        words = into.log.read_bytes()[from_here:].decode(errors="replace")
        _raise_lack(into, words)
        raise _failure(read_recovery(words), where, archive, error) from error
    return read_recovery(into.log.read_bytes()[from_here:].decode(errors="replace"))


def _raise_lack(into: Cluster, words: str) -> None:
    """Raises NoVerdict if the server did not start for a reason outside the backup."""
    for pattern, remedy in _LACKS:
        if found := re.search(pattern, words):
            raise NoVerdict(
                f"PostgreSQL {into.installation.version} cannot run this copy here: {found[0].strip()}; {remedy}"
            )


def _failure(recovery: Recovery, where: str, archive: Archive | None, error: TargetError) -> TargetError:
    """The error to raise if the server did not start."""
    reason = next((means for words, means in _REASONS.items() if words in recovery.fatal), None)
    if reason is None:
        return BackupUnusable(f"PostgreSQL says: {recovery.fatal}") if recovery.fatal else error
    details = [f"PostgreSQL says: {recovery.fatal}"]
    if recovery.last_transaction is not None:
        details.append(f"the last transaction recovered is from {recovery.last_transaction.isoformat()}")
    details += recovery.broken[:2]
    holdings = archive.holds() if archive else None
    if holdings and (gaps := [*holdings.gaps(), *holdings.truncated]):
        details.append(f"missing or incomplete in the archive: {', '.join(gaps[:3])}")
    return BackupUnusable(f"{where}: {reason}; {'; '.join(details)}")
