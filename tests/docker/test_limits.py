"""A limit is only ever lowered, by one step at a time, and its proof is never a kill of our own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaos.engine import sidecar
from chaos.errors import FaultError
from chaos.faults import memory_limit
from chaos.host import throttle
from chaos.tools import docker_images
from tests.docker import writes
from tests.docker.acting import made, played, reaches_its_floor
from tests.docker.conftest import Victim, Victims

pytestmark = [pytest.mark.real, pytest.mark.wide]

SMALL = ["sleep", "600"]  # of all that runs in its container the sidecar has the most memory
MEMORY = 256 * 1024 * 1024  # of every victim


def device_of(victim: Victim) -> str:
    """Of the disk that its volume is on, which is one of this machine."""
    victim.volume.reload()
    return throttle.device_of(str(Path(victim.volume.attrs["Mountpoint"])))


@pytest.mark.parametrize(
    ("name", "params"), [("cpu_limit", {"cpus": 0.5}), ("memory_limit", {}), ("disk_limit", {})]
)
def test_a_second_step_on_the_same_limit_is_refused_while_the_first_is_in_force(
    victim: Victim, name: str, params: dict[str, Any]
) -> None:
    first, second = made(name, victim, step="first", **params), made(name, victim, step="second", **params)
    undo = first.prepare()
    with pytest.raises(FaultError, match=f"{victim.name} is already limited by step 'first'"):
        second.prepare()
    type(first).undo(undo)
    type(second).undo(second.prepare())


def test_a_fault_that_could_not_be_prepared_is_in_nobodys_way(victim: Victim) -> None:
    with pytest.raises(FaultError, match=r"has 1 CPUs: 1 is not fewer"):
        made("cpu_limit", victim, step="first", cpus=1.0).prepare()
    second = made("cpu_limit", victim, step="second", cpus=0.5)
    type(second).undo(second.prepare())


def test_a_memory_limit_is_never_raised_above_the_earlier_one(victim: Victim) -> None:
    before, fault = victim.state(), made("memory_limit", victim, headroom="1GB", stress=False)
    undo = fault.prepare()
    try:
        fault.inject()
        assert victim.state()["limits"]["Memory"] == MEMORY
    finally:
        type(fault).undo(undo)
    assert victim.state() == before


def test_the_disk_limit_is_prepared_without_starting_a_container(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is in the journal yet")

    before, fault = victim.state(), made("disk_limit", victim)
    with monkeypatch.context() as patched:
        patched.setattr(sidecar, "start", start)
        undo = fault.prepare()
    type(fault).undo(undo)
    assert victim.state() == before


def test_a_limit_set_by_hand_is_left_alone(victim: Victim) -> None:
    victim.container.reload()
    device, file = device_of(victim), writes.limits_of(victim.container)
    by_hand = f"{device} wbps=50000000" if file.name == "io.max" else f"{device} 50000000"
    file.write_text(by_hand)
    before = victim.state()
    with pytest.raises(FaultError, match="its write limit was changed to 50000000"):
        played(made("disk_limit", victim))
    assert victim.state() == before and "50000000" in before["writes"]


def test_a_container_without_a_volume_has_no_disk_to_limit(victim: Victim, client: DockerClient) -> None:
    bare = client.containers.create(docker_images.REFERENCE, entrypoint=SMALL, name=f"{victim.name}-bare")
    try:
        bare.start()
        victim.ref = type(victim.ref)(victim.ref.engine, str(bare.id), str(bare.name))
        with pytest.raises(FaultError, match="only the disk below a volume can be limited"):
            made("disk_limit", victim, path="/tmp").prepare()
    finally:
        bare.remove(force=True)


@pytest.fixture
def small(victims: Victims) -> Victim:
    return victims(entrypoint=SMALL)


@pytest.mark.full
def test_a_kill_of_midnights_own_sidecar_is_not_proof(small: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "SPARED", ())
    before = small.state()
    held = played(made("memory_limit", small, headroom="8MB"), 4.0)
    assert held.evidence["sidecars_killed"] == 1 and held.dose["killed_for_memory"] == 0, held
    assert small.state() == before


@pytest.mark.full
def test_the_target_is_killed_where_the_kernel_says_that_it_spares_the_sidecar(small: Victim) -> None:
    fault = made("memory_limit", small, headroom="8MB")
    undo = fault.prepare()
    try:
        spared = fault.inject()["spared"]
        held = fault.hold(4.0, threading.Event())
    finally:
        type(fault).undo(undo)
    assert reaches_its_floor(held) is spared and held.evidence["main_process_killed"] is spared, held
    assert held.evidence["sidecars_killed"] == (0 if spared else 1), held
