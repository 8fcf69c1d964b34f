"""What is hurt is as before, whatever has become of the container or of the process that hurt it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.models.containers import Container
from docker.types import IPAMConfig, IPAMPool

from chaos.engine import refs, sidecar
from chaos.errors import TargetGone, UndoError
from chaos.faults.shared import container_exec, container_rotation, proxies
from chaos.host.ports import free_port
from chaos.plugin.fault import Undo
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.tools import docker_images
from tests.docker.acting import made
from tests.docker.conftest import Victim, Victims
from tests.docker.saying import said_in
from tests.waiting import wait_until

pytestmark = pytest.mark.real

FOREVER = ["sleep", "600"]
DRAINING = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), sys.exit(0)))
print("ready", flush=True)
while True: time.sleep(1)
"""


def test_a_write_limit_is_lifted_while_the_container_is_paused(victim: Victim) -> None:
    before, fault = victim.state(), made("disk_limit", victim)
    undo = fault.prepare()
    fault.inject()
    assert victim.state()["writes"] != before["writes"]
    victim.container.pause()
    try:
        type(fault).undo(undo)
    finally:
        victim.container.unpause()
    assert victim.state() == before


def test_a_program_in_a_paused_container_is_not_reported_as_ended(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = f"{victim.name}/job"
    program = container_exec.start(victim.ref, FOREVER, {}, mark, None)
    while not any("sleep" in each[-1] for each in victim.container.top()["Processes"]):
        time.sleep(
            0.05
        )  # an engine that is to stop a container while it starts a program in it waits for ever
    victim.container.pause()
    try:
        monkeypatch.setattr(sidecar, "ENDED_WITHIN", 1.5)  # it would try for longer
        with pytest.raises(
            UndoError, match=r"may still run \(the container is paused\): .* did not end within"
        ):
            container_exec.stop(victim.ref, mark)
        with pytest.raises(TargetGone, match="is paused"):
            container_exec.start(victim.ref, FOREVER, {}, f"{victim.name}/late", None)
        assert container_exec.stop(victim.ref, f"{victim.name}/late")["processes_stopped"] == 0
        monkeypatch.undo()
    finally:
        victim.container.unpause()
    container_exec.stop(victim.ref, mark)
    assert program.wait(60.0) != 0
    program.close()


def test_a_stop_that_the_engine_goes_on_with_is_waited_for(client: DockerClient, victims: Victims) -> None:
    victim = victims(entrypoint=["python", "-c", DRAINING])
    while b"ready" not in victim.container.logs():
        time.sleep(0.05)
    fault = made("stop", victim, grace=5)
    undo = fault.prepare()
    asked = threading.Thread(target=lambda: client.api.stop(victim.ref.id, timeout=5))
    asked.start()  # and whoever asked is killed
    time.sleep(0.5)
    assert type(fault).undo(undo)["started_again"] is True
    asked.join()
    victim.container.reload()
    assert victim.container.status == "running"
    begun = time.monotonic()
    type(fault).undo(undo)  # it was started again since: nothing is awaited any more
    assert time.monotonic() - begun < 5.0  # the grace of the stop


def test_a_sidecar_that_is_only_just_being_made_is_removed_too(victim: Victim, client: DockerClient) -> None:
    mark = f"{victim.name}/late"

    def make() -> None:
        time.sleep(0.4)
        name = f"{victim.name}-late"
        client.containers.create(docker_images.REFERENCE, FOREVER, name=name, labels=refs.labels(mark))

    making = threading.Thread(target=make)
    making.start()
    removed = sidecar.remove(victim.ref.engine, mark, settled=5.0)
    making.join()
    assert removed == [f"{victim.name}-late"]


def test_a_sidecar_takes_no_volume_with_it(client: DockerClient, engine_at: EngineAt) -> None:
    """The container that it was beside, and that had the volume, was removed meanwhile; its owner kept the data."""
    name, mark = f"test-data-{time.monotonic_ns()}", f"test-data-{time.monotonic_ns()}/it"
    made = client.containers.create(docker_images.REFERENCE, FOREVER, name=name, volumes=["/data"])
    (mount,) = made.attrs["Mounts"] or client.containers.get(name).attrs["Mounts"]
    ref = ContainerRef(engine_at, str(made.id), name)
    program = sidecar.start(ref, "chaos.host.filler", mark, running=False)
    made.remove()
    program.close()
    sidecar.remove(engine_at, mark)
    client.volumes.get(mount["Name"]).remove()  # or docker.errors.NotFound


@pytest.fixture
def heir(victim: Victim, client: DockerClient) -> Iterator[Container]:
    """Another container with the victim's volume, as after `docker compose up` has made it anew."""
    made = client.containers.create(
        docker_images.REFERENCE,
        name=f"{victim.name}-heir",
        entrypoint=FOREVER,
        volumes={victim.name: {"bind": "/elsewhere", "mode": "rw"}},
    )
    made.start()
    yield made
    made.remove(force=True)


def rotation_of(victim: Victim) -> Undo:
    """The undo of a rotation that has only made its scratch directory."""
    told = {"mark": f"{victim.name}/rotate", "scratch": "/data/midnight-scratch"}
    return container_rotation.undo_of(victim.ref, told)


def planted(container: Container, path: str) -> None:
    assert container.exec_run(["sh", "-c", f"mkdir -p {Path(path).parent} && echo x > {path}"]).exit_code == 0


@pytest.mark.parametrize(
    "there",
    [pytest.param(True, id="stays", marks=pytest.mark.full), pytest.param(False, id="is removed")],
)
def test_a_volume_is_cleared_of_midnights_files_even_without_its_container(
    victim: Victim, heir: Container, there: bool
) -> None:
    full = made("disk_full", victim, volume="data", at_most="1kB")
    filled, rotated = full.prepare(), rotation_of(victim)
    planted(victim.container, str(filled["file"]))
    planted(victim.container, "/data/midnight-scratch/state")
    planted(victim.container, "/data/theirs")
    if not there:
        victim.container.remove(force=True)
    assert type(full).undo(filled)["removed"] == [filled["file"]]
    assert container_rotation.undo(rotated)["cleared"]["scratch_removed"]
    assert said_in(heir, "ls -A /elsewhere") == "theirs\n"


def test_leftovers_of_an_earlier_healer_do_not_get_in_the_way(victim: Victim, client: DockerClient) -> None:
    undo = rotation_of(victim)
    planted(victim.container, "/data/midnight-scratch/state")
    client.containers.create(
        docker_images.REFERENCE,
        name=f"midnight-{victim.name}-rotate-clear-rotation_undo",
        labels=refs.labels(f"{victim.name}/rotate/clear"),
    )
    assert container_rotation.undo(undo)["cleared"]["scratch_removed"]
    assert victim.state()["files"] == ""


def test_a_volume_that_is_gone_is_not_recreated(victim: Victim, client: DockerClient) -> None:
    full = made("disk_full", victim, volume="data")
    undo = full.prepare()
    victim.container.remove(force=True)
    victim.volume.remove()
    assert type(full).undo(undo)["removed_by_somebody_else"] == f"volume {victim.name}"
    assert victim.name not in {each.name for each in client.volumes.list()}


def test_a_proxys_server_is_gone_only_when_its_container_has_ended(victim: Victim) -> None:
    undo = {"api": f"http://127.0.0.1:{free_port()}", "proxy": "database", "server": refs.to_json(victim.ref)}
    with pytest.raises(UndoError, match="toxics of proxy 'database' could not be removed"):
        proxies.remove_toxics(undo, ["slow"])
    victim.container.stop(timeout=0)
    assert proxies.remove_toxics(undo, ["slow"]) == {"proxy": "database", "server": "gone"}
    victim.container.remove()
    assert proxies.enable(undo) == {"proxy": "database", "server": "gone"}


def test_a_container_that_is_cut_off_gets_every_address_back(victim: Victim, client: DockerClient) -> None:
    name = f"{victim.name}-fixed"
    pools = [IPAMPool(subnet="10.213.77.0/24"), IPAMPool(subnet="fd4d:6e:77::/64")]
    network = client.networks.create(name, enable_ipv6=True, ipam=IPAMConfig(pool_configs=pools))
    fixed: dict[str, Any] = {"ipv4_address": "10.213.77.7", "ipv6_address": "fd4d:6e:77::7"}
    try:
        network.connect(victim.container, link_local_ips=["169.254.77.7"], **fixed)
        victim.container.reload()
        before = victim.container.attrs["NetworkSettings"]["Networks"][name]["IPAMConfig"]
        fault = made("partition", victim, networks=[name])
        undo = fault.prepare()
        fault.inject()
        type(fault).undo(undo)
        victim.container.reload()
        now = victim.container.attrs["NetworkSettings"]["Networks"][name]
        assert now["IPAMConfig"] == before and len(before) == 3
        assert now["GlobalIPv6Address"] == fixed["ipv6_address"]
    finally:
        network.disconnect(victim.container, force=True)
        network.remove()


def test_a_restarting_container_counts_as_the_targets_failure(victims: Victims) -> None:
    victim = victims(entrypoint=["sh", "-c", "exit 1"], restart_policy={"Name": "always"})
    # the engine waits twice as long before each time: from the fifth on there is time to act between two
    wait_until(lambda: _now(victim)["RestartCount"] >= 5, "restarted five times")
    wait_until(lambda: _now(victim)["State"]["Status"] == "restarting", "restarting")
    with pytest.raises(TargetGone):
        container_exec.start(victim.ref, FOREVER, {}, f"{victim.name}/job", None)


def _now(victim: Victim) -> dict[str, Any]:
    victim.container.reload()
    attrs: dict[str, Any] = victim.container.attrs
    return attrs
