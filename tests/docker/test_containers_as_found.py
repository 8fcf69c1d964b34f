"""A container that was paused or down before a step is left so, and a limit set by hand is never replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaos.engine.cgroups import Cgroup
from chaos.errors import FaultError, TargetGone
from chaos.host.ports import free_port
from chaos.plugin import registry
from chaos.plugin.handles import ContainerRef, Handles, Proxy
from chaos.tools import docker_images
from chaos.toxiproxy import Toxiproxy
from tests.docker.acting import made, played
from tests.docker.conftest import Bystanders, Victim, Victims
from tests.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.wide]

NEEDS_ONE_THAT_RUNS: dict[str, dict[str, Any]] = {
    "pause": {},
    "stop": {"grace": 0},
    "kill": {},
    "restart": {"grace": 0},
    "memory_limit": {"stress": False},
}


@pytest.mark.parametrize("name", NEEDS_ONE_THAT_RUNS)
def test_a_container_that_was_paused_stays_paused(bystanders: Bystanders, name: str) -> None:
    victim = bystanders()
    victim.container.pause()
    try:
        with pytest.raises(
            TargetGone, match=rf"{name}: container {victim.name} is paused, and is left as it is"
        ):
            made(name, victim, **NEEDS_ONE_THAT_RUNS[name]).prepare()
        victim.container.reload()
        assert victim.container.status == "paused"
    finally:
        victim.container.unpause()


def test_a_container_that_was_stopped_stays_stopped(victim: Victim) -> None:
    victim.container.stop(timeout=0)
    for name, params in NEEDS_ONE_THAT_RUNS.items():
        with pytest.raises(TargetGone, match="is exited, and is left as it is"):
            made(name, victim, **params).prepare()
    victim.container.reload()
    assert victim.container.status == "exited"


def files_of(victim: Victim) -> tuple[Path, Path]:
    """The files of the container's cgroup that limit its processors and its memory."""
    victim.container.reload()
    found = Cgroup.of(victim.container.attrs["State"]["Pid"], str(victim.container.id))
    assert found is not None
    cpu, memory = (
        ("cpu.max", "memory.max") if found.version == 2 else ("cpu.cfs_quota_us", "memory.limit_in_bytes")
    )
    return found.place("cpu") / cpu, found.place("memory") / memory


@pytest.mark.parametrize(
    ("name", "params"),
    [("cpu_limit", {"cpus": 0.1}), ("memory_limit", {"stress": False})],
    ids=["cpu", "memory"],
)
def test_a_limit_written_into_the_cgroup_by_hand_is_refused_and_kept(
    victim: Victim, name: str, params: dict[str, Any]
) -> None:
    cpu, memory = files_of(victim)
    file, value = (cpu, "50000") if name == "cpu_limit" else (memory, str(128 * 2**20))
    file.write_text(value)
    with pytest.raises(
        FaultError, match=r"was set by hand to (500|32768), and the engine has .*: it is left alone"
    ):
        made(name, victim, **params).prepare()
    assert file.read_text().split()[0] == value


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"cpu_period": None, "cpu_quota": None, "mem_limit": None}, marks=pytest.mark.full),
        {"cpu_period": 50_000, "cpu_quota": 25_000, "mem_limit": "200m", "memswap_limit": "300m"},
        pytest.param(
            {"cpu_period": None, "cpu_quota": None, "nano_cpus": 1_500_000_000}, marks=pytest.mark.full
        ),
    ],
    ids=["none", "of its own", "nano"],
)
def test_limits_of_every_shape_are_the_kernels_as_before(victims: Victims, options: dict[str, Any]) -> None:
    victim = victims(**options)
    files = files_of(victim)
    before = [file.read_text() for file in files]
    played(made("cpu_limit", victim, cpus=0.2))
    played(made("memory_limit", victim, stress=False))
    assert [file.read_text() for file in files] == before


@pytest.mark.parametrize("name", ["stop", "kill", "restart", "memory_limit"])
def test_a_container_started_with_rm_is_left_alone(bystanders: Bystanders, name: str) -> None:
    victim = bystanders(auto_remove=True)
    with pytest.raises(FaultError, match="was started with --rm: the engine removes it once it has ended"):
        made(name, victim, **NEEDS_ONE_THAT_RUNS[name]).prepare()
    victim.container.reload()
    assert victim.container.status == "running"


@pytest.mark.parametrize("name", ["stop", pytest.param("kill", marks=pytest.mark.full)])
def test_proxies_in_a_toxiproxys_memory_are_recreated_after_its_restart(
    victim: Victim, client: DockerClient, name: str
) -> None:
    port = free_port()
    made_of = client.containers.create(
        docker_images.PROXY,
        name=f"{victim.name}-proxy",
        network=victim.name,
        ports={"8474/tcp": ("127.0.0.1", port)},
    )
    try:
        made_of.start()
        server = Toxiproxy(f"http://127.0.0.1:{port}")
        wait_until(lambda: bool(server.version()))
        for toxic in ("of-the-team", "midnight-of-another-step"):
            if "mine" not in server.proxies():
                server.create("mine", "0.0.0.0:7777", "127.0.0.1:9")
            server.add_toxic("mine", toxic, "latency", "upstream", {"latency": 1, "jitter": 0}, toxicity=0.5)
        server.disable("mine")
        before = server.proxies()

        ref = ContainerRef(victim.ref.engine, str(made_of.id), str(made_of.name))
        proxy = Proxy(server.url, "mine", "0.0.0.0:7777", "127.0.0.1:9")
        fault = registry.fault(name)
        params = {"target": "proxy", **({"grace": 0} if name == "stop" else {})}
        handles = Handles(containers={"proxy": (ref,)}, proxies={"database": proxy})
        played(fault(fault.Params.model_validate(params), handles, f"{victim.name}/{name}"))

        now = server.proxies()
        assert now.keys() == before.keys() and not now["mine"].enabled
        assert [toxic for toxic in before["mine"].toxics if toxic.name == "of-the-team"] == list(
            now["mine"].toxics
        )
    finally:
        made_of.remove(force=True)
