"""The events of a run as a whole: its parts, its load, how it was ended, what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record.event import Recorded
from chaos.record.fields import stored

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegun(Recorded):
    """The first event: ties the run clock to UTC, the boot and the process that plays."""

    source = "run"
    phase = "begun"
    name: str = "run"
    utc: str | None = stored("UTC, ISO 8601")
    boot: str | None = stored("kernel's boot id")
    monotonic: float | None = stored("s, CLOCK_MONOTONIC at zero")
    pid: int | None = stored("process id")
    create_time: float | None = stored("s since the epoch")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Recorded):
    """The last event of what was played."""

    source = "run"
    phase = "ended"
    name: str = "run"
    reason: str | None = stored("text")
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineBegun(Recorded):
    """The first request of the baseline is due."""

    source = "run"
    phase = "begun"
    name: str = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEnded(Recorded):
    """Whether the target was healthy under load."""

    source = "run"
    phase = "ended"
    name: str = "baseline"
    steady: bool = stored("true or false", default=False)
    because: str = stored("text", "")
    availability: float | None = stored("ratio")
    p99: float | None = stored("s or null", null=True)
    instrument: Json | None = stored("object")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayBegun(Recorded):
    """The zero of the play."""

    source = "run"
    phase = "begun"
    name: str = "play"
    length: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayEnded(Recorded):
    """The end of the play: as planned, or earlier."""

    source = "run"
    phase = "ended"
    name: str = "play"
    settled: bool = stored("true or false", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AftermathBegun(Recorded):
    """An abort condition has ended the play; the service is watched until it is back."""

    source = "run"
    phase = "begun"
    name: str = "aftermath"
    rate: float | None = stored("requests/s")
    within: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class AftermathEnded(Recorded):
    """The watch after an abort is over."""

    source = "run"
    phase = "ended"
    name: str = "aftermath"
    start: float | None = stored("s")
    back: bool = stored("true or false", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadbackEnded(Recorded):
    """The acknowledged writes were read back; `readback.npy` has the rows."""

    source = "run"
    phase = "ended"
    name: str = "readback"
    complete: bool = stored("true or false", default=False)
    reads: int = stored("count", 0)
    because: str = stored("text", "")
    apart: Json | None = stored("object")
    cleanup: Json | None = stored("object")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsRead(Recorded):
    """The numbered lines of the target's logs were counted."""

    source = "run"
    phase = "read"
    name: str = "logs"
    writers: int = stored("count", 0)
    lines: int = stored("count", 0)
    expected: int = stored("count", 0)
    lost: int = stored("count", 0)
    doubled: int = stored("count", 0)
    dropped: int = stored("count", 0)
    complete: bool = stored("true or false", default=False)
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReady(Recorded):
    """The load process is ready."""

    source = "load"
    phase = "ready"
    name: str = "load"
    priority: str | None = stored("text")


@dataclass(frozen=True, slots=True)
class AbortFired(Recorded):
    """An abort condition is proven; its name is that of the condition."""

    source = "abort"
    phase = "fired"
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """One restore that was measured."""

    bytes: int = stored("bytes", 0)
    seconds: float = stored("s", 0.0)
    copying: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class ReplayPoint:
    """One replay of WAL that was measured."""

    bytes: int = stored("bytes", 0)
    cpu_seconds: float = stored("s of a processor", 0.0)
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoresMeasured(Recorded):
    """Restores measured here: the basis of a projection to production."""

    source = "measure"
    phase = "ended"
    name: str = "restore"
    restores: tuple[RestorePoint, ...] = stored("list of {bytes, seconds, copying}", ())
    replays: tuple[ReplayPoint, ...] = stored("list of {bytes, cpu_seconds, seconds}", ())
    because: str | None = stored("text")
    replay_bytes_per_cpu_second: float | None = stored("bytes per s of a processor")
    caches: str | None = stored("text")
    server: str | None = stored("version")
