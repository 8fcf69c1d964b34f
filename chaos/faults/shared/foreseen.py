"""Probes of the process or container that a step acts on. Read-only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import psutil

from chaos.engine import sidecar
from chaos.faults.shared import containers
from chaos.host.processes import process_of
from chaos.plugin.handles import ContainerRef, ProcessRef
from chaos.plugin.probe import Answer, Probe, no, yes

if TYPE_CHECKING:
    from docker.models.containers import Container

_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
FIRST_FREE = 1024  # ports below it are the system's
_WAY_ON = {
    "paused": "docker unpause {}",
    "exited": "docker start {}",
    "created": "docker start {}",
    "restarting": "find out why it ends: docker logs {}",
}


def may_be_signalled(ref: ProcessRef) -> Probe:
    """Probe whether this user may signal the process."""
    what, process = f"process {ref.pid} may be signalled", process_of(ref)
    if process is None:
        return no(what, "it has ended", "start the service")
    try:
        os.kill(ref.pid, 0)
    except ProcessLookupError:
        return no(what, "it has ended", "start the service")
    except PermissionError:
        owner, own = process.username(), psutil.Process().username()
        return no(what, f"it runs as {owner}, midnight as {own}", f"run midnight as {owner} or as root")
    return yes(what)


def may_all_be_signalled(what: str, refs: Sequence[ProcessRef]) -> Probe:
    """Probe whether this user may signal all of them; ended ones do not count."""
    for ref in refs:
        asked = may_be_signalled(ref)
        if asked.answer is Answer.NO and process_of(ref) is not None:
            return asked
    return yes(what, f"{len(refs)} process{'' if len(refs) == 1 else 'es'}")


def runs(found: Container) -> Probe:
    """Probe whether the container runs; one that is paused or down is left as it is."""
    what, status = f"{found.name} runs", str(containers.state(found)["Status"])
    if status == "running":
        return yes(what)
    return no(what, f"it is {status}", _WAY_ON.get(status, "docker start {}").format(found.name))


def can_be_ended(ref: ContainerRef, fault: str) -> Iterator[Probe]:
    """Probe whether the container runs and would be unchanged after a stop and start."""
    with containers.acting(ref, fault) as found:
        there = runs(found)
        yield there
        if there.answer is Answer.YES:  # then by itself, so that both can be mended at once
            yield _is_kept(found)
            yield keeps_its_ports(found)


def _is_kept(found: Container) -> Probe:
    what = f"{found.name} can be started again"
    if found.attrs["HostConfig"].get("AutoRemove"):
        return no(what, "it was started with --rm and is removed once it has ended", "start it without --rm")
    return yes(what)


def keeps_its_ports(found: Container) -> Probe:
    """Probe whether the container keeps its published host ports when it is started or connected again.

    The engine keeps only those that the container was created with.
    """
    what, fixed = f"{found.name} keeps its published ports", _fixed(found.attrs["HostConfig"])
    published = found.attrs["NetworkSettings"]["Ports"] or {}
    chosen = [
        (port, at)
        for port, bound in sorted(published.items())
        for at in bound or ()
        if at["HostPort"] not in fixed.get(port, ())
    ]
    if not chosen:
        there = sorted(
            {f"{at['HostPort']}:{port}" for port, bound in published.items() for at in bound or ()}
        )
        return yes(what, ", ".join(there) or "it publishes none")
    port, at = chosen[0]
    because = f"the engine chose {at['HostPort']} for its port {port} and would choose another one afterwards"
    if _is_one_of_several(found):
        return no(what, because, "publish a single proxy in front of its replicas instead of the replicas")
    return no(what, because, f'publish a fixed port in the Compose file: ports: ["{_fixed_port(port, at)}"]')


def has_sidecars(found: Container) -> Probe:
    """Probe whether the sidecar image is available."""
    from docker.errors import ImageNotFound

    what = f"image {sidecar.IMAGE} is available"
    assert found.client is not None
    try:
        found.client.images.get(sidecar.IMAGE)
    except ImageNotFound:
        return no(what, "a sidecar must run beside the container", "midnight doctor --fix")
    return yes(what)


def engine_says(found: Container) -> Mapping[str, Any]:
    """The container's engine's info: `NCPU`, `MemoryLimit`, `CpuCfsQuota` ..."""
    assert found.client is not None
    said: Mapping[str, Any] = found.client.info()
    return said


def _fixed(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """By container port: the host ports requested by number; not 0, nor a range."""
    asked: Mapping[str, Sequence[Mapping[str, str]] | None] = config.get("PortBindings") or {}
    return {port: {str(each.get("HostPort", "")) for each in bound or ()} for port, bound in asked.items()}


def _is_one_of_several(found: Container) -> bool:
    """True if its service has more containers: no two of them can publish the same port."""
    same = [f"{each}={found.labels[each]}" for each in (_PROJECT, _SERVICE) if each in found.labels]
    assert found.client is not None
    if len(same) < 2:
        return False
    return len(found.client.containers.list(filters={"label": same}, ignore_removed=True)) > 1


def _fixed_port(port: str, at: Mapping[str, str]) -> str:
    """An entry of `ports` in a Compose file, on the same address: 80/tcp of 127.0.0.1 is `127.0.0.1:8080:80`."""
    number, _, protocol = port.partition("/")
    here = int(number) if int(number) >= FIRST_FREE else 8000 + int(number)
    host = at.get("HostIp", "")
    everywhere = host in ("", "0.0.0.0", "::")
    place = "" if everywhere else f"[{host}]:" if ":" in host else f"{host}:"
    return f"{place}{here}:{number}{'' if protocol == 'tcp' else f'/{protocol}'}"
