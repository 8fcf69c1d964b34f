"""Lose the primary database: killed, its host gone with its disk, frozen, or its disk full or read-only.

Its protection is part of the experiment: `standby` and `archive` bring the target up with one. The evidence holds the
instant of the loss and the standby's lag at that instant, measured by what it had flushed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil

from chaos.errors import FaultError, TargetError, TargetGone
from chaos.faults.shared import foreseen
from chaos.host.privileges import is_root
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles, ProcessRef
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.postgres import family
from chaos.postgres.connection import ask
from chaos.postgres.lag import lag_at
from chaos.postgres.wal import show_lsn
from chaos.postgres.writes import attempt_write
from chaos.spec.units import NotNegative
from chaos.spec.yamlfile import Model

BALLAST = "ballast"  # beside the data directory, on the same disk
_POLL = 0.1
_STANDBYS = {"none": 0, "asynchronous": 1, "synchronous": 2}


class LosePrimaryParams(Model):
    by: Literal["kill", "host", "freeze", "full", "read_only"] = "kill"
    standby: Literal["none", "asynchronous", "synchronous"] = "none"
    archive: NotNegative = (
        0.0  # seconds after which a segment is archived even if not full; 0: no archive, no backup
    )


class LosePrimary(Fault):
    Params = LosePrimaryParams
    needs = frozenset({"servers.primary", "databases.primary", "volumes.data"})

    @classmethod
    def staging(cls, params: LosePrimaryParams) -> Mapping[str, float]:
        return {"database.standby": _STANDBYS[params.standby], "database.archive": params.archive}

    def __init__(self, params: LosePrimaryParams, handles: Handles, mark: str) -> None:
        del mark  # what is lost belongs to the target and ends with it
        self._params = params
        self._server = handles.servers["primary"]
        self._admin = handles.databases["primary"].admin_dsn
        self._replication = handles.replication
        self._disk = handles.volumes["data"].path
        self._ballast = self._server.data.parent / BALLAST

    def probes(self) -> Iterator[Probe]:
        if not self._server.running():
            yield no("the primary runs", "it does not", "start it")
            return
        yield yes("the primary runs")
        yield from self._can_be_lost()
        if self._params.standby != "none":
            yield self._is_protected()
        if self._params.archive:
            yield self._is_archived()
        yield unknown("floor: primary_lost", "a write is tried afterwards and must fail")

    def _can_be_lost(self) -> Iterator[Probe]:
        by = self._params.by
        if by not in ("full", "read_only"):
            members = list[ProcessRef]()
            for each in family.members(self._server.data):
                with suppress(psutil.NoSuchProcess):
                    members.append(ProcessRef(each.pid, each.create_time()))
            yield foreseen.may_all_be_signalled("its processes may be signalled", members)
            return
        what = f"the disk {self._disk} can be made {by.replace('_', '-')}"
        kinds = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
        kind = kinds.get(str(self._disk))
        if kind is None:
            yield no(
                what, "the target has no disk of its own", "run `midnight doctor`, which says what one needs"
            )
        elif by == "read_only" and not (kind.startswith("ext") and is_root()):
            because = f"it is {kind}" if is_root() else "midnight is not root"
            yield no(what, because, "put the data on ext4 and run midnight as root")
        else:
            yield yes(what, kind)

    def _is_protected(self) -> Probe:
        wanted, replication = self._params.standby, self._replication
        what = f"the standby is {wanted}"
        lag = lag_at(replication.primary_dsn, replication.name) if replication is not None else None
        if lag is None:
            return no(what, "no standby is connected", "start it")
        same = (lag.sync_state == "async") == (wanted == "asynchronous")
        return yes(what) if same else no(what, f"it is {lag.sync_state}", "set synchronous_standby_names")

    def _is_archived(self) -> Probe:
        what = "the archive accepts WAL"
        query = (
            "SELECT current_setting('archive_mode'), last_failed_wal,"
            " coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver"
        )
        mode, segment, failing = ask(self._admin, query)
        if mode == "off":
            return no(what, "archive_mode is off", "set archive_mode = on and restart the server")
        return no(what, f"{segment} was refused", "check the server's log") if failing else yes(what)

    def prepare(self) -> Undo:
        by = self._params.by
        if not self._server.running():
            raise TargetGone("lose_primary: no primary is running")
        if by in ("full", "read_only") and not self._disk.is_mount():
            raise FaultError(f"lose_primary: by {by} needs a disk of the target's own, which requires root")
        return {"by": by, "data": str(self._server.data), "ballast": str(self._ballast)}

    def inject(self) -> Evidence:
        seen = self._protection()
        begun = time.monotonic()
        try:
            {
                "kill": self._server.kill,
                "host": self._lose_the_host,
                "freeze": lambda: self._server.freeze("all"),
                "full": self._fill_the_disk,
                "read_only": self._make_read_only,
            }[self._params.by]()
        except (TargetError, OSError) as error:
            raise FaultError(f"lose_primary: {error}") from error
        return {
            "by": self._params.by,
            "instant": {"begun": begun, "ended": time.monotonic()},  # of the monotonic clock
            **seen,
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        """Frozen servers and full disks stay that way until undone; every other act is over at once."""
        attempt = attempt_write(self._admin, commit=False, deadline=2.0)
        end = time.monotonic() + seconds
        lasting = {"freeze": self._frozen, "full": self._kept_full}.get(self._params.by, lambda: False)
        while lasting() and time.monotonic() < end and not stop.wait(_POLL):
            pass
        lost = attempt.outcome != "accepted"
        return Held(
            dose={"primary_lost": float(lost)},
            floor={"primary_lost": 1.0},
            evidence={"a_write_afterwards_was": attempt.outcome, "said": attempt.said},
        )

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Let the server continue, or free its disk. A server that was killed ends with its target."""
        thawed = family.members(Path(undo["data"]))
        family.send(thawed, signal.SIGCONT)
        with suppress(OSError):  # on a disk that is read-only and is discarded with the target
            Path(undo["ballast"]).unlink(missing_ok=True)
        return {"let_go_on": len(thawed), "ballast": "removed" if undo["by"] == "full" else "none"}

    def _protection(self) -> Evidence:
        """Measure the standby's lag and the archive's age at the last moment before the loss."""
        archived: Evidence = {}
        if self._params.archive:
            query = "SELECT last_archived_wal, extract(epoch FROM now() - last_archived_time) FROM pg_stat_archiver"
            segment, age = ask(self._admin, query)
            archived = {"last_archived": segment, "archive_age_seconds": None if age is None else float(age)}
        if self._replication is None:
            return {"standby": "none", **archived}
        try:
            lag = lag_at(self._replication.primary_dsn, self._replication.name)
        except TargetError as error:
            raise TargetGone(f"lose_primary: {error}") from error
        if lag is None:
            return {"standby": "not connected", **archived}
        return {
            "standby": f"{lag.state}, {lag.sync_state}",
            "primary_lsn": show_lsn(lag.lsn),
            "unflushed_bytes": lag.flush,
            "unreplayed_bytes": lag.replay,
            "flush_lag_seconds": lag.flush_seconds,
            **archived,
        }

    def _lose_the_host(self) -> None:
        self._server.kill()
        shutil.rmtree(self._server.data)

    def _fill_the_disk(self) -> None:
        self._ballast.touch(mode=0o600)
        self._kept_full()

    def _kept_full(self) -> bool:
        """Let a file take all free space, again and again: the server frees some itself, at each checkpoint.

        Return False if the file is gone: space has been freed.
        """
        try:
            file = os.open(self._ballast, os.O_WRONLY)
        except FileNotFoundError:
            return False
        try:
            room = os.statvfs(self._disk)
            size, piece = os.fstat(file).st_size, room.f_bfree * room.f_frsize
            while piece >= room.f_frsize:
                try:
                    os.posix_fallocate(file, size, piece)
                    size += piece
                except OSError:
                    piece //= 2
        finally:
            os.close(file)
        return True

    def _make_read_only(self) -> None:
        """Remount read-only, as the kernel does after a disk error: all writes fail, even to open files."""
        argv = ["mount", "-o", "remount,abort", str(self._disk)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, start_new_session=True)
        if done.returncode != 0:
            raise FaultError(f"lose_primary: {' '.join(argv)}: {done.stderr.strip()}")

    def _frozen(self) -> bool:
        return any(family.stopped(process) for process in family.members(self._server.data))
