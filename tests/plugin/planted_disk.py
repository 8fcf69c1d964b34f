"""The smallest target with a disk of midnight's own: one service that syncs before it answers. It is up in a second."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from chaos.errors import TargetError
from chaos.host import scratch, volume
from chaos.host.mounting import device_under
from chaos.host.ports import free_port
from chaos.host.processes import ref_of, spawn, stop_marked
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles, Volume
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model
from chaos.targets import volume_undo

OWNER = "owner"
SIZE = 64 << 20
SERVICE = Path(__file__).with_name("disk_service.py")


class OneDiskOptions(Model):
    write: int = 2_000_000  # bytes per second


class OneDisk(Driver):
    Options = OneDiskOptions

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        del target
        return frozenset({"base_url", "processes.api", "volumes.data"})

    def __init__(
        self,
        target: Target,
        options: OneDiskOptions,
        profile: Mapping[str, Any],
        staging: Mapping[str, float],
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._write = options.write

    @property
    def versions(self) -> Mapping[str, str]:
        return {}

    def wants(self) -> Wants:
        return Wants(disk=SIZE)

    def up(self, site: Site) -> Handles:
        root = Path(tempfile.gettempdir()) / f"midnight-{site.mark}"
        file, path, mark = root / "disk.img", root / "disk", site.mark
        at = {"file": str(file), "path": str(path), "mark": mark}
        site.creating("directory", {"what": "directory", "path": str(root), "owner": OWNER})
        root.mkdir(mode=0o755)
        (root / OWNER).touch()
        site.creating("volume", {"what": "volume", **at})
        made = volume.create(file, path, SIZE, mark)
        site.check()
        site.creating("processes", {"what": "processes", "mark": mark})
        port = free_port()
        service = spawn([sys.executable, SERVICE, path / "data", str(port)], mark=f"{mark}/api")
        self._await_ready(f"http://127.0.0.1:{port}", service, site)
        site.creating("limit", {"what": "limit", "urgent": True, **at})
        volume.limit(made, self._write, mark)
        return Handles(
            base_url=f"http://127.0.0.1:{port}",
            processes={"api": (ref_of(service.pid),)},
            volumes={"data": Volume(path, device_under(path), self._write, served=made.served)},
        )

    def _await_ready(self, url: str, service: subprocess.Popen[bytes], site: Site) -> None:
        end = time.monotonic() + 30
        while True:
            site.check()
            try:
                httpx.get(url + self._target.ready, timeout=1, trust_env=False).raise_for_status()
                return
            except httpx.HTTPError as error:
                if service.poll() is not None or time.monotonic() > end:
                    raise TargetError(f"{url} is not ready: {error}") from error
            site.stopping.wait(0.05)

    def drain(self) -> None:
        """Nothing: it holds nothing back."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return UNDOS[undo["what"]](undo)


UNDOS: dict[str, Callable[[Undo], Evidence]] = {
    "directory": lambda undo: scratch.remove(Path(undo["path"]), undo["owner"]),
    "volume": volume_undo.remove,
    "processes": lambda undo: {"stopped": len(stop_marked(undo["mark"], grace=1.0))},
    "limit": volume_undo.lift_limit,
}
