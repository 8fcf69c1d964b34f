"""Every fault on containers: its effect is proven, and afterwards the container is as it was."""

from __future__ import annotations

import resource
import time
from typing import Any

import pytest
from docker import DockerClient

from chaos.errors import FaultError, TargetGone
from tests.docker.acting import made, played, reaches_its_floor
from tests.docker.conftest import Victim, Victims
from tests.waiting import wait_until

pytestmark = pytest.mark.real

# Writes 100 kB and syncs it, twenty times a second, to a file that never grows.
WRITER = """
import os, time
file = os.open("/data/written", os.O_CREAT | os.O_WRONLY, 0o600)
while True:
    os.pwrite(file, os.urandom(100_000), 0)
    os.fsync(file)
    print("written", flush=True)
    time.sleep(0.05)
"""
# Opens a file more than two hundred times a second and closes none.
OPENER = """
import os, time
held = []
while True:
    try:
        held.append(open(os.devnull))
        print("open", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
    time.sleep(0.004)
"""
BUSY = ["python", "-c", "while True: pass"]
BUSY_FOR = 4.0  # seconds: beside others it hardly comes to be held back
# The main process lives, its child is the one that has all the memory.
PARENT = "import subprocess as s, sys, time\ns.Popen([sys.executable, '-c', sys.argv[1]])\ntime.sleep(600)"
CHILD = """
import time
held = bytearray(60_000_000)
held[::4096] = b"1" * len(held[::4096])
print("taken", flush=True)
time.sleep(600)
"""

CASES: dict[str, dict[str, Any]] = {
    "kill": {},
    "pause": {},
    "stop": {"grace": 0},
    "restart": {"grace": 0},
    "partition": {},
}


def short_of(names: list[str], short: set[str]) -> list[Any]:
    """All of them in the long proofs, some of them in every test."""
    return [name if name in short else pytest.param(name, marks=pytest.mark.full) for name in names]


@pytest.mark.parametrize("name", short_of([*CASES], {"kill", "pause", "partition"}))
def test_a_fault_reaches_its_floor_and_leaves_the_container_as_it_was(victim: Victim, name: str) -> None:
    victim.visited()
    before = victim.state()
    held = played(made(name, victim, **CASES[name]))
    assert reaches_its_floor(held) and not held.unproven, held
    assert victim.state() == before


@pytest.mark.parametrize("name", short_of([*CASES], {"partition"}))
def test_a_fault_on_an_idle_container_proves_no_effect(victim: Victim, name: str) -> None:
    held = played(made(name, victim, **CASES[name]))
    assert f"only midnight used {victim.name} at that time" in held.unproven, held


@pytest.mark.full
def test_a_partition_of_an_idle_network_proves_nothing(victim: Victim, client: DockerClient) -> None:
    victim.visited()
    quiet = client.networks.create(f"{victim.name}-quiet")
    try:
        quiet.connect(victim.container)
        held = played(made("partition", victim, networks=(quiet.name,)))
        assert held.dose["networks_cut"] == 1 and held.dose["connections_cut"] == 0
        assert "only midnight used" in held.unproven, held
        held = played(made("partition", victim, networks=(victim.name,)))
        assert reaches_its_floor(held) and not held.unproven, held
    finally:
        quiet.disconnect(victim.container, force=True)
        quiet.remove()


def test_a_slow_disk_is_proven_by_the_containers_own_writes(victims: Victims) -> None:
    victim = victims(entrypoint=["python", "-u", "-c", WRITER])
    while b"written" not in victim.container.logs():
        time.sleep(0.05)
    before = victim.state()
    held = played(made("disk_limit", victim, write="1MB/s"), 2.0)
    assert reaches_its_floor(held) and not held.unproven, held
    assert victim.state() == before


def test_a_disk_to_which_the_container_writes_nothing_proves_nothing(victim: Victim) -> None:
    held = played(made("disk_limit", victim, write="1MB/s"))
    assert "wrote nothing to the disk below /data" in held.unproven, held


def test_descriptors_that_run_out_are_proven_by_the_containers_own_process(victims: Victims) -> None:
    victim = victims(entrypoint=["python", "-u", "-c", OPENER])
    wait_until(lambda: b"open" in victim.container.logs(), "it opens files")
    victim.container.reload()
    pid = victim.container.attrs["State"]["Pid"]
    before, limit = victim.state(), resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = played(made("exhaust", victim, descriptors=64), 4.0)
    assert reaches_its_floor(held) and not held.unproven, held
    wait_until(lambda: b"Too many open files" in victim.container.logs(), "its log says so")
    assert (victim.state(), resource.prlimit(pid, resource.RLIMIT_NOFILE)) == (before, limit)


