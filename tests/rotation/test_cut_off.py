"""A rotation that outlasts its hold is waited for; one that cannot be is put in order, and nothing of it is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from chaos.faults import logrotate
from chaos.faults.logrotate import Logrotate
from chaos.host import log_identity, rotation_undo
from chaos.tools.logrotate import find_binary
from tests.rotation.playing import Played, by, packed, texts, whole

TODAY = "today\n" * 1000
# Writes what it was given to the half, and the rest when it may.
SLOW = """\
#!/bin/sh
head -c 1000 > {at}/half; gzip -c < {at}/half
echo > {at}/begun
cat {at}/go > /dev/null
exec gzip -c
"""
TEAM = "{log}/app.log {{\n rotate 14\n compress\n {slow}\n missingok\n create 0640\n}}\n"


class Slow:
    """A team's log and stanza, with a compressor that waits in the middle."""

    def __init__(self, at: Path) -> None:
        self.at, self.log = at, at / "log"
        self.log.mkdir()
        (self.log / "app.log").write_text(TODAY)
        packed(self.log / "app.log.1.gz", "day 1")
        compressor = at / "slow"
        compressor.write_text(SLOW.format(at=at))
        compressor.chmod(0o755)
        for name in ("begun", "go"):
            os.mkfifo(at / name)
        self.stanza, self.next = at / "stanza", at / "next"
        self.stanza.write_text(TEAM.format(log=self.log, slow=f"compresscmd {compressor}"))
        self.next.write_text(TEAM.format(log=self.log, slow=""))

    def wait_until_begun(self) -> None:
        (self.at / "begun").read_text()

    def then(self, *acts: Callable[[], object]) -> None:
        """Beside the rotation: when its compressor has begun, do this."""

        def run() -> None:
            self.wait_until_begun()
            for act in acts:
                act()

        threading.Thread(target=run, daemon=True).start()

    def may_end(self) -> None:
        (self.at / "go").write_text("go")

    def rotate_next(self) -> None:
        """What the team's own timer does the night after, and the one after that, with lines in between."""
        for night in ("tomorrow", "the day after"):
            (self.log / "app.log").write_text(night)
            argv: list[str | Path] = [find_binary(), "--force", "--state", self.at / "state", self.next]
            subprocess.run(argv, check=True, capture_output=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.log.iterdir())

    def running(self) -> list[str]:
        """What is left of the rotation."""
        found = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
        return [" ".join(words) for words in found if any(str(self.at) in word for word in words)]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path)
    yield made
    assert made.running() == []


def nothing_is_lost(slow: Slow) -> None:
    assert texts(slow.log) == ["day 1", TODAY]
    slow.rotate_next()
    assert texts(slow.log) == ["day 1", "the day after", TODAY, "tomorrow"]


def test_a_rotation_that_outlasts_the_hold_is_waited_for(slow: Slow) -> None:
    played = Played(by(slow.stanza, slow.log), {"writers": 1, "block": 1000})
    slow.then(slow.may_end)
    held = played(0.01)
    assert whole(held) and held.evidence["rotation"] == "ended by itself", held
    assert slow.names() == ["app.log", "app.log.1.gz", "app.log.2.gz"]


def test_a_half_made_archive_is_removed_beyond_the_maximum_and_the_whole_one_stays(slow: Slow) -> None:
    played = Played(by(slow.stanza, slow.log), {"finish_within": 0.05})
    slow.then()
    held = played()
    told = held.evidence["rotation"]
    assert told.startswith("cut off") and f"whole, kept: {slow.log}/app.log.1.uncompressed" in told
    assert slow.names() == ["app.log", "app.log.1.uncompressed", "app.log.2.gz"]
    assert (slow.log / "app.log.1.uncompressed").read_text() == TODAY
    nothing_is_lost(slow)


def test_a_rotation_stopped_by_a_signal_is_put_in_order(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logrotate, "ENDING_GRACE", 0.05)
    stop = threading.Event()
    slow.then(stop.set)
    held = Played(by(slow.stanza, slow.log))(60.0, stop)
    assert "whole, kept" in held.evidence["rotation"]
    nothing_is_lost(slow)


def test_a_rotation_stopped_by_a_signal_may_still_end_by_itself(slow: Slow) -> None:
    stop = threading.Event()
    slow.then(stop.set, slow.may_end)
    held = Played(by(slow.stanza, slow.log))(60.0, stop)
    assert held.evidence["rotation"] == "ended by itself"
    nothing_is_lost(slow)


