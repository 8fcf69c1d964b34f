"""The kernel's account of a container: from its cgroup files where they are here, else from the engine's stats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.engine.cgroups import Cgroup
from chaos.plugin.handles import ContainerRef

if TYPE_CHECKING:
    from docker.models.containers import Container


def cgroup(found: Container, ref: ContainerRef) -> Cgroup | None:
    pid = found.attrs["State"]["Pid"]
    return Cgroup.of(pid, ref.id) if pid else None


def held_back(found: Container, ref: ContainerRef) -> float:
    """Seconds that its threads have been throttled so far."""
    here = cgroup(found, ref)
    if here is not None and (used := here.read()) is not None:
        return used.throttled
    throttled = _stats(found).get("cpu_stats", {}).get("throttling_data", {}).get("throttled_time", 0)
    return float(throttled) / 1e9


def memory(found: Container, ref: ContainerRef) -> float:
    """Bytes in use, without what the kernel can drop at once."""
    here = cgroup(found, ref)
    if here is not None and (used := here.read()) is not None:
        return used.memory
    return float(_stats(found).get("memory_stats", {}).get("usage", 0))


def _stats(found: Container) -> dict[str, Any]:
    assert found.client is not None
    said: dict[str, Any] = found.client.api.stats(str(found.id), stream=False)
    return said
