"""What all tests share: a place of their own, and the proof that nothing is left behind."""

from __future__ import annotations

import gc
import glob
import os
import subprocess
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from chaos.host.processes import mark_of
from chaos.host.throttled import V1_LIMIT
from chaos.record import redact, store
from chaos.record.store import RunDir
from tests.midnight import Midnight

# What is found must not depend on how busy a machine is, nor on luck: each run tries the same examples, but those that
# search (`make test-full`), which keep what they find.
settings.register_profile("searching", deadline=None, suppress_health_check=(HealthCheck.too_slow,))
settings.register_profile("repeatable", settings.get_profile("searching"), derandomize=True)
settings.load_profile("repeatable")

gc.disable()  # what is made while tests are collected lives to the end


def pytest_collection_finish() -> None:
    """Let no collection of garbage look through thousands of tests again."""
    gc.freeze()
    gc.enable()


PLACES = (
    ("/tmp", "midnight-*"),
    ("/dev/shm", "midnight-*"),
    ("/sys/fs/cgroup", "midnight-*"),
    ("/sys/fs/cgroup", "*/midnight-*"),
)


def traces(run: str = "") -> set[str]:
    """Everything of ours that could be left on this machine, or what bears the id of one run."""
    if not run:
        return _all_traces()
    return {trace for trace in _all_traces() if run in trace}


def _all_traces() -> set[str]:
    marks = {pid.name: mark_of(int(pid.name)) for pid in Path("/proc").glob("[0-9]*")}
    found = {f"process {pid} of {mark}" for pid, mark in marks.items() if mark is not None}
    for place, pattern in PLACES:
        # not Path.glob: it raises where a directory, such as a cgroup, is gone meanwhile
        found |= {f"directory {path}" for path in glob.glob(f"{place}/{pattern}")}  # noqa: PTH207
    found |= {line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "midnight-" in line}
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):  # it has just been taken away
            # a killed nbdfuse takes the path along
            if "midnight-" in (text := backing.read_text().strip()) or text == "/":
                found.add(f"loop {backing.parent.parent.name} of {text}")
    if os.access(V1_LIMIT, os.R_OK):
        found |= {f"limit of {_device(line.split()[0])}" for line in V1_LIMIT.read_text().splitlines()}
    argv = ["pgrep", "-a", "-f", "chaos.undo.watchdog"]
    watchdogs = subprocess.run(argv, capture_output=True, text=True, check=False)
    return found | {f"watchdog {line}" for line in watchdogs.stdout.splitlines()}


def _device(number: str) -> str:
    """The file behind a loop device, by the device's number."""
    try:
        return Path(f"/sys/dev/block/{number}/loop/backing_file").read_text().strip()
    except OSError:
        return f"{number}, which is nobody's any more"


LONGEST = ("tests/docker/", "judged")
JUDGED = (
    "tests/calibration/test_no_false_green.py",
    "tests/drill/test_sound_and_broken.py",
    "tests/real/test_verdicts.py",
)
ENDING = 5.0  # seconds
LEFT_BEHIND = 20  # an exit code of its own: playing tests once more does not take away what was left
_BEFORE = pytest.StashKey[AbstractSet[object]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_BEFORE] = traces()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the whole when anything of ours is left behind, whoever left it: tests may be played side by side."""
    if _BEFORE in session.config.stash and (left := _left_since(session.config.stash[_BEFORE])):
        print(f"\nleft behind by these tests: {sorted(left)}")
        session.exitstatus = LEFT_BEHIND


def _left_since(before: AbstractSet[object]) -> set[str]:
    """What is left in the end: a process may still be ending."""
    end = time.monotonic() + ENDING
    while (left := traces() - before) and time.monotonic() < end:
        time.sleep(0.2)  # no event: anything may be left, of anyone
    return left


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Side by side, what shares something stays with one worker: the tests of a file, and of some files."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def group_of(nodeid: str) -> str:
    """`judged`: they judge a verdict, and would be in each other's way."""
    file = nodeid.partition("::")[0]
    if file in JUDGED:
        return "judged"
    return nodeid if file == "tests/real/test_killed.py" else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest go first, so that no worker waits for another in the end."""
    items.sort(key=lambda item: not group_of(item.nodeid).startswith(LONGEST))


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fails the test that leaves anything of ours behind; for tests that are played alone."""
    before = traces()
    yield
    assert traces() - before == set()


@pytest.fixture(autouse=True)
def _no_secret_known_to_another_test() -> Iterator[None]:
    yield
    redact.known.forget()


@pytest.fixture
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run in the process of the tests have their reports and their state."""
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MIDNIGHT_DATABASE", raising=False)
    return tmp_path


@pytest.fixture
def run(own_place: Path) -> RunDir:
    """The directory of a run, whose undo record has its second copy."""
    found = RunDir(own_place / "run")
    found.path.mkdir()
    store.kept(found).path.mkdir(parents=True)
    return found


@pytest.fixture
def midnight(tmp_path: Path) -> Iterator[Midnight]:
    """The command, as a user has it, with reports and state of its own; it leaves nothing behind."""
    command = Midnight(tmp_path)
    yield command
    command.stop_all()
    # others are played beside this one: what is there of their runs is theirs
    assert {trace for run in command.runs for trace in traces(run.parent.name)} == set()
