"""Containers of a target and of their whole Compose project, and what a run created on the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chaos.engine import limits, refs
from chaos.engine.cgroups import Cgroup
from chaos.engine.client import connected
from chaos.plugin.handles import ContainerRef, Handles
from chaos.record.inventory.document import CONTAINERS, ID, Source

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PROJECT = "com.docker.compose.project"


def sources(handles: Handles) -> Iterator[Source]:
    by_engine: dict[str, list[ContainerRef]] = {}
    for ref in _refs(handles):
        by_engine.setdefault(ref.engine.url, []).append(ref)
    for url, found in by_engine.items():
        yield {
            "kind": CONTAINERS,
            "place": f"on {url}",
            "containers": [refs.to_json(ref) for ref in dict.fromkeys(found)],
        }


def read(source: Source, mark: str) -> Mapping[str, Any]:
    """Raises ControlError, ToolMissing."""
    known = [refs.from_json(each) for each in source["containers"]]
    found: dict[str, Any] = {}
    with connected(known[0].engine) as client:
        for container in _with_their_projects(client, known):
            found[f"container {container.name}"] = _fields(container)
        label: dict[str, Any] = {"label": f"{refs.RUN}={mark}"}
        for ours in client.containers.list(all=True, filters=label, ignore_removed=True):
            found[f"container {ours.name}, created by midnight,"] = {"status": ours.status}
    return found


def _refs(handles: Handles) -> Iterator[ContainerRef]:
    for each in handles.containers.values():
        yield from each
    if handles.logs is not None and handles.logs.container is not None:
        yield handles.logs.container
    yield from (volume.container for volume in handles.volumes.values() if volume.container is not None)


def _with_their_projects(client: DockerClient, known: list[ContainerRef]) -> list[Container]:
    """Read what a fault may touch, and its neighbors: one that failed along with a neighbor is down, too."""
    found = {each.id: each for ref in known if (each := refs.container_of(client, ref)) is not None}
    for project in {each.labels[PROJECT] for each in found.values() if PROJECT in each.labels}:
        label: dict[str, Any] = {"label": f"{PROJECT}={project}"}
        there = client.containers.list(all=True, filters=label, ignore_removed=True)
        found |= {each.id: each for each in there}
    return [each for each in found.values() if refs.RUN not in each.labels]


def _fields(container: Container) -> dict[str, Any]:
    container.reload()
    attrs = container.attrs
    state, config = attrs["State"], attrs["HostConfig"]
    return {
        ID: container.id,
        "status": state["Status"],
        "~health": (state.get("Health") or {}).get("Status"),
        "~restarts": attrs.get("RestartCount"),
        "~started": state["StartedAt"],
        "image": attrs["Image"],
        "restart policy": config.get("RestartPolicy"),
        **_limits(config),
        **_by_the_kernel(container, state),
        **_networks(container),
    }


def _limits(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read no limit as 0: after a change, the engine accepts only a limit that is never reached."""
    numbers = ("Memory", "MemorySwap", "MemoryReservation", "CpuShares", "CpuQuota", "NanoCpus", "PidsLimit")
    told: dict[str, Any] = {}
    for name in numbers:
        value = int(config.get(name) or 0)
        told[name] = value if 0 < value < limits.NEVER_REACHED else 0
    told["CpuPeriod"] = int(config.get("CpuPeriod") or 0) if told["CpuQuota"] else 0
    return told | {
        name: config.get(name)
        for name in sorted(config)
        if name.startswith(("Blkio", "Cpuset")) and config[name]
    }


def _by_the_kernel(container: Container, state: Mapping[str, Any]) -> dict[str, Any]:
    """Read the kernel's limits, if it runs on this machine: they may have been set by hand."""
    found = Cgroup.of(state["Pid"], str(container.id)) if state["Pid"] else None
    if found is None:
        return {}
    known = {name: value or 0 for name, value in found.limits().items()}
    if not known.get("memory", 0) < limits.NEVER_REACHED:
        known["memory"] = 0
    told = {f"limit of the kernel: {name}": value for name, value in known.items()}
    return told | {"limit of the kernel: writes": found.write_limits()}


def _networks(container: Container) -> dict[str, Any]:
    """Read names and requested addresses by network; an address chosen by the engine may change."""
    settings = container.attrs["NetworkSettings"]
    told: dict[str, Any] = {"published ports": _ports(settings.get("Ports") or {})}
    for name, each in settings["Networks"].items():
        told[f"network {name}"] = {
            "aliases": sorted({*(each.get("Aliases") or ())} - {container.short_id, str(container.id)[:12]}),
            "links": sorted(each.get("Links") or ()),
            "addresses": {key: value for key, value in (each.get("IPAMConfig") or {}).items() if value},
            "options": each.get("DriverOpts") or {},
        }
        told[f"~address on {name}"] = each.get("IPAddress") or None
    return told


def _ports(ports: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        port: sorted(f"{at['HostIp']}:{at['HostPort']}" for at in bound)
        for port, bound in ports.items()
        if bound
    }
