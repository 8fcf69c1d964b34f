"""A volume with a disk's write bandwidth: a loop device with a write limit.

The limit affects only that device and includes writeback. cgroup v1 limits the device for all processes (its root
group); cgroup v2 limits the processes of midnight's own group.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from chaos.errors import TargetError, UndoError
from chaos.host import cgroup
from chaos.host.processes import marked

log = logging.getLogger(__name__)

V1_LIMIT = Path("/sys/fs/cgroup") / "blkio/blkio.throttle.write_bps_device"
PATIENCE = 10.0  # seconds that an unmount may take
COMMANDS = ("losetup", "mkfs.ext4", "mount", "umount")


@dataclass(frozen=True, slots=True)
class LoopVolume:
    """A mounted loop device, known by the file behind it."""

    file: Path
    path: Path  # where it is mounted

    @property
    def device(self) -> Path:
        """The loop device. Raises TargetError if none is attached to the file."""
        found = loops_of(self.file)
        if not found:
            raise TargetError(f"no loop device is attached to {self.file}")
        return found[0]

    @property
    def number(self) -> str:
        """`major:minor` of the loop device."""
        return number_of(self.device)


def why_not() -> str | None:
    """Why this machine cannot create such a volume; None if it can."""
    if os.geteuid() != 0:
        return "a loop device needs root"
    missing = [command for command in COMMANDS if _command(command) is None]
    if missing:
        return f"the command {missing[0]} is missing (Debian: apt-get install mount e2fsprogs)"
    if not Path("/dev/loop-control").exists():
        return "the kernel offers no loop devices"
    if os.access(V1_LIMIT, os.W_OK):
        return None
    if cgroup.offers_io():
        return None
    return "no cgroup (v1 blkio or v2 io) can limit a device's writes"


def create(file: Path, path: Path, size: int) -> LoopVolume:
    """Create a sparse file of `size` bytes with ext4 on a loop device, and mount it. Raises TargetError."""
    with file.open("wb") as sparse:
        sparse.truncate(size)
    path.mkdir(parents=True)
    device = _run("losetup", "--find", "--show", "--direct-io=on", str(file)).strip()
    # write the journal and tables now: lazily, they would take bandwidth during the play
    options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", options, device)
    _run("mount", "-o", "noatime", device, str(path))
    return LoopVolume(file, path)


def limit(volume: LoopVolume, bytes_per_second: int, mark: str) -> None:
    """Limit the device's writes: for all processes (v1), or for the processes of the run `mark` (v2).

    Raises OSError.
    """
    if os.access(V1_LIMIT, os.W_OK):
        V1_LIMIT.write_text(f"{volume.number} {bytes_per_second}")
        return
    cgroup.limit_writes(mark, volume.number, bytes_per_second)
    for process in marked(mark):
        with suppress(psutil.Error):  # it has ended meanwhile
            for each in (process, *process.children(recursive=True)):
                cgroup.join(mark, each.pid)


def lift(file: Path, mark: str) -> bool:
    """Remove the limit from the device attached to `file`; return whether there was one. Raises OSError."""
    devices = loops_of(file)
    for device in devices:
        if os.access(V1_LIMIT, os.W_OK):
            V1_LIMIT.write_text(f"{number_of(device)} 0")
    cgroup.remove(mark)
    return bool(devices)


def remove(file: Path, path: Path) -> None:
    """Unmount, detach and delete whatever exists. Raises UndoError.

    A `mount` or `losetup` of a killed runner may still be in progress, and the kernel sends no event when a dead
    process's last open file is closed: so repeat until nothing is found twice in a row.
    """
    end, clean = time.monotonic() + PATIENCE, 0
    while clean < 2 and time.monotonic() < end:
        if path.is_mount():
            subprocess.run(
                _argv("umount", str(path)), capture_output=True, check=False, start_new_session=True
            )
        for device in loops_of(file):
            argv = _argv("losetup", "--detach", str(device))
            subprocess.run(argv, capture_output=True, check=False, start_new_session=True)
        clean = clean + 1 if not path.is_mount() and not loops_of(file) else 0
        time.sleep(0.1)
    if path.is_mount():
        raise UndoError(f"{path} could not be unmounted; by hand: umount {path}, then losetup --detach")
    if left := loops_of(file):
        raise UndoError(f"{left[0]} is still attached; by hand: losetup --detach {left[0]}")
    file.unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()


def renew(file: Path, path: Path) -> None:
    """Check and remount a volume that the kernel has made read-only. Raises TargetError."""
    device = str(LoopVolume(file, path).device)
    _run("umount", str(path))
    argv = _argv("e2fsck", "-f", "-y", device)
    done = subprocess.run(argv, capture_output=True, text=True, check=False, start_new_session=True)
    if done.returncode not in (0, 1):  # 1: errors were corrected
        raise TargetError(f"{' '.join(argv)}: {done.stdout.strip() or done.returncode}")
    _run("mount", "-o", "noatime", device, str(path))


def loops_of(file: Path) -> list[Path]:
    """The loop devices attached to a file, even a deleted one."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):
            if backing.read_text().strip().removesuffix(" (deleted)") == str(file):
                found.append(Path("/dev") / backing.parent.parent.name)
    return found


def number_of(device: Path) -> str:
    rdev = device.stat().st_rdev
    return f"{os.major(rdev)}:{os.minor(rdev)}"


def device_under(path: Path) -> str:
    """`major:minor` of the device that a path is on."""
    dev = path.stat().st_dev
    return f"{os.major(dev)}:{os.minor(dev)}"


def _command(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _argv(name: str, *arguments: str) -> list[str]:
    return [_command(name) or name, *arguments]


def _run(name: str, *arguments: str) -> str:
    # a session of its own: Ctrl-C must not interrupt it
    result = subprocess.run(
        _argv(name, *arguments), capture_output=True, text=True, check=False, start_new_session=True
    )
    log.debug("ran %s %s: exit code %d", name, " ".join(arguments), result.returncode)
    if result.returncode != 0:
        raise TargetError(f"{name} {' '.join(arguments)}: {result.stderr.strip() or result.returncode}")
    return result.stdout
