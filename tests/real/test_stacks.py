"""A target by hand: everybody has one of their own, and half of one is never left."""

from __future__ import annotations

import os
import signal
import time

import pytest

from chaos.record.events import TargetReady
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.targets.embedded import EmbeddedDriver
from tests.midnight import PROJECT, Midnight

pytestmark = pytest.mark.real


def stack_of(midnight: Midnight) -> RunDir:
    return RunDir((midnight.state or midnight.place) / "state/midnight/stacks/embedded")


@pytest.mark.full
def test_taking_one_users_stack_down_leaves_anothers_up(midnight: Midnight) -> None:
    other = Midnight(midnight.place, state=midnight.place / "other")
    by_path = str(PROJECT / "targets/embedded.yaml")
    try:
        assert midnight("stack", "up").code == 0
        assert other("stack", "up").code == 0
        assert other("stack", "down", "--target", by_path).code == 0
        assert "embedded is up: http" in midnight("stack", "status", "--target", by_path).out

        api = Journal(stack_of(midnight)).latest(TargetReady)
        assert api is not None and api.processes is not None
        os.kill(api.processes["proxy"][0]["pid"], signal.SIGKILL)
        assert "embedded is broken: proxy ended" in midnight("stack", "status").out
    finally:
        midnight("stack", "down")
    assert midnight("stack", "status").out.strip() == "embedded is down"


@pytest.mark.full
def test_a_stack_that_is_stopped_halfway_is_taken_down(midnight: Midnight) -> None:
    process = midnight.start("stack", "up")
    end = time.monotonic() + 60
    while not (stack_of(midnight).events.exists() and "processes" in stack_of(midnight).events.read_text()):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)

    process.terminate()

    assert process.wait(60) == 4
    assert not stack_of(midnight).path.exists()


def test_a_directory_of_another_owner_is_not_removed(midnight: Midnight) -> None:
    theirs = midnight.place / "theirs"
    theirs.mkdir()
    (theirs / "file").touch()
    EmbeddedDriver.undo({"what": "directory", "path": str(theirs), "owner": "owner-of-another"})
    assert (theirs / "file").exists()

    EmbeddedDriver.undo({"what": "directory", "path": str(theirs), "owner": "file"})
    assert not theirs.exists()