@pytest.mark.parametrize("how", ["its supervisor alone", "everything"])
def test_a_rotation_killed_with_all_of_midnight_is_put_in_order_by_the_undo(slow: Slow, how: str) -> None:
    fault, undo = Played(by(slow.stanza, slow.log)).begun()
    fault.inject()
    slow.wait_until_begun()
    assert fault._worker is not None
    supervisor = psutil.Process(fault._worker.pid)
    family = [supervisor, *(supervisor.children(recursive=True) if how == "everything" else ())]
    for process in family:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(family, 10)
    told = Logrotate.undo(undo)
    Logrotate.undo(undo)
    assert told["kept_whole"] == [f"{slow.log}/app.log.1.uncompressed"], told
    assert slow.names() == ["app.log", "app.log.1.uncompressed", "app.log.2.gz"]
    nothing_is_lost(slow)


def test_an_undo_is_safe_when_nothing_was_injected(slow: Slow) -> None:
    before = slow.names()
    Logrotate.undo(Played(by(slow.stanza, slow.log)).begun()[1])
    assert slow.names() == before


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A log, and an archive of yesterday that is not compressed yet."""
    (tmp_path / "app.log").write_text(TODAY)
    (tmp_path / "app.log.1").write_text("yesterday\n" * 100)
    packed(tmp_path / "app.log.2.gz", "day 2")
    return tmp_path


def inventory(at: Path) -> dict[str, object]:
    return {**log_identity.inventory([f"{at}/app.log"], [str(at)]), "suffixes": [".gz"]}


def test_a_half_made_copy_is_removed_while_the_log_is_whole(half: Path) -> None:
    before = inventory(half)
    (half / "app.log.1").rename(half / "app.log.2")
    (half / "app.log.1").write_text(TODAY[:1000])
    with (half / "app.log").open("a") as log:
        log.write("and more")
    assert rotation_undo.put_in_order(before)["half_made_removed"] == [f"{half}/app.log.1"]


def test_a_copy_stays_when_the_log_was_truncated(half: Path) -> None:
    before = inventory(half)
    (half / "app.log.1").rename(half / "app.log.2")
    (half / "app.log.1").write_text(TODAY)
    (half / "app.log").write_text("a new line\n")
    assert rotation_undo.put_in_order(before)["half_made_removed"] == []
    assert (half / "app.log.1").read_text() == TODAY


def test_a_copy_stays_when_it_is_another_text_than_the_logs(half: Path) -> None:
    before = inventory(half)
    (half / "app.log.3").write_text("somebody's own")
    assert rotation_undo.put_in_order(before)["half_made_removed"] == []


def test_yesterdays_archive_cut_off_in_its_compression_is_as_before(half: Path) -> None:
    before = inventory(half)
    (half / "app.log.1.gz").write_bytes(b"half")
    done = rotation_undo.put_in_order(before)
    assert done == {
        "half_made_removed": [f"{half}/app.log.1.gz"],
        "kept_whole": [f"{half}/app.log.1"],
        "put_back": [],
    }
    assert inventory(half) == before


def test_a_whole_archive_stays_when_its_original_was_shredded(half: Path) -> None:
    before = inventory(half)
    packed(half / "app.log.1.gz", "yesterday\n" * 100)
    with (half / "app.log.1").open("r+") as file:
        file.write("garbage")
    assert rotation_undo.put_in_order(before)["half_made_removed"] == []
    (half / "app.log").rename(half / "app.log.3")
    packed(half / "app.log.3.gz", TODAY)
    (half / "app.log").touch()
    with (half / "app.log.3").open("r+") as file:
        file.write("garbage")
    assert rotation_undo.put_in_order(before)["half_made_removed"] == []


def test_a_log_without_a_name_gets_it_back(half: Path) -> None:
    before = inventory(half)
    (half / "app.log.1").rename(half / "app.log.2")
    (half / "app.log").rename(half / "app.log.1")
    assert rotation_undo.put_in_order(before)["put_back"] == [f"{half}/app.log"]
    assert (half / "app.log").read_text() == TODAY and not (half / "app.log.1").exists()


def test_a_new_file_of_the_service_itself_is_never_taken_for_half_an_archive(half: Path) -> None:
    (half / "app").write_text("another log\n")
    before = inventory(half)
    for name in ("app.json", "app.log.lock", "app.gz", "app.log.bak"):
        (half / name).write_text("the service's own")
    (half / "app.log").rename(half / "app.log.3")
    (half / "app.log").write_text("new")
    rotation_undo.put_in_order(before)
    for name in ("app.json", "app.log.lock", "app.gz", "app.log.bak"):
        assert (half / name).exists()


def test_an_archive_that_a_process_has_open_is_not_removed(half: Path) -> None:
    before = inventory(half)
    with (half / "app.log.1.gz").open("wb"):
        assert rotation_undo.put_in_order(before)["half_made_removed"] == []
    assert rotation_undo.put_in_order(before)["half_made_removed"] == [f"{half}/app.log.1.gz"]
