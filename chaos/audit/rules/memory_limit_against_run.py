"""A memory limit below what a run has seen."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.memory import memory_limit
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.workload import Container


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.workloads if estate.measured is not None else ():
        for container in workload.containers:
            limit, peak = memory_limit(container), _peak(estate, container)
            if limit is not None and peak is not None and limit[0] < peak:
                because = (
                    f"{workload.shown}: {container.shown} is limited to {limit[0] / 2**20:.0f} MiB, and came to "
                    f"{peak / 2**20:.0f} MiB in run {estate.measured.run if estate.measured else ''}"
                )
                yield Found(workload.item, limit[1], because)


def _peak(estate: Estate, container: Container) -> float | None:
    peaks = estate.measured.peak if estate.measured is not None else {}
    named = [name for name in (container.name, container.workload.item.name) if name in peaks]
    return peaks[named[0]] if named else None


RULE = Rule(
    id="memory-limit-against-run",
    severity=Severity.ERROR,
    what=(
        "with --run: a memory limit below the peak that the run measured of the role with the container's or "
        "workload's name"
    ),
    why="the kernel kills the process at midnight, at its peak",
    fix="a memory limit of 1.3 times the measured peak",
    check=check,
)
