"""The group of a run on a real cgroup v2 hierarchy, which is mounted for the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host import cgroup

pytestmark = pytest.mark.real


MARK = "test-cgroup/part"
FORKING = "while :; do sleep 0.01 & wait; done"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "cgroup2"
    place.mkdir()
    argv = ["mount", "-t", "cgroup2", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(argv, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a cgroup v2 hierarchy needs root and a kernel that has it")
    monkeypatch.setattr(cgroup, "ROOT", place)
    try:
        yield place
        cgroup.remove(MARK)
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def forking(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the run that has others all the time."""
    del root
    with subprocess.Popen(["sh", "-c", FORKING], start_new_session=True) as process:
        yield process
        os.killpg(process.pid, 9)


def members(group: Path) -> set[str]:
    return set((group / "cgroup.procs").read_text().split())


def test_a_group_of_forking_processes_is_removed_and_they_live_on(
    root: Path, forking: subprocess.Popen[bytes]
) -> None:
    cgroup.group_of(MARK).mkdir()
    cgroup.join(MARK, forking.pid)
    assert str(forking.pid) in members(cgroup.group_of(MARK))

    cgroup.remove(MARK)

    assert not cgroup.group_of(MARK).exists()
    assert str(forking.pid) in members(root)
    assert forking.poll() is None


def test_a_process_does_not_join_a_missing_group(root: Path, forking: subprocess.Popen[bytes]) -> None:
    cgroup.join(MARK, forking.pid)
    assert str(forking.pid) in members(root)


def test_a_process_that_has_already_ended_is_left_alone(root: Path) -> None:
    del root
    ended = subprocess.Popen(["true"])
    ended.wait()
    cgroup.group_of(MARK).mkdir()
    cgroup.join(MARK, ended.pid)
    assert members(cgroup.group_of(MARK)) == set()


def test_a_limit_that_the_kernel_does_not_take_is_an_error_and_its_group_can_be_removed(root: Path) -> None:
    if "io" in (root / "cgroup.controllers").read_text().split():
        pytest.skip("this hierarchy has the io controller")
    with pytest.raises(OSError, match=r"io\.max"):
        cgroup.limit_writes(MARK, "1:0", 1)
    cgroup.remove(MARK)
    assert not cgroup.group_of(MARK).exists()
