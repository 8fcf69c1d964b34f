"""A rotation is proven by the inode that was the log, not by sizes; and another logrotate is kept out of it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.errors import FaultError
from chaos.host import log_identity, logrotate_said, rotation
from chaos.host.log_identity import Log
from chaos.host.processes import ref_of
from chaos.tools.logrotate import find_binary
from tests.rotation.playing import Played, by, log_files, whole

LINE = b"y" * 99 + b"\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    log = tmp_path / "log"
    log.mkdir()
    (log / "app.log").write_bytes(LINE * 100)
    return log


class Writer:
    """A service that writes its log all the time, from where it stands or at the end."""

    def __init__(self, path: Path, flags: int = 0) -> None:
        self._fd = os.open(path, os.O_WRONLY | flags)
        os.lseek(self._fd, 0, os.SEEK_END)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._stop.is_set():
            os.write(self._fd, LINE)
            time.sleep(0.0005)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._fd)


@pytest.fixture(params=[os.O_APPEND, 0], ids=["at the end", "from where it stands"])
def writer(place: Path, request: pytest.FixtureRequest) -> Iterator[Writer]:
    made = Writer(place / "app.log", request.param)
    yield made
    made.stop()


@pytest.mark.usefixtures("writer")
def test_a_busy_log_that_is_as_large_as_before_was_rotated(place: Path) -> None:
    held = Played(log_files(place, method="copytruncate"))(0.3)
    assert whole(held) and held.dose["rotated_bytes"] >= 10_000, held
    assert "copied to" in held.evidence["logs"][f"{place}/app.log"]["became"]


def test_holes_do_not_count(place: Path) -> None:
    with (place / "app.log").open("wb") as sparse:
        sparse.truncate(50_000_000)
        sparse.seek(50_000_000)
        sparse.write(LINE * 100)
    if (place / "app.log").stat().st_blocks * 512 > 1_000_000:
        pytest.skip("no holes on this file system")
    held = Played(log_files(place, method="copytruncate"))()
    assert 10_000 <= held.dose["rotated_bytes"] < 100_000


def test_a_pattern_and_a_log_below_a_directory_count_each(place: Path) -> None:
    (place / "nginx").mkdir()
    for name in ("access.log", "nginx/error.log"):
        (place / name).write_bytes(LINE * 10)
    held = Played(log_files(place, "*.log", "nginx/error.log"))()
    assert held.dose["logs_rotated"] == held.floor["logs_rotated"] == 3
    assert held.dose["rotated_bytes"] == 12_000


def test_an_absolute_name_through_a_linked_directory_counts(place: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(place)
    held = Played(log_files(place, str(tmp_path / "linked" / "app.log")))()
    assert whole(held) and held.dose["rotated_bytes"] == 10_000


def test_a_log_moved_by_another_process_is_not_claimed(place: Path) -> None:
    before = {**log_identity.inventory([f"{place}/app.log"], [str(place)])}
    with Log(f"{place}/app.log") as log:
        (place / "app.log").rename(place / "app.log.1")
        (place / "app.log").touch()
        told = log_identity.outcome(log, logrotate_said.parse(""), before)
    assert not told.rotated and told.bytes == 0 and "another process moved it" in told.became


def test_a_copy_that_logrotate_claims_but_that_does_not_exist_is_not_believed(place: Path) -> None:
    before = log_identity.inventory([f"{place}/app.log"], [str(place)])
    log = f"{place}/app.log"
    claim = f"considering log {log}\ncopying {log} to {log}.1\ntruncating {log}\n"
    with Log(log) as held:
        told = log_identity.outcome(held, logrotate_said.parse(claim), before)
    assert not told.rotated


def test_a_rotation_that_skips_one_of_two_logs_stays_below_the_floor_with_the_reason(place: Path) -> None:
    (place / "second.log").write_bytes(LINE)
    conf = place.parent / "app"
    script = "prerotate\n case $1 in *second*) exit 1;; esac\n endscript"
    conf.write_text(f"{place}/*.log {{\n rotate 3\n create\n {script}\n}}\n")
    held = Played(by(conf, place, "*.log"))()
    assert held.dose["logs_rotated"] == 1 and not whole(held)
    assert "second.log" in held.evidence["shortfall"] and "prerotate script" in held.evidence["shortfall"]


def test_the_teams_own_timer_is_kept_out_and_its_state_is_untouched(place: Path) -> None:
    state, conf, fifo = place.parent / "status", place.parent / "app", place.parent / "go"
    state.write_text('logrotate state -- version 2\n"/var/log/x" 2026-1-1-0:0:0\n')
    state.chmod(0o640)
    before = (state.read_text(), state.stat().st_mtime_ns)
    os.mkfifo(fifo)
    conf.write_text(f"{place}/app.log {{\n rotate 3\n create\n postrotate\n  cat {fifo}\n endscript\n}}\n")
    played = Played(replace(by(conf, place), states=(state, place / "none")))
    fault, undo = played.begun()
    fault.inject()
    team: list[str | Path] = [find_binary(), "--force", "--state", state, conf]
    in_the_middle = subprocess.run(team, capture_output=True, text=True, check=False)
    fifo.write_text("go")
    held = fault.hold(0.0, threading.Event())
    type(fault).undo(undo)
    assert in_the_middle.returncode != 0 and "already locked" in in_the_middle.stderr
    assert whole(held) and (state.read_text(), state.stat().st_mtime_ns) == before
    assert sorted(path.name for path in place.iterdir()) == ["app.log", "app.log.1"]


def test_a_rotation_of_the_teams_own_that_does_not_end_is_waited_for_and_then_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = place.parent / "status"
    state.touch(0o640)
    monkeypatch.setattr(rotation, "LOCKED_WITHIN", 0.2)
    with state.open() as theirs, pytest.raises(SystemExit) as refused:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        rotation._lock([str(state)])
    assert f"it holds {state}" in str(refused.value)
    rotation._lock([str(state)])


def test_the_processes_that_reopen_their_log_are_all_signalled(place: Path) -> None:
    servers = [subprocess.Popen(["sleep", "300"]) for _ in range(2)]
    try:
        refs = tuple(ref_of(each.pid) for each in servers)
        held = Played(log_files(place, signal="TERM", process="nginx"), processes=refs)()
        assert whole(held) and [each.wait(10) for each in servers] == [-15, -15]
        with pytest.raises(FaultError, match="of nginx has ended: its logs would not be reopened"):
            Played(log_files(place, signal="TERM", process="nginx"), processes=refs).begun()
    finally:
        for each in servers:
            each.kill()
            each.wait()
