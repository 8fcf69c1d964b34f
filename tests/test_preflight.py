"""A run that would take more than half of what the machine has left is refused."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from chaos.errors import Refused
from chaos.faults.idle_drop import IdleDrop
from chaos.plan import build as plans
from chaos.plugin.driver import Wants
from chaos.run import preflight

LACKING = {"machine.disk": "free disk", "machine.memory": "available memory"}


@pytest.mark.parametrize("name", LACKING)
def test_resources_of_the_faults_count_beside_those_of_the_target(name: str) -> None:
    preflight.refuse_what_hurts(Wants(1, 1), {"machine.disk": 1, "machine.memory": 1, "logs.grown": 1e15})
    with pytest.raises(Refused, match=LACKING[name]):
        preflight.refuse_what_hurts(Wants(1, 1), {name: 1e15})


def test_records_of_the_run_count_on_the_disk_of_the_reports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    half = shutil.disk_usage(tmp_path).free // 2
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "not/made/yet"))
    preflight.refuse_what_hurts(Wants(), records=half // 2)
    with pytest.raises(Refused, match="free disk"):
        preflight.refuse_what_hurts(Wants(disk=half), records=half // 2)
    monkeypatch.setenv("MIDNIGHT_REPORTS", "/proc/reports")  # another file system, and one without room
    with pytest.raises(Refused, match="free disk of /proc"):
        preflight.refuse_what_hurts(Wants(), records=1)


def test_a_disk_need_counts_as_memory_if_temporary_files_are_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared = Path("/dev/shm")
    kinds = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    if kinds.get(str(shared)) != "tmpfs":
        pytest.skip("this machine has no tmpfs")
    total = psutil.virtual_memory().total
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: psutil.disk_usage("/")._replace(free=10**18))
    preflight.refuse_what_hurts(Wants(disk=total))
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    with pytest.raises(Refused, match="available memory"):
        preflight.refuse_what_hurts(Wants(disk=total))


def test_machine_resources_of_steps_are_summed_and_staged_ones_take_the_largest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def staging(_fault: type[IdleDrop], _params: Any) -> Mapping[str, float]:
        return {"machine.memory": 3e9, "logs.grown": 5e6}

    monkeypatch.setattr(IdleDrop, "staging", classmethod(staging))
    plan = plans.build("smoke", "embedded")
    drop = next(planned for planned in plan.steps if planned.fault is IdleDrop)
    twice = dataclasses.replace(plan, steps=(drop, drop))
    assert twice.staging == {"machine.memory": 6e9, "logs.grown": 5e6}
