"""A base backup: taken by pg_basebackup, described from what it holds, verified."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from chaos.errors import BackupUnusable, TargetError
from chaos.host.page_cache import files_below
from chaos.host.privileges import give
from chaos.postgres.access import Access, address
from chaos.postgres.archive import Archive
from chaos.postgres.backup_files import BackupFiles, Format, backup_files
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask
from chaos.postgres.manifest import NAME, Manifest, Verified, read_manifest, verify
from chaos.postgres.programs import Programs
from chaos.postgres.wal import Lsn, lsn

_LABEL = "backup_label"
_CRASHED = (-11, 139)  # a program ended by SIGSEGV, and a shell's exit code for it
_PROBE_TIMEOUT = 10.0
_VERIFY_TIMEOUT = 24 * 3600.0
_UTC = (" UTC", " GMT")


@dataclass(frozen=True, slots=True)
class Backup:
    """A base backup by its own metadata. None: not recorded."""

    files: BackupFiles
    label: str
    timeline: int
    start: Lsn
    stop: Lsn | None  # a restore must replay at least to here
    started: datetime | None
    ended: datetime | None
    size: int  # total size of its files in bytes, as stored
    seconds: float | None = None  # it took, if midnight took it


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified and by what: midnight's own reading, and pg_verifybackup's result or why there is none."""

    verified: Verified
    tool: str
    seconds: float


def take_backup(
    primary: Cluster,
    access: Access,
    place: Path,
    *,
    label: str,
    format: Format = "plain",
    wal: Literal["stream", "none"] = "stream",
    durable: bool = True,
    timeout: float = 600.0,
) -> Backup:
    """Back up the running `primary` into the new directory `place`, with SHA-256 in its manifest.

    `wal="none"` leaves the WAL to the archive, and waits until it is archived. `durable`: synced, so that it survives
    a power loss. Raises TargetError; then `place` is removed again.
    """
    place.mkdir(mode=0o700)
    try:
        give(place, primary.user)
        options = [f"--format={format}", f"--wal-method={wal}", f"--label={label}", "--checkpoint=fast"]
        options += [
            "--manifest-checksums=SHA256",
            "--no-password",
            "-d",
            access.replication(address(primary)),
        ]
        options += [] if durable else ["--no-sync"]
        began = time.monotonic()
        try:
            primary.programs.must("pg_basebackup", "-D", place, *options, timeout=timeout)
        except TargetError as error:
            raise TargetError(f"{error}{_archiver_words(primary, access)}") from error
        seconds = time.monotonic() - began
        (now,) = ask(access.dsn(primary), "SELECT clock_timestamp()")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    # Read after the end, so that a target before the end is not mistaken for a later one.
    return replace(describe(place), seconds=seconds, ended=now)


def _archiver_words(primary: Cluster, access: Access) -> str:
    """Another possible reason: pg_basebackup waits silently for a failing archiver."""
    try:
        failed, last = ask(access.dsn(primary), "SELECT failed_count, last_failed_wal FROM pg_stat_archiver")
    except TargetError:
        return ""
    return f"\narchive_command has failed {failed} times, with {last} last" if failed else ""


def describe(
    place: Path,
    archive: Archive | None = None,
    files: BackupFiles | None = None,
    *,
    incremental: bool = False,
) -> Backup:
    """The backup in `place`, from its label and manifest; the time of its end from the archive, if recorded there.

    Raises BackupUnusable for anything that is not a base backup or cannot be restored by itself.
    """
    files = files or backup_files(place)
    label = read_label(files.text(_LABEL))
    if label.since is not None and not incremental:
        raise BackupUnusable(
            f"{place} is an incremental backup: turn it into a full one with pg_combinebackup"
        )
    if label.start is None or label.timeline is None:
        raise BackupUnusable(f"{place}: its {_LABEL} cannot be read")
    manifest = manifest_in(files)
    return Backup(
        files,
        label.name,
        label.timeline,
        label.start,
        stop=manifest.stop if manifest else None,
        started=_time(label.started) or (manifest.latest if manifest else None),
        ended=_ended(label.location, archive),
        size=sum(file.stat().st_size for file in files_below(place)),
    )


