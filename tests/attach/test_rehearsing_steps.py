"""A step that could not work is refused before the load, in one line; a rehearsal lists them all, with their floors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.typed import typed

pytestmark = pytest.mark.usefixtures("own_place")

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


def argv(midnight: Midnight, service: Service, pid: int, limit: str) -> tuple[str, ...]:
    """`midnight run` with these steps."""
    volume = midnight.place / "volume"
    volume.mkdir(exist_ok=True)
    options = (
        OPTIONS.replace("PID", str(pid)).replace("COMMAND", sys.executable).replace("VOLUME", str(volume))
    )
    files = experiment(midnight, STEPS.replace("LIMIT", limit)), target(midnight, service.url, options)
    return "run", files[0], "--target", files[1]


def test_impossible_steps_are_refused_before_load_and_a_rehearsal_lists_them_all(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = os.getpid()  # midnight runs in it
    command = argv(midnight, service, ours, "1B")
    done = typed(capsys, *command)
    (line,) = [line for line in done.err.splitlines() if line]
    assert (done.code, midnight.runs) == (2, []), done.printed
    assert (
        f"step 'freeze': process {ours} and its children may be stopped: midnight is one of its descendants; "
        in line
    )
    assert "(1 more: `midnight run tiny --rehearse` lists all)" in line
    assert not any(path.startswith("/items/") for path in service.paths())  # no load

    done = typed(capsys, *command, "--rehearse", "--json")
    rows = json.loads(done.out)
    assert done.code == 2
    assert [(row["part"], bool(row["remedy"])) for row in rows if row["answer"] == "no"] == [
        ("freeze", True),
        ("fill", True),
    ]


def test_a_rehearsal_lists_possible_steps_with_their_floors(
    midnight: Midnight, service: Service, pid: int, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, *argv(midnight, service, pid, "100000GB"), "--rehearse", "--json")
    rows = json.loads(done.out)
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


def test_a_rehearsal_lists_what_the_plan_leaves_out_with_the_reason_and_what_to_add(
    midnight: Midnight, service: Service, pid: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = target(midnight, service.url, f"  processes: {{api: {{pid: {pid}}}}}\n")
    done = typed(capsys, "run", "first", "--target", file, "--rehearse", "--json")
    rows = json.loads(done.out)
    assert done.code == 0, done.printed
    left_out = {row["part"]: row for row in rows if row["answer"] == "left out"}
    assert left_out["batch_job"] == {
        "part": "batch_job",
        "what": "batch_job",
        "answer": "left out",
        "because": "target 'mine' has no job 'nightly'",
        "remedy": "add jobs: nightly to the options of its file",
    }
    assert left_out["logrotate"]["remedy"] == "add logs to the options of its file"
    planned = json.loads(typed(capsys, "plan", "first", "--target", file, "--json").out)
    assert [each["because"] for each in planned["left_out"]] == [
        row["because"] for row in rows if row["answer"] == "left out"
    ]
    assert "pause" not in left_out

    done = typed(capsys, "run", "first", "--target", file, "--rehearse")
    assert re.search(r"batch_job +left out +batch_job +target 'mine' has no job 'nightly'; add", done.out)
    assert f", {len(planned['left_out'])} left out; nothing was injected" in done.out
    assert re.search(rf"pause +yes +process {pid} and its children may be stopped +1 process *\n", done.out)
    assert re.search(r"pause: can be undone +also by the watchdog, if midnight is killed", done.out)
