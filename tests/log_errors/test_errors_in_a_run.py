"""Of the target's logs a run reads what was written while it played, wherever the rotation has put it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaos.engine import output
from chaos.errors import ControlError
from chaos.log_errors.positions import Positions
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, LogFiles
from chaos.record.events import ErrorsRead
from chaos.record.journal import Clock
from chaos.run import logged_errors
from tests.log_errors.reading_logs import sample

STACK = sample("python_noted")
SINCE, UNTIL = 100.0, 160.0


class Target:
    """A target's logs, and a run clock whose zero is two minutes ago."""

    def __init__(self, directory: Path, *names: str, container: ContainerRef | None = None) -> None:
        self.directory = directory
        self.handles = Handles(
            logs=LogFiles(
                directory,
                tuple(directory / name for name in names or ("app.log",)),
                "rename",
                None,
                "normal",
                None,
                "api",
                container=container,
                inside=Path("/var/log/app"),
                ours=False,
                unrotated=(directory / "error.log",),
            )
        )
        self.clock = Clock(time.monotonic() - 170.0)
        self.zero = self.clock.utc_at_zero().timestamp()

    def write(self, at: float | None, name: str = "app.log", *, utc: bool = False) -> None:
        """Append an error dated to an instant of the run clock."""
        entry = ""
        if at is not None:
            moment = datetime.fromtimestamp(self.zero + at, UTC if utc else None)
            entry = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d} ERROR app: failed\n"
        with (self.directory / name).open("a") as file:
            file.write(entry + STACK)

    def before(self) -> Positions:
        return logged_errors.before(self.handles)

    def after(self, ends: Positions) -> ErrorsRead:
        found = logged_errors.after(self.handles, ends, self.clock, SINCE, UNTIL)
        assert found is not None
        return found


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(tmp_path)


def test_errors_are_dated_on_the_run_clock(target: Target) -> None:
    ends = target.before()
    target.write(131.6)
    target.write(140.0, "error.log")
    found = target.after(ends)
    (group,) = found.groups
    assert (found.errors, found.files, found.unread) == (2, 2, ())
    assert group.count == 2
    assert group.first == pytest.approx(131.6, abs=0.01) and group.last == pytest.approx(140.0, abs=0.01)
    frame = group.frames[0]
    assert (frame.file, frame.line, frame.function) == ("/srv/app/chained.py", 4, "read")
    assert group.stack.startswith("Traceback")


def test_what_is_dated_before_the_play_or_after_it_is_left_out(target: Target) -> None:
    ends = target.before()
    for at in (20.0, 98.0, 150.0, 162.0):
        target.write(at)
    found = target.after(ends)
    assert found.errors == 1
    assert found.groups[0].first == pytest.approx(150.0, abs=0.01)


def test_what_was_there_before_the_run_is_left_out_even_without_a_date(target: Target) -> None:
    target.write(None)
    ends = target.before()
    assert target.after(ends).errors == 0
    target.write(None)
    found = target.after(ends)
    assert (found.errors, found.groups[0].first) == (1, None)


def test_a_rotation_in_between_loses_and_doubles_nothing(target: Target) -> None:
    log = target.directory / "app.log"
    target.write(None)
    ends = target.before()
    target.write(110.0)
    log.rename(target.directory / "app.log.1")
    target.write(120.0)
    assert target.after(ends).errors == 2
    archive = target.directory / "app.log.1"
    (target.directory / "app.log.2.gz").write_bytes(gzip.compress(archive.read_bytes()))
    archive.unlink()
    log.rename(archive)
    target.write(130.0)
    assert target.after(ends).errors == 3


def test_an_archive_that_is_being_packed_is_read_once(target: Target) -> None:
    ends = target.before()
    target.write(110.0)
    log = target.directory / "app.log"
    (target.directory / "app.log.1").write_bytes(log.read_bytes())
    (target.directory / "app.log.1.gz").write_bytes(gzip.compress(log.read_bytes())[:50])
    log.write_bytes(b"")
    found = target.after(ends)
    assert (found.errors, found.unread) == (1, ())


