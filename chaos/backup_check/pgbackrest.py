"""A pgBackRest repository in a directory: its newest backup, and the WAL archived in it, replayed to its end."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from chaos.backup_check.kind import Ended, Kind, Lacking, Outlasted, Restoration, Verified
from chaos.backup_check.scratch import Scratch
from chaos.errors import BackupUnusable, NoVerdict, ToolMissing
from chaos.host.privileges import SystemUser, identity
from chaos.host.processes import end_group, spawn
from chaos.postgres import Installation
from chaos.postgres.cluster import NotReady
from chaos.postgres.programs import tail
from chaos.postgres.restore import replay_all
from chaos.record import events
from chaos.record.event import NOW
from chaos.spec.units import show_seconds
from chaos.tools import postgresql
from chaos.tools.command import CommandFailed, output, which

_NAME = "pgbackrest"
_TIMEOUT = 60.0  # for commands that only list
_GRACE = 15.0


class PgBackRest(Kind):
    @property
    def expected(self) -> int:
        try:
            return int(self._newest["info"]["size"])
        except BackupUnusable:  # reported when it is restored
            return 0

    @property
    def visible(self) -> list[Path]:
        return [self.options.path, self._program]

    def installations(self) -> list[Installation]:
        _ = self._program
        databases = self._stanza["db"]
        if not databases:
            return [postgresql.installation()]
        return [postgresql.installation_of(int(str(databases[-1]["version"]).split(".")[0]))]

    def describe(self, scratch: Scratch) -> events.BackupDescribed:
        newest, times = self._newest, self._newest["timestamp"]
        if newest.get("error"):
            raise BackupUnusable(f"backup {newest['label']}: pgBackRest found page errors while it was taken")
        self._refuse_unreadable(scratch.cluster.user)
        return events.BackupDescribed(
            NOW,
            format=f"pgBackRest {newest['type']}",
            label=newest["label"],
            stanza=self.options.stanza,
            started=datetime.fromtimestamp(times["start"], UTC).isoformat(),
            ended=datetime.fromtimestamp(times["stop"], UTC).isoformat(),
            replayed_to=f"the archive's end, {self._archived}",
        )

    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        cluster, began = scratch.cluster, time.monotonic()
        cluster.make_directory()
        self._run_restore(scratch, within)
        size = sum(file.stat().st_size for file in cluster.data.rglob("*") if file.is_file())
        copying = time.monotonic() - began
        ended(events.CopyEnded(NOW, seconds=copying, bytes=size))
        options = " ".join(shlex.quote(option).replace("%", "%%") for option in self._options(scratch))
        fetch = f'{shlex.quote(str(self._program))} {options} archive-get %f "%p"'
        try:
            redo = replay_all(cluster, fetch, scratch.settings, timeout=max(1.0, within - copying))
        except NotReady as error:
            raise Outlasted(str(error)) from error
        if self._archived not in redo.restored:
            last = redo.restored[-1] if redo.restored else "none"
            raise BackupUnusable(
                f"the replay ended before the archive does: {self._archived} is archived, but {last} was the last "
                "that could be fetched"
            )
        seconds = time.monotonic() - began
        elapsed, cpu = redo.elapsed_seconds or 0.0, redo.cpu_seconds or 0.0
        wal = redo.end - redo.start if redo.end is not None and redo.start is not None else 0
        replayed = events.ReplayEnded(
            NOW,
            seconds=seconds - copying,
            wal_bytes=wal,
            redo_seconds=elapsed,
            redo_cpu_seconds=cpu,
            segments_from_archive=len(redo.restored),
        )
        ended(replayed)
        points = events.RestoresMeasured(
            NOW,
            restores=(events.RestorePoint(size, seconds - elapsed),),
            replays=(events.ReplayPoint(wal, cpu, elapsed),),
        )
        return Restoration(seconds, size, points)

    def verify(self, scratch: Scratch) -> Verified:
        del scratch
        version = output([self._program, "version"])
        return Verified("verified", f"{version}, which verified the checksum of every restored file")

    def evidence(self) -> list[Path]:
        try:
            place = self.options.path / "backup" / str(self.options.stanza) / self._newest["label"]
        except BackupUnusable:
            return []
        return [file for file in [place / "backup.manifest"] if file.is_file()]

    @cached_property
    def _program(self) -> Path:
        found = which(_NAME)
        if found is None:
            remedy = "install it (Debian: apt-get install pgbackrest)"
            raise ToolMissing("pgBackRest", f"`{_NAME}` is not on PATH", remedy)
        return found

    @cached_property
    def _stanza(self) -> dict[str, Any]:
        argv: list[str | Path] = [self._program, *self._where, "--output=json", "info"]
        try:
            found = json.loads(output(argv, timeout=_TIMEOUT))
        except (CommandFailed, ValueError) as error:
            raise BackupUnusable(f"the repository {self.options.path} cannot be read: {error}") from error
        stanza: dict[str, Any] = found[0]
        if not stanza.get("backup"):
            said = (stanza.get("status") or {}).get("message", "")
            raise BackupUnusable(f"stanza {self.options.stanza} of {self.options.path} has no backup: {said}")
        return stanza

    @property
    def _newest(self) -> dict[str, Any]:
        newest: dict[str, Any] = max(self._stanza["backup"], key=lambda each: each["timestamp"]["stop"])
        return newest

    @property
    def _archived(self) -> str:
        """The newest WAL segment of the repository."""
        return max((str(each["max"]) for each in self._stanza["archive"] if each.get("max")), default="none")

    @property
    def _where(self) -> list[str]:
        path = self.options.path.absolute()
        return [
            f"--stanza={self.options.stanza}",
            f"--repo1-path={path}",
            "--no-config",
            "--log-level-file=off",
        ]

    def _options(self, scratch: Scratch) -> list[str]:
        places = [f"--lock-path={scratch.root / 'lock'}", f"--pg1-path={scratch.cluster.data}"]
        return [*self._where, *places, "--log-level-console=warn"]

    def _run_restore(self, scratch: Scratch, within: float) -> None:
        argv: list[str | Path] = [self._program, *self._options(scratch)]
        argv += ["--archive-mode=off", f"--set={self._newest['label']}", "restore"]
        child = spawn(
            argv,
            mark=scratch.cluster.mark,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            said = child.communicate(timeout=within)[0].decode(errors="replace")
        except subprocess.TimeoutExpired as error:
            raise Outlasted(f"pgBackRest did not end within {show_seconds(round(within))}") from error
        finally:
            end_group(child, _GRACE)
        if "No space left on device" in said:
            raise Lacking(f"the scratch disk is full: {tail(said)}")
        if child.returncode != 0:
            raise BackupUnusable(f"pgBackRest ended with {child.returncode}: {tail(said)}")

    def _refuse_unreadable(self, user: SystemUser | None) -> None:
        """Raises NoVerdict: the server itself fetches the WAL."""
        place = self.options.path / "archive" / str(self.options.stanza) / "archive.info"
        command = ["/bin/sh", "-c", 'test -r "$1"', "sh", str(place)]
        if user and subprocess.run(command, check=False, cwd="/", **identity(user)).returncode != 0:
            raise NoVerdict(f"user {user.name}, which PostgreSQL runs as here, cannot read {place}")
