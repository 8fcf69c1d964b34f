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
    """The last event that the run itself writes."""

    source = "run"
    phase = "ended"
    name: str = "run"
    reason: str | None = stored("text")
    because: str = stored("text", "")


BUSY = 0.5
"""Share of the machine used by other programs from which on it is called busy: a verdict is then doubtful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLooked(Recorded):
    """The machine as it is before the target is brought up: the share of its processors that other programs use."""

    source = "run"
    phase = "looked"
    name: str = "machine"
    busy: float | None = stored("ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineBegun(Recorded):
    """The first request of the baseline is due."""

    source = "run"
    phase = "begun"
    name: str = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEnded(Recorded):
    """The baseline is over and judged."""

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
    """The play begins; times in an experiment count from here."""

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
    unseen: str | None = stored("text")
    apart: Json | None = stored("object")
    cleanup: Json | None = stored("object")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsRead(Recorded):
    """The lines of the target's logs, followed from before the play, were counted in the files."""

    source = "run"
    phase = "read"
    name: str = "logs"
    writers: int = stored("count", 0)
    lines: int = stored("count", 0)
    expected: int = stored("count", 0)
    lost: int = stored("count", 0)
    at_most: int | None = stored("count")
    unbounded: bool = stored("true or false", default=False)
    doubled: int = stored("count", 0)
    dropped: int = stored("count", 0)
    rotations: int = stored("count", 0)
    kept_writing: tuple[str, ...] = stored("list of text", ())
    stopped: tuple[str, ...] = stored("list of text", ())
    by_log: Json | None = stored("object")
    complete: bool = stored("true or false", default=False)
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """One frame of an error stack."""

    file: str = stored("text", "")
    line: int | None = stored("number")
    function: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class LoggedError:
    """Equal errors in the target's logs: one language, exception and place. `frames`: the
    three deepest of the application and the one where it was entered, deepest first. `message`: the most frequent of so
    many `messages`; `stack`: one with that message."""

    language: str = stored("text", "")
    exception: str = stored("text", "")
    raised: str | None = stored("text")
    message: str = stored("text", "")
    messages: int = stored("count", 1)
    count: int = stored("count", 0)
    first: float | None = stored("s")
    last: float | None = stored("s")
    frames: tuple[LoggedFrame, ...] = stored("list of {file, line, function}", ())
    stack: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsRead(Recorded):
    """The errors that the target logged during the play were read."""

    source = "run"
    phase = "read"
    name: str = "errors"
    errors: int = stored("count", 0)
    groups: tuple[LoggedError, ...] = stored(
        "list of {language, exception, raised, message, messages, count, first, last, frames, stack}", ()
    )
    left_out: int = stored("count", 0)
    files: int = stored("count", 0)
    bytes: int = stored("bytes", 0)
    unread: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReady(Recorded):
    """The load process is ready."""

    source = "load"
    phase = "ready"
    name: str = "load"
    priority: str | None = stored("text")


@dataclass(frozen=True, slots=True)
class AbortFired(Recorded):
    """An abort condition is proven. The name is that of the condition."""

    source = "abort"
    phase = "fired"
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class SourceLost(Recorded):
    """A plug-in's sampling source is no longer read, and the run goes on. The name is that of the source."""

    source = "sampling"
    phase = "lost"
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
    cpu_seconds: float = stored("s of CPU time", 0.0)
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoresMeasured(Recorded):
    """How fast restores are on this machine: the basis of a projection to production."""

    source = "measure"
    phase = "ended"
    name: str = "restore"
    restores: tuple[RestorePoint, ...] = stored("list of {bytes, seconds, copying}", ())
    replays: tuple[ReplayPoint, ...] = stored("list of {bytes, cpu_seconds, seconds}", ())
    because: str | None = stored("text")
    replay_bytes_per_cpu_second: float | None = stored("bytes per s of CPU time")
    caches: str | None = stored("text")
    server: str | None = stored("version")