def test_patterns_match_logs_that_appear_while_it_plays(tmp_path: Path) -> None:
    target = Target(tmp_path, "*.log")
    ends = target.before()
    target.write(110.0, "api.log")
    target.write(110.0, "worker.log")
    target.write(110.0, "error.log")  # matched, and named too
    assert target.after(ends).errors == 3


def test_a_log_in_another_zone_than_this_machine_is_dated_by_when_it_was_written(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: target.zero + 90.0)
    ends = target.before()
    monkeypatch.undo()
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        target.write(110.0, utc=True)
        target.write(95.0, utc=True)  # before the play
        found = target.after(ends)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.errors == 1
    assert found.groups[0].first == pytest.approx(110.0, abs=0.01)


def test_a_log_of_a_container_without_a_zone_is_in_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        target = Target(tmp_path, container=ContainerRef(EngineAt("unix:///x"), "id", "shop-api-1"))
        ends = target.before()
        target.write(110.0, utc=True)
        assert target.after(ends).groups[0].first == pytest.approx(110.0, abs=0.01)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_logs_that_stay_in_their_container_are_named_as_not_read(tmp_path: Path) -> None:
    target = Target(tmp_path / "nowhere", container=ContainerRef(EngineAt("unix:///x"), "id", "shop-api-1"))
    found = target.after(target.before())
    assert found.errors == found.files == 0
    assert found.unread[0] == "/var/log/app/app.log: in container shop-api-1, and not read from there"


def test_a_log_that_cannot_be_read_is_named_and_the_others_are_read(target: Target) -> None:
    ends = target.before()
    target.write(110.0)
    (target.directory / "app.log.1.gz").write_bytes(b"damaged")
    found = target.after(ends)
    assert found.errors == 1
    (because,) = found.unread
    assert because.startswith(str(target.directory / "app.log.1.gz"))


API = ContainerRef(EngineAt("unix:///x"), "1", "shop-api-1")
DATABASE = ContainerRef(EngineAt("unix:///x"), "2", "shop-db-1")
PROXY = ContainerRef(EngineAt("unix:///x"), "3", "shop-proxy-1")


class Engine:
    """What containers have written, as an engine gives it: asked for by id and instant."""

    def __init__(self, clock: Clock) -> None:
        self._zero = clock.utc_at_zero().timestamp()
        self.asked: list[tuple[str, float]] = []

    def since(self, ref: ContainerRef, at: float) -> Iterator[bytes]:
        self.asked.append((ref.name, at - self._zero))
        if ref is DATABASE:
            raise ControlError("configured logging driver does not support reading")
        moment = datetime.fromtimestamp(self._zero + 131.6, UTC)
        for line in STACK.splitlines():
            yield f"{moment:%Y-%m-%dT%H:%M:%S.%f}789Z {line}\n".encode()


def test_what_containers_write_to_standard_error_is_read_from_the_play_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(time.monotonic() - 170.0)
    engine = Engine(clock)
    monkeypatch.setattr(output, "since", engine.since)
    handles = Handles(
        containers={"api": (API,), "worker": (API,), "database": (DATABASE,), "proxy": (PROXY,)}
    )
    found = logged_errors.after(handles, logged_errors.before(handles), clock, SINCE, UNTIL)
    assert found is not None
    (group,) = found.groups
    assert (group.count, found.files) == (1, 1)
    assert group.first == pytest.approx(131.6, abs=0.01)
    assert group.frames[0].function == "read"
    assert [name for name, _ in engine.asked] == ["shop-api-1", "shop-db-1"]
    assert all(SINCE - 1 < at <= SINCE for _, at in engine.asked)
    assert found.unread == ("output of shop-db-1: configured logging driver does not support reading",)


def test_a_target_without_logs_has_nothing_to_read() -> None:
    assert logged_errors.after(Handles(), logged_errors.before(Handles()), Clock(0.0), 0.0, 1.0) is None
