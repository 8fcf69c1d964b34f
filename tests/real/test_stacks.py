"""A target by hand: everybody has one of their own, and half of one is never left."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from chaos.record.events import TargetReady
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.targets.embedded import EmbeddedDriver
from tests.midnight import PROJECT, Midnight

pytestmark = [pytest.mark.real, pytest.mark.wide]


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


def test_the_first_lines_can_be_typed_as_they_are(midnight: Midnight) -> None:
    try:
        told = midnight("stack", "up")
        assert told.code == 0, told.err
        first, typed = told.out.partition("stop it with")[0].splitlines()[0], to_type(told.out)
        assert re.match(r"embedded is up: http://127\.0\.0\.1:\d+ \(", first)
        assert sorted(typed) == ["curl", "psql", "tail"]
        for url in typed["curl"]:
            assert httpx.get(url[1]).status_code == 200
        (psql,) = typed["psql"]
        said = subprocess.run(
            [*psql, "-Atc", "SELECT count(*) > 0 FROM documents"], check=False, capture_output=True, text=True
        )
        assert said.stdout.strip() == "t", said.stderr
        (tail,) = typed["tail"]
        assert all(Path(file).is_file() for file in tail[2:]), tail
    finally:
        midnight("stack", "down")


def to_type(out: str) -> dict[str, list[list[str]]]:
    """By program, the commands before the line that says how to stop it."""
    found: dict[str, list[list[str]]] = {}
    for line in out.partition("stop it with")[0].splitlines()[1:]:
        words = shlex.split(line)
        found.setdefault(Path(words[0]).name, []).append(words)
    return found


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
