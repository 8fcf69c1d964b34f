"""A step that could not work is refused before the load, in one line; a rehearsal lists them all, with their floors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Done, Midnight

STEPS = """\
steps:
  - {name: freeze, fault: pause, at: 0s, hold: 100ms}
  - {name: job, fault: batch_job, at: 500ms, hold: 1s}
  - {name: fill, fault: disk_full, at: 1s, hold: 100ms, with: {at_most: LIMIT}}
"""
OPTIONS = """\
  processes: {api: {pid: PID}}
  jobs: {nightly: {argv: [COMMAND]}}
  volumes: {logs: VOLUME}
"""


@pytest.fixture
def pid() -> Iterator[int]:
    with subprocess.Popen(["sleep", "600"]) as there:
        yield there.pid
        there.kill()


def typed(
    midnight: Midnight, service: Service, pid: int, limit: str, *more: str
) -> tuple[Done, list[dict[str, Any]]]:
    """`midnight run` with these steps; and the rows, where it was a rehearsal."""
    volume = midnight.place / "volume"
    volume.mkdir(exist_ok=True)
    options = (
        OPTIONS.replace("PID", str(pid)).replace("COMMAND", sys.executable).replace("VOLUME", str(volume))
    )
    files = experiment(midnight, STEPS.replace("LIMIT", limit)), target(midnight, service.url, options)
    done = midnight("run", files[0], "--target", files[1], *more)
    return done, json.loads(done.out) if more else []


def test_impossible_steps_are_refused_before_load_and_a_rehearsal_lists_them_all(
    midnight: Midnight, service: Service
) -> None:
    ours = os.getpid()  # midnight runs below it
    done, _ = typed(midnight, service, ours, "1B")
    (line,) = [line for line in done.err.splitlines() if line]
    assert (done.code, midnight.runs) == (2, []), done.out + done.err
    assert f"step 'freeze': process {ours} and its children may be stopped: midnight runs below it; " in line
    assert "(1 more: `midnight run tiny --rehearse` lists all)" in line
    assert not any(path.startswith("/items/") for path in service.paths())  # no load

    done, rows = typed(midnight, service, ours, "1B", "--rehearse", "--json")
    assert done.code == 2
    assert [(row["part"], bool(row["remedy"])) for row in rows if row["answer"] == "no"] == [
        ("freeze", True),
        ("fill", True),
    ]


def test_a_rehearsal_lists_possible_steps_with_their_floors(
    midnight: Midnight, service: Service, pid: int
) -> None:
    done, rows = typed(midnight, service, pid, "100000GB", "--rehearse", "--json")
    assert done.code == 0 and {row["answer"] for row in rows} == {"yes", "unknown"}, done.out
    floors = {(row["part"], row["what"]) for row in rows if row["what"].startswith("floor")}
    volume = Path(midnight.place / "volume")
    assert floors == {
        ("freeze", f"floor: connections of pid {pid} in use"),
        ("job", "floor: the job done"),
        ("fill", f"floor: {volume} full"),
        ("fill", f"floor: files of {volume} in use"),
    }
    assert list(volume.iterdir()) == []
