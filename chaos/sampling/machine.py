"""The machine, the target's processes and its volumes, from /proc and /sys."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.host import families
from chaos.host.processes import alive
from chaos.plugin import handles
from chaos.plugin.handles import ProcessRef
from chaos.record.gauges import Machine, Process, Source, Volume
from chaos.sampling.source import Gauges

FAMILY_PERIOD = 1.0  # seconds between listings of a process's children: listing them all is expensive


class MachineSource:
    """Gauges of the machine, of each volume and of each role's processes, children included."""

    def __init__(self, volumes: Mapping[str, handles.Volume], roles: Mapping[str, ProcessRef]) -> None:
        """`roles` may grow while it samples."""
        self._volumes = {
            name: each.device
            for name, each in volumes.items()
            if each.device is not None and each.served is None
        }
        self._roles = roles
        self._families: dict[str, list[int]] = {}
        self._looked = 0.0
        self._before: dict[str, tuple[float, int]] = {}
        self._cpu: dict[str, tuple[float, float]] = {}
        self._own: list[int] = []  # midnight's own processes: its load, and what its steps have started
        self._own_cpu: tuple[float, dict[int, float]] | None = None
        psutil.cpu_percent()

    def read(self) -> Gauges:
        gauges: Gauges = {
            (Source.MACHINE, Machine.CPU): psutil.cpu_percent() / 100,
            (Source.MACHINE, Machine.MEMORY_AVAILABLE): float(psutil.virtual_memory().available),
        }
        for kind, gauge in (("cpu", Machine.CPU_PRESSURE), ("io", Machine.IO_PRESSURE)):
            if (share := _pressure(kind)) is not None:
                gauges[Source.MACHINE, gauge] = share
        for name, device in self._volumes.items():
            gauges |= self._volume(name, device)
        self._look_for_children()
        for role in list(self._roles):
            gauges |= self._role(role)
        return gauges | self._midnight()

    def close(self) -> None:
        pass

    def _volume(self, name: str, device: str) -> Gauges:
        now, sectors = time.monotonic(), _sectors_written(device)
        if sectors is None:
            return {}
        then, last = self._before.get(name, (now, sectors))
        self._before[name] = (now, sectors)
        if now <= then:
            return {}
        return {(Source.VOLUME.of(name), Volume.WRITE_BPS): (sectors - last) * 512 / (now - then)}

    def _look_for_children(self) -> None:
        if time.monotonic() - self._looked >= FAMILY_PERIOD:
            self._looked = time.monotonic()
            below = families.children()
            self._families = {
                role: families.family(ref.pid, below) if alive(ref) else []
                for role, ref in list(self._roles.items())
            }
            of_roles = {pid for family in self._families.values() for pid in family}
            self._own = [pid for pid in families.family(os.getpid(), below) if pid not in of_roles]

    def _role(self, role: str) -> Gauges:
        now = time.monotonic()
        used = [each for pid in self._families.get(role, ()) if (each := families.usage(pid)) is not None]
        cpu = sum(each.cpu for each in used)
        fds = [each.fds for each in used if each.fds is not None]
        then, before = self._cpu.get(role, (now, cpu))
        self._cpu[role] = (now, cpu)
        source = Source.PROCESS.of(role)
        gauges: Gauges = {
            (source, Process.RSS): sum((each.rss for each in used), 0.0),
            (source, Process.THREADS): sum((each.threads for each in used), 0.0),
        }
        if len(fds) == len(used):  # some belong to another user: no figure is better than a wrong one
            gauges[source, Process.FDS] = sum(fds, 0.0)
        if now > then and cpu >= before:
            gauges[source, Process.CPU] = (cpu - before) / (now - then)
        return gauges

    def _midnight(self) -> Gauges:
        """CPUs that midnight's own processes used since the last look; a new process counts from its second look on."""
        now = time.monotonic()
        used = {pid: cpu for pid in self._own if (cpu := families.cpu(pid)) is not None}
        before, self._own_cpu = self._own_cpu, (now, used)
        if before is None or now <= before[0]:
            return {}
        spent = sum(cpu - before[1].get(pid, cpu) for pid, cpu in used.items())
        return {(Source.MACHINE, Machine.OWN_CPU): max(0.0, spent) / (now - before[0])}


def _sectors_written(device: str) -> int | None:
    """Field 7 of the block device's statistics; None if it has none (an overlay, for example)."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/sys/dev/block/{device}/stat").read_text().split()[6])
    return None


def _pressure(kind: str) -> float | None:
    """The share of the last 10 s in which some task waited (pressure stall information), 0 to 1."""
    with suppress(OSError, IndexError, ValueError):
        first = Path(f"/proc/pressure/{kind}").read_text().split()
        return float(first[1].removeprefix("avg10=")) / 100
    return None
