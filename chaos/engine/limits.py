"""Read a container's memory and CPU limits, change them, and put them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chaos.engine.cgroups import Cgroup
from chaos.errors import ControlError, FaultError

if TYPE_CHECKING:
    from docker.models.containers import Container

MEMORY = ("Memory", "MemorySwap")
CPU = ("NanoCpus", "CpuPeriod", "CpuQuota")
CPU_PERIOD = 100_000  # microseconds
# The engine takes 0 for "unchanged", so "no limit" must be written as one that is never reached.
# For swap, -1 would do, but the engine does not pass it on together with a new memory limit.
_NO_MEMORY_LIMIT, _NO_QUOTA = 2**63 - 4096, -1
NEVER_REACHED = 2**62  # bytes; this or more means unlimited


def read(found: Container, names: tuple[str, ...]) -> dict[str, int]:
    """The limits as the engine has them now; 0: unlimited."""
    found.reload()
    config = found.attrs["HostConfig"]
    return {name: int(config.get(name) or 0) for name in names}


def as_found(found: Container, kernel: Cgroup | None, names: tuple[str, ...]) -> dict[str, int]:
    """The limits as the engine has them, if the kernel agrees.

    Raises FaultError if limits in the cgroup were set by hand: the engine could not put those back.
    """
    limits = read(found, names)
    known = None if kernel is None else kernel.limits()
    for name, mine, theirs in _compared(limits, known or {}):
        if mine != theirs:
            rule = f"was set by hand to {theirs or 'none'}, and the engine has {mine or 'none'}"
            raise FaultError(f"{found.name}: its {name} {rule}: it is left alone")
    return limits


def _compared(limits: Mapping[str, int], known: Mapping[str, int | None]) -> Iterator[tuple[str, int, int]]:
    """The limits in the engine's and the kernel's view: bytes, or thousandths of CPU time; 0: unlimited."""
    if "Memory" in limits and (memory := known.get("memory")) is not None:
        page = 4096  # the kernel rounds down to it
        yield "memory limit", _finite(limits["Memory"]) // page, _finite(memory) // page
    if "CpuQuota" in limits and (cpus := known.get("cpus")) is not None:
        yield "CPU limit", round((processors(limits) or 0) * 1000), cpus


def _finite(limit: int) -> int:
    return limit if 0 < limit < NEVER_REACHED else 0


def write(found: Container, limits: Mapping[str, int]) -> None:
    """Set them in one request. Raises ControlError with the engine's message."""
    assert found.client is not None
    api = found.client.api
    url = f"{api.base_url}/v{api.api_version}/containers/{found.id}/update"
    answer = api.post(url, json=dict(limits), timeout=api.timeout)
    if answer.status_code != 200:
        raise ControlError(f"limits of {found.name}: {answer.json().get('message', answer.status_code)}")


def cpus(found: Container, wanted: float) -> dict[str, int]:
    """The values to write for that many CPUs, in the notation that the container was created with."""
    if read(found, CPU)["NanoCpus"]:
        return {"NanoCpus": round(wanted * 1e9)}
    return {"CpuPeriod": CPU_PERIOD, "CpuQuota": round(wanted * CPU_PERIOD)}


def processors(limits: Mapping[str, int]) -> float | None:
    """The number of CPUs that these limits allow; None: unlimited."""
    if limits["NanoCpus"]:
        return limits["NanoCpus"] / 1e9
    return limits["CpuQuota"] / (limits["CpuPeriod"] or CPU_PERIOD) if limits["CpuQuota"] > 0 else None


def as_before(limits: Mapping[str, int]) -> dict[str, int]:
    """The values to write to put these back."""
    if "Memory" in limits:
        swap = limits["MemorySwap"] if limits["MemorySwap"] > 0 else _NO_MEMORY_LIMIT
        return {"Memory": limits["Memory"] or _NO_MEMORY_LIMIT, "MemorySwap": swap}
    if limits["NanoCpus"]:
        return {"NanoCpus": limits["NanoCpus"]}
    return {"CpuPeriod": limits["CpuPeriod"] or CPU_PERIOD, "CpuQuota": limits["CpuQuota"] or _NO_QUOTA}


def put_back(found: Container, limits: Mapping[str, int]) -> dict[str, Any]:
    """Set the values read before, and verify them. Raises ControlError."""
    wanted = as_before(limits)
    names = tuple(wanted)
    if read(found, names) != {name: limits[name] for name in names}:
        write(found, wanted)
    now = read(found, names)
    if any(now[name] not in (limits[name], wanted[name]) for name in names):
        raise ControlError(f"limits are {now}, and were {dict(limits)}")
    pid = found.attrs["State"]["Pid"]
    kernel = Cgroup.of(pid, str(found.id)) if pid else None
    for name, mine, theirs in _compared(limits, kernel.limits() if kernel else {}):
        if mine != theirs:
            raise ControlError(f"its {name} is {theirs or 'none'} for the kernel, and was {mine or 'none'}")
    return {"limits": now}
