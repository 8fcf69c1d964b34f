"""The stack's volumes: on served disks if this machine allows, else on the engine's disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.errors import TargetError
from chaos.host import mounting, volume
from chaos.host.mounting import device_under
from chaos.host.throttled import V1_LIMIT
from chaos.host.volume import MadeVolume, Way
from chaos.plugin.driver import Site
from chaos.plugin.handles import ContainerRef, Volume
from chaos.targets import slow_disk

LOGS_OWNER = 10001  # in the stack's image
BLOCK = Path("/sys/dev/block")
INSIDE = {
    "data": ("database", "/var/lib/postgresql/data"),
    "logs": ("api", "/var/log/reference"),
}  # role, place


@dataclass(slots=True)
class Disks:
    """The disks of one stack: `data` and `logs`, one for both or one for each."""

    root: Path
    apart: bool
    write_bps: int
    size: int
    engine_root: Path | None  # the engine's own directory, if visible from here
    made: dict[str, MadeVolume] = field(default_factory=dict)
    because: str | None = None  # why there is no separate disk, or no limit

    def make(self, site: Site) -> None:
        """Create the disks; if that is impossible, journal why."""
        self.because = self._why_not()
        for name in ("data", "logs") if self.apart else ("data",):
            file, path = self.root / f"{name}.img", self.root / name
            named = {"what": "disk", "file": str(file), "path": str(path), "mark": site.mark}
            undo = named | {"not_limited": self.because}
            site.creating(f"volume {name}", undo)
            if self.because is None:
                try:
                    self.made[name] = volume.create(file, path, self.size, site.mark)
                except TargetError as error:
                    self.because = str(error)
                    volume.remove(file, path, site.mark)
                    site.creating(f"volume {name}", undo | {"not_limited": self.because})
        if self.because is not None:
            self.made.clear()
            return
        for part, owner in (("data", 0), ("logs", LOGS_OWNER)):
            place = self._place(part)
            place.mkdir()
            os.chown(place, owner, owner)

    @property
    def places(self) -> dict[str, str]:
        """The directories that replace the Compose file's volumes; none without separate disks."""
        return {part: str(self._place(part)) for part in ("data", "logs")} if self.made else {}

    def throttled(self) -> dict[str, Any]:
        """Write limits of each container, in the engine's format; empty if unsupported."""
        if any(each.way is Way.SERVED for each in self.made.values()):
            return {}  # the disk itself has the limit, for all containers together
        devices = [str(mounting.attached(each.file)) for each in self.made.values()]
        if not devices and self.write_bps and (found := self._engine_device()):
            devices = [found]
        limits = [{"Path": device, "Rate": self.write_bps} for device in devices if self.write_bps]
        return {"device_write_bps": limits} if limits else {}

    def limit(self, site: Site) -> None:
        """Limit each disk, writeback included; on a throttled one cgroup v2 attributes that by itself."""
        for name, made in self.made.items():
            if self.write_bps and (made.way is Way.SERVED or os.access(V1_LIMIT, os.W_OK)):
                undo = {"what": "limit", "urgent": True, "file": str(made.file), "mark": site.mark}
                site.creating(f"limit {name}", undo)
                volume.limit(made, self.write_bps, site.mark)

    def lift(self, mark: str) -> None:
        for made in self.made.values():
            volume.lift(made.file, mark)

    def volumes(self, containers: Mapping[str, tuple[ContainerRef, ...]]) -> Mapping[str, Volume]:
        """By name; without separate disks, the engine's volumes as mounted in their containers."""
        if not self.made:
            below = self.engine_root or self.root
            device = device_under(below) if self.engine_root is not None else None
            return {
                name: Volume(below, device, None, containers[role][0], Path(place))
                for name, (role, place) in INSIDE.items()
            }
        found = {
            name: Volume(made.path, made.device, self.write_bps or None, served=made.served)
            for name, made in self.made.items()
        }
        return {"logs": found["data"], **found}

    def _place(self, part: str) -> Path:
        disk = self.made.get(part, self.made["data"])
        return disk.path / ("postgresql" if part == "data" else "log")

    def _why_not(self) -> str | None:
        if not self.write_bps:
            return "no limit requested"
        return slow_disk.for_containers(seen=self.engine_root is not None) or volume.why_not()

    def _engine_device(self) -> str | None:
        """The whole disk below the engine's directory, as the engine names it; None if unknown."""
        if self.engine_root is None:
            return None
        try:
            place = BLOCK / device_under(self.engine_root)
            if (place / "partition").exists():  # a partition cannot be limited
                place = place.resolve().parent
            lines = (place / "uevent").read_text().splitlines()
        except OSError:
            return None
        return next(
            (f"/dev/{line.removeprefix('DEVNAME=')}" for line in lines if line.startswith("DEVNAME=")), None
        )
