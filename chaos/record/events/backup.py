"""The events of a backup check, beside those that every run has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record.event import Recorded
from chaos.record.fields import stored

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupChosen(Recorded):
    """A backup is chosen."""

    source = "restore"
    phase = "chosen"
    name: str = "backup"
    path: str = stored("path", "")
    kind: str | None = stored("text")
    size: int | None = stored("bytes")
    modified: str | None = stored("UTC, ISO 8601")
    older_ones: int | None = stored("count")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDescribed(Recorded):
    """The backup's own description. Its keys depend on the kind of backup."""

    source = "restore"
    phase = "described"
    name: str = "backup"
    format: str | None = stored("text")
    packed: str | None = stored("text")
    dumped_from: int | None = stored("major version")
    dumped_by: int | None = stored("major version")
    into: str | None = stored("name of a database")
    tool: str | None = stored("text")
    backup_id: str | None = stored("text")
    status: str | None = stored("text")
    mode: str | None = stored("text")
    begin_wal: str | None = stored("name of a WAL segment")
    end_wal: str | None = stored("name of a WAL segment")
    systemid: str | None = stored("text")
    compression: str | None = stored("text")
    combined_from: tuple[str, ...] | None = stored("list of text")
    state: str | None = stored("text")
    label: str | None = stored("text")
    stanza: str | None = stored("text")
    timeline: int | None = stored("number of a timeline")
    first: str | None = stored("LSN", key="from")
    until: str | None = stored("LSN")
    started: str | None = stored("UTC, ISO 8601")
    ended: str | None = stored("UTC, ISO 8601")
    replayed_to: str | None = stored("text")
    archive: str | None = stored("path")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupIdentified(Recorded):
    """The checksums that identify the backup."""

    source = "restore"
    phase = "identified"
    name: str = "backup"
    sha256: Json = stored("object: file, SHA-256", dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreBegun(Recorded):
    """The restore begins; the age of the restored data is counted back from here."""

    source = "restore"
    phase = "begun"
    name: str = "restore"
    utc: str = stored("UTC, ISO 8601", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreLacking(Recorded):
    """This PostgreSQL cannot restore the backup; the next one is tried."""

    source = "restore"
    phase = "lacking"
    name: str = "attempt"
    server: str | None = stored("version")
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFailed(Recorded):
    """The backup cannot be restored."""

    source = "restore"
    phase = "failed"
    name: str = "restore"
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOutlasted(Recorded):
    """The restore took longer than allowed and was stopped."""

    source = "restore"
    phase = "outlasted"
    name: str = "restore"
    because: str = stored("text", "")
    within: float = stored("s", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreEnded(Recorded):
    """The restored cluster answers queries."""

    source = "restore"
    phase = "ended"
    name: str = "restore"
    seconds: float = stored("s", 0.0)
    bytes: int = stored("bytes", 0)
    server: str = stored("version", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackEnded(Recorded):
    """A packed dump is unpacked."""

    source = "restore"
    phase = "ended"
    name: str = "unpack"
    seconds: float = stored("s", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEnded(Recorded):
    """The cluster that a dump is loaded into is created."""

    source = "restore"
    phase = "ended"
    name: str = "create"
    seconds: float = stored("s", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyEnded(Recorded):
    """The files of a base backup are in place."""

    source = "restore"
    phase = "ended"
    name: str = "copy"
    seconds: float = stored("s", 0.0)
    bytes: int = stored("bytes", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEnded(Recorded):
    """WAL is replayed, and the cluster answers."""

    source = "restore"
    phase = "ended"
    name: str = "replay"
    seconds: float = stored("s", 0.0)
    wal_bytes: int | None = stored("bytes")
    redo_seconds: float | None = stored("s")
    redo_cpu_seconds: float | None = stored("s of CPU time")
    stopped: str | None = stored("text")
    segments_from_archive: int | None = stored("count")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEnded(Recorded):
    """A dump is loaded."""

    source = "restore"
    phase = "ended"
    name: str = "load"
    seconds: float = stored("s", 0.0)
    bytes: int | None = stored("bytes")
    dump_bytes: int | None = stored("bytes")
    harmless: tuple[str, ...] = stored("list of text", ())
    roles_made: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationProven(Recorded):
    """The running copy was examined: it starts nothing and reaches no other machine."""

    source = "restore"
    phase = "ended"
    name: str = "isolation"
    by: str = stored("text: confined or settings", "")
    because: str = stored("text", "")
    settings: int = stored("count", 0)
    processes: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentsCounted(Recorded):
    """The restored tables are counted."""

    source = "restore"
    phase = "ended"
    name: str = "contents"
    tables: Json = stored("object: database, count", dict)
    rows: bool = stored("true or false", default=False)
    lost: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRead(Recorded):
    """The newest heartbeat: `value`, or the reason why there is none."""

    source = "restore"
    phase = "read"
    name: str = "heartbeat"
    value: Any = stored("UTC, ISO 8601, or null", null=True)
    rows: int | None = stored("count")
    because: str | None = stored("text")
    state: str | None = stored("SQLSTATE, may be empty")
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class QueryAnswered(Recorded):
    """A named query of the target file was run: `value`, or the reason why there is none."""

    source = "query"
    phase = "answered"
    value: Any = stored("number, true, false, text or null", null=True)
    rows: int | None = stored("count")
    because: str | None = stored("text")
    state: str | None = stored("SQLSTATE, may be empty")
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsChecked(Recorded):
    """The result of pg_amcheck."""

    source = "restore"
    phase = "ended"
    name: str = "amcheck"
    outcome: str = stored("text: sound, damaged or not checked", "")
    by: str = stored("text", "")
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesVerified(Recorded):
    """The backup's files were compared with its own checksums."""

    source = "restore"
    phase = "ended"
    name: str = "verification"
    outcome: str = stored("text: verified, faulty or not verified", "")
    by: str = stored("text", "")
    seconds: float | None = stored("s")
    files: int | None = stored("count")
    bytes: int | None = stored("bytes")
    manifest_seconds: float | None = stored("s")
