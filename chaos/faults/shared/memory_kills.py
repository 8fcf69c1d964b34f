"""Find out from the kernel's own records whether it killed a job for memory, or report that it is unknown."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos.errors import FaultError, TargetGone
from chaos.faults.shared import cgroup_stats, containers
from chaos.host import oom
from chaos.plugin.handles import ContainerRef


@dataclass(frozen=True, slots=True)
class MemoryKills:
    """`told`: how a job that died of SIGKILL ended; `counts`: the numbers behind it."""

    told: str
    counts: dict[str, Any]


class Watch:
    """Counts from creation to `stop`, for a job on this machine or for the container that the job belongs to."""

    def __init__(self, container: ContainerRef | None) -> None:
        self._container = container
        self._machine = oom.Watch()
        self._cgroup = None
        if container is not None:
            with suppress(FaultError, TargetGone), containers.acting(container, "batch_job") as found:
                self._cgroup = cgroup_stats.cgroup(found, container)
        self._before = self._cgroup.oom_kills() if self._cgroup else 0.0

    def _of_the_container(self) -> int | None:
        """None if unknown: also if the container, and with it the count, was restarted."""
        rise = self._cgroup.oom_kills() - self._before if self._cgroup else -1.0
        return int(rise) if rise >= 0 else None

    def stop(self, job: AbstractSet[int]) -> MemoryKills:
        """`job`: the pids of the job and its children."""
        killed = self._machine.so_far()
        self._machine.close()
        counts: dict[str, Any] = {"of_this_machine": killed.count}
        if self._container is not None:
            ours = self._of_the_container()
            counts["of_the_container"] = ours
        else:
            ours = None if killed.pids is None else len(killed.pids & job)
            counts["of_the_job"] = ours
        return MemoryKills(_told(ours, killed.count, here=self._container is None), counts)


def _told(ours: int | None, machine: int, *, here: bool) -> str:
    if ours:
        return f"killed by the kernel for memory ({ours})"
    if ours == 0 or (here and machine == 0):
        return "killed with SIGKILL, not for memory"
    return (
        "killed with SIGKILL; whether for memory is not known, because the kernel's records are not readable"
    )