def test_descriptors_that_the_container_does_not_use_prove_nothing(victim: Victim) -> None:
    held = played(made("exhaust", victim, descriptors=64))
    assert not reaches_its_floor(held), held


def test_a_processor_that_the_container_does_not_use_proves_nothing(victim: Victim) -> None:
    held = played(made("cpu_limit", victim, cpus=0.5))
    assert not reaches_its_floor(held), held


def test_a_memory_limit_that_is_never_approached_proves_nothing(victim: Victim) -> None:
    held = played(made("memory_limit", victim, stress=False))
    assert not reaches_its_floor(held), held


@pytest.mark.parametrize(
    "name",
    short_of([*CASES, "disk_limit", "cpu_limit", "memory_limit"], {"pause", "partition", "disk_limit"}),
)
def test_an_undo_is_safe_when_nothing_was_injected(victim: Victim, name: str) -> None:
    before, fault = victim.state(), made(name, victim)
    type(fault).undo(fault.prepare())
    assert victim.state() == before


@pytest.mark.parametrize(
    "name",
    short_of(
        ["kill", "pause", "partition", "cpu_limit", "disk_limit", "memory_limit"], {"kill", "partition"}
    ),
)
def test_a_container_removed_during_the_step_has_nothing_to_undo(victim: Victim, name: str) -> None:
    fault = made(name, victim)
    undo = fault.prepare()
    victim.container.remove(force=True)
    with pytest.raises(TargetGone):
        fault.inject()
    type(fault).undo(undo)


def test_less_processor_is_proven_by_the_kernels_account(victims: Victims) -> None:
    victim = victims(entrypoint=BUSY)
    before = victim.state()
    held = played(made("cpu_limit", victim, cpus=0.02), BUSY_FOR)  # less than a busy machine leaves it
    assert reaches_its_floor(held), held
    assert victim.state() == before


def test_a_limit_that_the_engine_calls_nano_cpus_is_put_back_too(victims: Victims) -> None:
    options = {"cpu_period": None, "cpu_quota": None, "nano_cpus": 500_000_000}
    victim = victims(entrypoint=BUSY, **options)
    before = victim.state()
    held = played(made("cpu_limit", victim, cpus=0.02), BUSY_FOR)  # less than a busy machine leaves it
    assert reaches_its_floor(held), held
    assert victim.state() == before


def test_a_container_without_limits_has_none_that_is_ever_reached_afterwards(victims: Victims) -> None:
    none = {"cpu_period": None, "cpu_quota": None, "mem_limit": None}
    victim = victims(**none)
    played(made("cpu_limit", victim, cpus=0.1), 0.1)
    played(made("memory_limit", victim, stress=False), 0.1)
    limits = victim.state()["limits"]
    assert limits["Memory"] > 2**62 and limits["CpuQuota"] == -1 and limits["MemorySwap"] > 2**62


@pytest.mark.full
def test_an_out_of_memory_kill_of_the_main_process_is_distinguished_from_a_childs(victims: Victims) -> None:
    main = victims()
    child = victims(entrypoint=["python", "-c", PARENT, CHILD])
    while b"taken" not in child.container.logs():
        time.sleep(0.05)
    before = main.state(), child.state()
    held_main = played(made("memory_limit", main, headroom="4MB"), 4.0)
    held_child = played(made("memory_limit", child, headroom="4MB"), 4.0)
    assert reaches_its_floor(held_main) and held_main.evidence["main_process_killed"], held_main
    assert reaches_its_floor(held_child) and not held_child.evidence["main_process_killed"], held_child
    assert held_child.evidence["children_killed"] >= 1
    assert (main.state(), child.state()) == before


def test_a_disk_of_the_machine_is_never_filled(victim: Victim) -> None:
    before = victim.state()
    with pytest.raises(FaultError, match=r"more than at_most allows \(1000000\)"):
        played(made("disk_full", victim, volume="data", at_most="1MB"))
    assert victim.state() == before


def test_a_small_volume_is_full_and_then_empty(victims: Victims) -> None:
    victim = victims(small="20m")
    held = played(made("disk_full", victim, volume="data"), 0.1)
    assert held.dose["full"] == 1 and "no process wrote to /data" in held.unproven, held
    victim.container.exec_run(["sh", "-c", "echo a line > /data/log"])
    held = played(made("disk_full", victim, volume="data"), 0.1)
    assert reaches_its_floor(held) and not held.unproven, held
    victim.container.exec_run(["rm", "/data/log"])
    assert victim.state()["files"] == ""
