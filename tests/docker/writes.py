"""The write limits of a container, which no engine tells."""

from __future__ import annotations

from pathlib import Path

from docker.models.containers import Container

CGROUPS = Path("/sys/fs/cgroup")


def limits_of(container: Container) -> Path:
    """The file of its cgroup that holds them, on this machine."""
    for line in Path(f"/proc/{container.attrs['State']['Pid']}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "blkio" in controllers.split(","):
            return CGROUPS / "blkio" / path.lstrip("/") / "blkio.throttle.write_bps_device"
        if not controllers and (CGROUPS / "cgroup.controllers").exists():
            return CGROUPS / path.lstrip("/") / "io.max"
    raise AssertionError(f"{container.name} has no cgroup of this machine")
