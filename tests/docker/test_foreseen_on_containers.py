"""What makes a step impossible on a container is known before the play, on a real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaos.engine import sidecar
from chaos.faults.shared import foreseen
from chaos.host import throttle
from chaos.host.ports import free_port
from chaos.plugin.handles import ContainerRef, Handles, Job
from chaos.plugin.probe import Answer, Probe, answers
from chaos.tools import docker_images
from tests.docker import writes
from tests.docker.acting import made
from tests.docker.conftest import Bystanders, Victim, Victims
from tests.faults import foreseeing
from tests.faults.foreseeing import refused

pytestmark = [pytest.mark.real, pytest.mark.wide]

ENDS: dict[str, dict[str, Any]] = {
    "kill": {},
    "stop": {"grace": 0},
    "restart": {"grace": 0},
    "memory_limit": {"stress": False},
}
ACTS: dict[str, dict[str, Any]] = {
    **ENDS,
    "partition": {},
    "pause": {},
    "cpu_limit": {"cpus": 0.2},
    "disk_limit": {"write": "1MB/s"},
    "disk_full": {"volume": "data", "at_most": "100000GB"},
}


def probed(name: str, victim: Victim, **params: Any) -> dict[str, Probe]:
    return {each.what: each for each in answers(name, made(name, victim, **params).probes)}


@pytest.mark.parametrize("name", ACTS)
def test_on_a_container_that_can_have_it_nothing_is_refused_and_nothing_left(
    bystanders: Bystanders, name: str
) -> None:
    victim = bystanders()
    before = victim.state()
    found = probed(name, victim, **ACTS[name])
    assert refused(found) == [] and any(what.startswith("floor: ") for what in found), found
    assert victim.state() == before


@pytest.mark.parametrize("name", [*ENDS, "partition"])
def test_a_port_that_the_engine_chose_is_refused_with_what_to_write(
    bystanders: Bystanders, name: str
) -> None:
    victim = bystanders(host_port=None)
    (line,) = refused(probed(name, victim, **ACTS[name]))
    assert f"{victim.name} keeps its published ports: the engine chose " in line
    assert line.endswith('publish a fixed port in the Compose file: ports: ["127.0.0.1:8000:8000"]')


def test_the_remedy_for_replicas_is_to_publish_no_port_at_all(victims: Victims) -> None:
    labels = {"com.docker.compose.project": "midnight-test", "com.docker.compose.service": "web"}
    first, _ = victims(labels=labels), victims(labels=labels)
    (line,) = refused(probed("stop", first, **ACTS["stop"]))
    assert line.endswith("publish a single proxy in front of its replicas instead of the replicas")


def test_the_engine_keeps_the_ports_requested_by_number_and_no_others(victims: Victims) -> None:
    fixed, chosen = victims(host_port=free_port()), victims()

    def stays(victim: Victim, act: str) -> bool:
        def ports() -> Any:
            victim.container.reload()
            return victim.container.attrs["NetworkSettings"]["Ports"]

        before = ports()
        if act == "partition":
            victim.network.disconnect(victim.container, force=True)
            victim.network.connect(victim.container)
        else:
            victim.container.stop(timeout=0)
            victim.container.start()
        return bool(ports() == before)

    for act in ("stop", "partition"):
        assert (stays(fixed, act), stays(chosen, act)) == (True, False), act


@pytest.mark.parametrize("name", [*ENDS, "partition", "pause", "cpu_limit", "disk_limit"])
def test_a_paused_container_is_refused_with_the_command_that_unpauses_it(
    bystanders: Bystanders, name: str
) -> None:
    victim = bystanders()
    victim.container.pause()
    try:
        (line,) = refused(probed(name, victim, **ACTS[name]))
    finally:
        victim.container.unpause()
    assert line == f"{victim.name} runs: it is paused; docker unpause {victim.name}"


@pytest.mark.parametrize("name", ENDS)
def test_a_container_that_the_engine_would_remove_is_refused(bystanders: Bystanders, name: str) -> None:
    victim = bystanders(auto_remove=True)
    lines = refused(probed(name, victim, **ACTS[name]))
    assert any(line.endswith("start it without --rm") for line in lines), lines


def test_both_reasons_why_a_container_would_not_come_back_as_it_was_are_listed_at_once(
    victims: Victims,
) -> None:
    lines = refused(probed("stop", victims(auto_remove=True), grace=0))
    assert [line.partition(": ")[0].partition(" ")[2] for line in lines] == [
        "can be started again",
        "keeps its published ports",
    ]


def test_whether_it_has_connections_in_use_is_seen(victims: Victims) -> None:
    victim = victims(host_port=free_port())
    what = f"floor: connections of {victim.name} in use"
    assert probed("kill", victim)[what].answer is Answer.UNKNOWN
    victim.visited()
    assert probed("kill", victim)[what].answer is Answer.YES


def test_a_limit_above_the_number_of_processors_is_refused(bystanders: Bystanders) -> None:
    (line,) = refused(probed("cpu_limit", bystanders(), cpus=1.5))
    assert line.endswith("it has 1; set `cpus` below 1")


def test_a_container_exempt_from_the_oom_killer_is_refused(victims: Victims) -> None:
    victim = victims(host_port=free_port(), oom_kill_disable=True)
    (line,) = refused(probed("memory_limit", victim))
    assert line.endswith("start it without --oom-kill-disable")


@pytest.mark.parametrize(("name", "lacks"), [("memory_limit", "MemoryLimit"), ("cpu_limit", "CpuCfsQuota")])
def test_an_engine_that_cannot_limit_it_is_refused(
    bystanders: Bystanders, monkeypatch: pytest.MonkeyPatch, name: str, lacks: str
) -> None:
    victim = bystanders()
    monkeypatch.setattr(foreseen, "engine_says", lambda _: {"NCPU": 2, lacks: False})
    (line,) = refused(probed(name, victim, **ACTS[name]))
    assert "the engine's kernel " in line


def test_a_missing_reference_image_refuses_memory_stress(
    bystanders: Bystanders, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = bystanders()
    monkeypatch.setattr(sidecar, "IMAGE", "midnight/reference:nowhere")
    (line,) = refused(probed("memory_limit", victim))
    assert line.endswith("midnight doctor --fix")
    assert refused(probed("memory_limit", victim, stress=False)) == []


def test_a_volume_in_memory_has_no_disk_to_limit(victims: Victims) -> None:
    (line,) = refused(probed("disk_limit", victims(small="8m")))
    assert "is not on a block device" in line and line.endswith("volume on a disk (`path`)")


def test_a_write_limit_that_was_set_by_hand_is_refused(victim: Victim) -> None:
    victim.container.reload()
    file = writes.limits_of(victim.container)
    device = throttle.device_of(str(victim.volume.attrs["Mountpoint"]))
    file.write_text(f"{device} 900000")
    (line,) = refused(probed("disk_limit", victim, write="1MB/s"))
    assert "its write limit was changed to 900000" in line and line.endswith("or restart the container")


def test_a_volume_that_is_mounted_read_only_is_refused(victims: Victims) -> None:
    (line,) = refused(probed("disk_full", victims(mode="ro"), volume="data"))
    assert "/data can be written to: it is read-only" in line


def test_a_volume_with_more_room_than_may_be_written_is_refused(victims: Victims) -> None:
    small = victims(small="8m")
    (line,) = refused(probed("disk_full", small, volume="data", at_most="1MB"))
    assert "at most 1000000 are allowed" in line
    assert refused(probed("disk_full", small, volume="data", at_most="9MB")) == []


def job(victim: Victim, *argv: str, cwd: str | None = None) -> dict[str, Probe]:
    there = Job(argv, {}, Path(cwd) if cwd is not None else None, victim.ref)
    return foreseeing.probed("batch_job", Handles(jobs={"nightly": there}))


def test_a_job_is_looked_up_in_its_container_and_not_run(bystanders: Bystanders) -> None:
    victim = bystanders()
    for argv in (["python", "-c", "0"], ["/bin/sh"], ["sh"]):
        assert refused(job(victim, *argv)) == []
    (line,) = refused(job(victim, "no-such-nightly"))
    assert line.endswith("command not found; correct the command in the target file or install it")
    (line,) = refused(job(victim, "sh", cwd="/nowhere"))
    assert line.endswith("directory not found; correct `cwd` in the target file")


def test_a_job_in_memory_cannot_be_looked_up(victims: Victims) -> None:
    found = job(victims(tmpfs={"/jobs": ""}), "/jobs/nightly")
    assert refused(found) == [] and Answer.UNKNOWN in {
        each.answer for what, each in found.items() if "can be started" in what
    }


def test_a_job_that_is_not_executable_in_its_container_is_refused_with_what_makes_it_so(
    victim: Victim,
) -> None:
    victim.container.exec_run(["sh", "-c", "echo '#!/bin/sh' > /data/nightly"])
    (line,) = refused(job(victim, "./nightly", cwd="/data"))
    command = line.partition("; ")[2]
    assert command == f"docker exec -u 0 {victim.name} chmod +x /data/nightly"
    victim.container.exec_run(["chmod", "+x", "/data/nightly"])
    assert refused(job(victim, "./nightly", cwd="/data")) == []


def test_networks_that_cannot_be_left_are_refused_with_what_to_write(
    bystanders: Bystanders, client: DockerClient
) -> None:
    victim = bystanders()
    (line,) = refused(probed("partition", victim, networks=["nowhere"]))
    assert line.endswith(f"it is not on 'nowhere'; set networks: [{victim.name}]")
    for mode in (f"container:{victim.name}", "host", "none"):
        beside = client.containers.create(
            docker_images.REFERENCE, entrypoint=["sleep"], command=["60"], network_mode=mode
        )
        try:
            beside.start()
            ref = ContainerRef(victim.ref.engine, str(beside.id), str(beside.name))
            there = Handles(containers={"database": (ref,)})
            (line,) = refused(foreseeing.probed("partition", there))
            assert line.endswith("target a container with a network of its own"), line
        finally:
            beside.remove(force=True)
