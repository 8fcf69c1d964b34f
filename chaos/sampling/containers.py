"""Containers: from their cgroup files where the engine is on this machine, else from its stream of `stats`.

The gauges are those of a process, so a report looks the same wherever a service runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from chaos.engine import refs
from chaos.engine.cgroups import Cgroup, Used
from chaos.engine.client import connected
from chaos.errors import MidnightError
from chaos.plugin.handles import ContainerRef
from chaos.record.gauges import Process, Source
from chaos.sampling.source import Gauges

LOOK_AGAIN = 1.0  # seconds between checks on a container that has ended: it may be restarted


def how_sampled(*, here: bool, version: str) -> str:
    """Name the source in use, for the report."""
    return (
        f"cgroup v{version} files, four times a second"
        if here
        else "the engine's stream of stats, once a second"
    )


def how(containers: Mapping[str, ContainerRef]) -> str:
    """Name the source in use for these containers, for the report."""
    found = next((cgroup for ref in containers.values() if (cgroup := _cgroup(ref))), None)
    return how_sampled(here=found is not None, version=str(found.version) if found else "")


class ContainerSource:
    """Gauges of each role's containers, from its cgroup files or from the engine's stream of stats."""

    def __init__(self, containers: Mapping[str, ContainerRef]) -> None:
        self._roles = {role: _Files(ref) for role, ref in containers.items()}
        self._streams = {role: _Stream(each.ref) for role, each in self._roles.items() if not each.here}
        self._before: dict[str, tuple[float, Used]] = {}
        self._kills: dict[str, tuple[float, float]] = {}

    def read(self) -> Gauges:
        gauges: Gauges = {}
        for role, files in self._roles.items():
            stream = self._streams.get(role)
            used = stream.latest() if stream else files.read()
            if used is not None:
                gauges |= self._gauges(role, used)
        return gauges

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()

    def _gauges(self, role: str, used: Used) -> Gauges:
        now = time.monotonic()
        then, before = self._before.get(role, (now, used))
        source = Source.PROCESS.of(role)
        gauges: Gauges = {
            (source, Process.RSS): used.memory,
            (source, Process.THREADS): used.pids,
            (source, Process.OOM_KILLS): self._killed(role, used.oom_kills),
        }
        if used is not before or role not in self._before:
            self._before[role] = (now, used)
        if now > then and used is not before and used.cpu >= before.cpu:
            elapsed = now - then
            gauges[(source, Process.CPU)] = (used.cpu - before.cpu) / elapsed
            gauges[(source, Process.THROTTLED)] = (used.throttled - before.throttled) / elapsed
            gauges[(source, Process.WRITE_BPS)] = max(0.0, (used.written - before.written) / elapsed)
        return gauges

    def _killed(self, role: str, count: float) -> float:
        """The increase since sampling began; a restarted container counts from zero."""
        last, killed = self._kills.get(role, (count, 0.0))
        killed += count - last if count >= last else count
        self._kills[role] = count, killed
        return killed


class _Files:
    """A container's cgroup files, looked up again after a restart."""

    def __init__(self, ref: ContainerRef) -> None:
        self.ref = ref
        self._cgroup = _cgroup(ref)
        self._looked = time.monotonic()
        self.here = self._cgroup is not None

    def read(self) -> Used | None:
        used = self._cgroup.read() if self._cgroup else None
        if used is None and time.monotonic() - self._looked > LOOK_AGAIN:
            self._looked = time.monotonic()
            self._cgroup = _cgroup(self.ref)
        return used


class _Stream:
    """The latest of an engine's stream of stats, read in a thread of its own."""

    def __init__(self, ref: ContainerRef) -> None:
        self._ref, self._stop = ref, threading.Event()
        self._latest: Used | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def latest(self) -> Used | None:
        return self._latest

    def close(self) -> None:
        self._stop.set()  # the stream yields every second or ends, and so does the thread

    def _follow(self) -> None:
        while not self._stop.is_set():
            with suppress(MidnightError, OSError, ValueError), connected(self._ref.engine) as client:
                for said in client.api.stats(self._ref.id, decode=True, stream=True):
                    if self._stop.is_set():
                        return
                    self._latest = used_of(said)
            self._latest = None
            self._stop.wait(LOOK_AGAIN)


def used_of(said: Mapping[str, object]) -> Used | None:
    """Parse one stats message; None for a container that is not running."""
    cpu, memory = _part(said, "cpu_stats"), _part(said, "memory_stats")
    if "usage" not in memory:
        return None
    stats = _part(memory, "stats")
    cached = _number(stats.get("total_inactive_file", stats.get("inactive_file", 0)))
    written = _part(said, "blkio_stats").get("io_service_bytes_recursive") or []
    assert isinstance(written, list)
    return Used(
        cpu=_number(_part(cpu, "cpu_usage").get("total_usage")) / 1e9,
        memory=max(0.0, _number(memory["usage"]) - cached),
        pids=_number(_part(said, "pids_stats").get("current")),
        oom_kills=0.0,
        throttled=_number(_part(cpu, "throttling_data").get("throttled_time")) / 1e9,
        written=sum(_number(each["value"]) for each in written if str(each["op"]).lower() == "write"),
    )


def _part(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _cgroup(ref: ContainerRef) -> Cgroup | None:
    with suppress(MidnightError), connected(ref.engine) as client:
        found = refs.container_of(client, ref)
        pid = found.attrs["State"]["Pid"] if found is not None else 0
        return Cgroup.of(pid, ref.id) if pid else None
    return None
