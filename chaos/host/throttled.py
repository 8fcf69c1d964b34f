"""A loop device with a write limit: where no disk can be served.

The limit affects only that device and includes writeback. cgroup v1 limits the device for all processes (its root
group); cgroup v2 limits the processes of midnight's own group. Reads are not limited.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.errors import UndoError
from chaos.host import cgroup, mounting
from chaos.host.processes import marked

V1_LIMIT = Path("/sys/fs/cgroup") / "blkio/blkio.throttle.write_bps_device"
PATIENCE = 10.0  # seconds that an unmount may take
COMMANDS = ("losetup", "mkfs.ext4", "mount", "umount")


def why_not() -> str | None:
    """Why this machine cannot create such a volume; None if it can."""
    if os.geteuid() != 0:
        return "a loop device needs root"
    missing = [command for command in COMMANDS if mounting.which(command) is None]
    if missing:
        return f"the command {missing[0]} is missing (Debian: apt-get install mount e2fsprogs)"
    if not mounting.LOOP.exists():
        return "the kernel offers no loop devices"
    if os.access(V1_LIMIT, os.W_OK) or cgroup.offers_io():
        return None
    return "no cgroup (v1 blkio or v2 io) can limit a device's writes"


def create(file: Path, path: Path, size: int) -> None:
    """Create a sparse file of `size` bytes with ext4 on a loop device, and mount it. Raises TargetError."""
    mounting.make_ext4(file, size)
    path.mkdir(parents=True)
    mounting.run("mount", "-o", "noatime", str(mounting.attach(file)), str(path))


def limit(file: Path, bytes_per_second: int, mark: str) -> None:
    """Limit the device's writes: for all processes (v1), or for the processes of the run `mark` (v2).

    Raises OSError, TargetError.
    """
    number = mounting.number_of(mounting.attached(file))
    if os.access(V1_LIMIT, os.W_OK):
        V1_LIMIT.write_text(f"{number} {bytes_per_second}")
        return
    cgroup.limit_writes(mark, number, bytes_per_second)
    for process in marked(mark):
        with suppress(psutil.Error):  # it has ended meanwhile
            for each in (process, *process.children(recursive=True)):
                cgroup.join(mark, each.pid)


def lift(file: Path, mark: str) -> bool:
    """Remove the limit from the device attached to `file`; return whether there was one. Raises OSError."""
    devices = mounting.loops_of(file)
    for device in devices:
        if os.access(V1_LIMIT, os.W_OK):
            V1_LIMIT.write_text(f"{mounting.number_of(device)} 0")
    cgroup.remove(mark)
    return bool(devices)


def remove(file: Path, path: Path) -> None:
    """Unmount, detach and delete whatever exists. Raises UndoError."""

    def step() -> None:
        mounting.unmount(path, PATIENCE)
        mounting.detach(file)

    if left := mounting.clear(step, lambda: _left(file, path), PATIENCE):
        raise UndoError(left)
    file.unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()


def _left(file: Path, path: Path) -> str:
    """What still exists, with how to remove it by hand."""
    if mounting.mounted(path):
        return f"{path} could not be unmounted; by hand: umount {path}, then losetup --detach"
    loops = mounting.loops_of(file)
    return f"{loops[0]} is still attached; by hand: losetup --detach {loops[0]}" if loops else ""


def renew(file: Path, path: Path) -> None:
    """Check and remount a volume that the kernel has made read-only. Raises TargetError."""
    device = str(mounting.attached(file))
    mounting.run("umount", str(path))
    mounting.run("e2fsck", "-f", "-y", device, accepted=(0, 1))  # 1: errors were corrected
    mounting.run("mount", "-o", "noatime", device, str(path))
