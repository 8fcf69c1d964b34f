"""A fault that a target cannot have is refused before anything is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.errors import FileError, UsageError
from chaos.plan import build
from chaos.plan.planned import Plan
from chaos.plugin import registry
from tests.real.broken import experiment

NEEDS = {
    name: registry.fault(name).needs_of(registry.fault(name).Params()) for name in registry.names("faults")
}
CONTAINERS_ONLY = [
    name
    for name, (*needs,) in NEEDS.items()
    if needs and all(re.fullmatch(r"containers\.\w+", need) for need in needs)
]
ON_BOTH = [
    "latency",
    "bandwidth",
    "disk_full",
    *(name for name, needs in NEEDS.items() if "|" in "".join(needs)),
]


def built(place: Path, fault: str, target: str) -> Plan:
    step = f"{{name: it, fault: {fault}, at: 1s, hold: 1s}}"
    return build.build(experiment(place, step), target)


@pytest.mark.parametrize("fault", CONTAINERS_ONLY)
def test_a_container_only_fault_is_refused_on_a_target_without_containers(tmp_path: Path, fault: str) -> None:
    with pytest.raises(FileError, match=f"{fault} needs the handle 'containers"):
        built(tmp_path, fault, "embedded")


@pytest.mark.parametrize("fault", [*CONTAINERS_ONLY, *ON_BOTH])
def test_a_container_can_have_all_of_them(tmp_path: Path, fault: str) -> None:
    assert len(built(tmp_path, fault, "docker").steps) == 1


@pytest.mark.parametrize("fault", ON_BOTH)
def test_a_process_can_have_those_that_mean_the_same(tmp_path: Path, fault: str) -> None:
    assert len(built(tmp_path, fault, "embedded").steps) == 1


def test_a_role_that_does_not_exist_is_named(tmp_path: Path) -> None:
    step = "{name: it, fault: pause, at: 1s, hold: 1s, with: {target: cache}}"
    with pytest.raises(FileError, match=r"'containers.cache' or 'processes.cache'"):
        build.build(experiment(tmp_path, step), "docker")


def test_a_compose_project_without_a_target_file_gets_the_command_that_writes_one() -> None:
    with pytest.raises(UsageError, match="midnight target inspect compose:nowhere"):
        build.build("smoke", "compose:nowhere")


@pytest.mark.parametrize("signal", ["STOP", "TSTP", "TTIN", "TTOU"])
def test_a_signal_that_leaves_the_target_standing_still_is_refused(tmp_path: Path, signal: str) -> None:
    step = f"{{name: it, fault: kill, at: 1s, hold: 1s, with: {{target: api, signal: {signal}}}}}"
    with pytest.raises(FileError, match=f"use the fault pause, got '{signal}'"):
        build.build(experiment(tmp_path, step), "docker")