@dataclass(frozen=True, slots=True)
class Label:
    """The contents of `backup_label`. None: not there. `since`: the start of the backup that an incremental one
    builds on.
    """

    name: str
    location: str
    start: Lsn | None
    timeline: int | None
    started: str
    since: Lsn | None


def read_label(text: str) -> Label:
    said = dict(re.findall(r"^([A-Z ]+): (.*)$", text, re.MULTILINE))
    location = said.get("START WAL LOCATION", "")
    return Label(
        said.get("LABEL", ""),
        location,
        _lsn(location),
        int(said["START TIMELINE"]) if said.get("START TIMELINE", "").isdigit() else None,
        said.get("START TIME", ""),
        _lsn(said.get("INCREMENTAL FROM LSN", "")),
    )


def _lsn(text: str) -> Lsn | None:
    try:
        return lsn(text.split(maxsplit=1)[0])
    except (LookupError, ValueError):
        return None


def manifest_in(files: BackupFiles) -> Manifest | None:
    """Beside the tars, or inside a data directory."""
    file = _directory(files) / NAME
    return read_manifest(file) if file.is_file() else None


def _directory(files: BackupFiles) -> Path:
    return files.base if files.format == "plain" else files.base.parent


def _ended(start: str, archive: Archive | None) -> datetime | None:
    # The archive holds `SEGMENT.OFFSET.backup`, written at the backup's end and naming its start.
    for name in archive.holds().others if archive else ():
        if archive and name.endswith(".backup"):
            text = (archive.directory / name).read_text()
            if f"START WAL LOCATION: {start}" in text:
                found = re.search(r"^STOP TIME: (.*)$", text, re.MULTILINE)
                return _time(found[1]) if found else None
    return None


def _time(text: str) -> datetime | None:
    # In the server's log_timezone, recorded only as an abbreviation: only UTC is unambiguous.
    if not text.endswith(_UTC):
        return None
    return datetime.strptime(text[:-4], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def manifest_of(backup: Backup) -> Manifest:
    """Raises BackupUnusable if it has none or a damaged one."""
    return read_manifest(_directory(backup.files) / NAME)


def verify_backup(backup: Backup, programs: Programs) -> Verification:
    """Verify every file against the manifest, and run pg_verifybackup too, if it works.

    Raises BackupUnusable with the first faults found.
    """
    began = time.monotonic()
    verified = verify(backup.files, manifest_of(backup))
    seconds = time.monotonic() - began
    return Verification(verified, _tool_says(backup, programs), seconds)


def _tool_says(backup: Backup, programs: Programs) -> str:
    name = "pg_verifybackup"
    # As midnight's own user, because the servers' user may not be able to read the backup.
    programs = replace(programs, user=None)
    if not programs.installation.program(name).exists():
        return f"{name} is not installed"
    code, said = programs.run(name, "--version", timeout=_PROBE_TIMEOUT)
    if code != 0:
        ended = "crashes on this machine" if code in _CRASHED else f"fails with {code} on this machine"
        return f"{name} {ended}, which says nothing about the backup: midnight itself verified every file"
    major = int(re.findall(r"(\d+)", said)[0])
    if backup.files.format == "tar" and (major < 18 or backup.files.place.is_file()):
        return f"{said.strip()} does not read this kind of tar"
    # The WAL may be in the archive only; a restore checks that before it starts.
    code, words = programs.run(name, "--no-parse-wal", _directory(backup.files), timeout=_VERIFY_TIMEOUT)
    if code != 0:
        raise BackupUnusable(f"{said.strip()}: {words.strip()}")
    return f"{said.strip()}: {words.strip()}"
