"""A container's cgroup on this machine, v1 or v2: usage from files, four times a second and more."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds, bytes of memory, processes, kills for memory, seconds held back, bytes written."""

    cpu: float
    memory: float
    pids: float
    oom_kills: float
    throttled: float
    written: float


class Cgroup:
    """The cgroup files of one container; `of` returns None if it does not run on this machine's kernel."""

    def __init__(self, places: Mapping[str, Path], unified: bool) -> None:
        self._places, self._unified = places, unified

    @classmethod
    def of(cls, pid: int, container: str, root: Path = ROOT, proc: Path = Path("/proc")) -> Cgroup | None:
        """Found by the container's first process; None if that runs on another machine."""
        try:
            lines = (proc / str(pid) / "cgroup").read_text().splitlines()
        except OSError:
            return None
        unified, places = (root / "cgroup.controllers").exists(), dict[str, Path]()
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if container not in path:
                continue
            if unified and not controllers:
                places[""] = root / path.lstrip("/")
            for name in controllers.split(",") if controllers else ():
                mount = root / controllers
                places[name] = (mount if mount.is_dir() else root / name) / path.lstrip("/")
        return cls(places, unified) if places else None

    @property
    def version(self) -> int:
        return 2 if self._unified else 1

    def read(self) -> Used | None:
        """None if the container has ended."""
        try:
            return self._v2() if self._unified else self._v1()
        except (OSError, ValueError, KeyError):
            return None

    def limits(self) -> dict[str, int | None]:
        """The kernel's limits: `memory` in bytes, `cpus` in thousandths of CPU time, 0 for no limit; None if
        unreadable.
        """
        memory = "memory.max" if self._unified else "memory.limit_in_bytes"
        found: dict[str, int | None] = {"memory": None, "cpus": None}
        with suppress(OSError, ValueError, KeyError):
            text = (self.place("memory") / memory).read_text().strip()
            found["memory"] = 0 if text == "max" else int(text)
        with suppress(OSError, ValueError, KeyError):
            quota, period = self._quota()
            found["cpus"] = round(1000 * quota / period) if quota > 0 else 0
        return found

    def write_limits(self) -> list[str]:
        """Write limits by device, in the kernel's notation; none if unreadable."""
        with suppress(OSError, KeyError):
            file = "io.max" if self._unified else "blkio.throttle.write_bps_device"
            return sorted((self.place("blkio") / file).read_text().splitlines())
        return []

    def _quota(self) -> tuple[int, int]:
        """Microseconds of CPU time per period, and the period; -1: unlimited."""
        place = self.place("cpu")
        if self._unified:
            quota, period = (place / "cpu.max").read_text().split()
            return (-1 if quota == "max" else int(quota)), int(period)
        quota, period = ((place / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(quota), int(period)

    def oom_kills(self) -> float:
        """Number of its processes killed by the kernel for memory; 0 once it is gone."""
        with suppress(OSError, ValueError, KeyError):
            name = "memory.events" if self._unified else "memory.oom_control"
            return _table(self.place("memory") / name).get("oom_kill", 0.0)
        return 0.0

    def place(self, controller: str) -> Path:
        """The directory of a controller's files. Raises KeyError if the container has none."""
        return self._places["" if self._unified else controller]

    def _v1(self) -> Used:
        memory, cpu = self.place("memory"), self.place("cpu")
        used = float((memory / "memory.usage_in_bytes").read_text())
        cached = _table(memory / "memory.stat").get("total_inactive_file", 0.0)
        return Used(
            cpu=float((self.place("cpuacct") / "cpuacct.usage").read_text()) / 1e9,
            memory=max(0.0, used - cached),
            pids=float((self.place("pids") / "pids.current").read_text()),
            oom_kills=self.oom_kills(),
            throttled=_table(cpu / "cpu.stat").get("throttled_time", 0.0) / 1e9,
            written=_written_v1(self.place("blkio") / "blkio.throttle.io_service_bytes"),
        )

    def _v2(self) -> Used:
        place = self.place("")
        cpu = _table(place / "cpu.stat")
        used = float((place / "memory.current").read_text())
        cached = _table(place / "memory.stat").get("inactive_file", 0.0)
        return Used(
            cpu=cpu["usage_usec"] / 1e6,
            memory=max(0.0, used - cached),
            pids=float((place / "pids.current").read_text()),
            oom_kills=self.oom_kills(),
            throttled=cpu.get("throttled_usec", 0.0) / 1e6,
            written=_written_v2(place / "io.stat"),
        )


def _table(file: Path) -> dict[str, float]:
    """Lines of a name and a number."""
    words = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: float(pair[1]) for pair in words if len(pair) == 2}


def _written_v1(file: Path) -> float:
    lines = (line.split() for line in file.read_text().splitlines())
    return sum(float(words[2]) for words in lines if len(words) == 3 and words[1] == "Write")


def _written_v2(file: Path) -> float:
    words = (word for line in file.read_text().splitlines() for word in line.split()[1:])
    return sum(float(word.removeprefix("wbytes=")) for word in words if word.startswith("wbytes="))
