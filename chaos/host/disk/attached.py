"""A served disk with a file system on it, mounted: created whole, and removed in any state.

As root the disk is mounted through a loop device; as an ordinary user with fuse2fs, which is not crash-safe but is
thrown away with the run.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from chaos.errors import TargetError, UndoError
from chaos.host import mounting
from chaos.host.disk import knobs, own
from chaos.host.disk.layout import Layout
from chaos.host.processes import spawn, stop_marked
from chaos.host.worker import python_module

FUSE = Path("/dev/fuse")
SERVER = "chaos.host.disk.server"
FUSE2FS_BLOCK = 16384  # bytes: it writes each block by itself, and small ones cost CPU time
READY_WITHIN = 20.0  # seconds
ANSWERS_WITHIN = 10.0  # seconds that a disk in order may take to unmount; then its server is killed
GONE_WITHIN = 20.0  # seconds
NEEDS = {"nbdfuse": "libnbd-bin", "mkfs.ext4": "e2fsprogs"}
AS_ROOT = {"losetup": "mount", "mount": "mount", "umount": "mount"}
AS_USER = {"fuse2fs": "fuse2fs", "fusermount3": "fuse3"}


def mark_of(mark: str, file: Path) -> str:
    """The mark of the processes of one disk. Not below the run's: they must outlive those that use the disk."""
    return f"{mark}-disk/{file.stem}"


def missing() -> dict[str, str]:
    """The programs that are not here, each with Debian's package."""
    wanted = NEEDS | (AS_ROOT if os.geteuid() == 0 else AS_USER)
    return {name: package for name, package in wanted.items() if mounting.which(name) is None}


def may_open_fuse() -> bool:
    return os.access(FUSE, os.R_OK | os.W_OK)


def why_not() -> str | None:
    """Why this machine cannot serve a disk; None if it can."""
    if lacks := missing():
        return f"{' and '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} missing"
    if not FUSE.exists():
        return "the kernel offers no FUSE (/dev/fuse is missing)"
    if not may_open_fuse():
        return "this user may not open /dev/fuse"
    if os.geteuid() == 0 and not mounting.LOOP.exists():
        return "the kernel offers no loop devices"
    return None


def create(file: Path, path: Path, size: int, mark: str) -> None:
    """Serve the image `file` of `size` bytes and mount it at `path`, an empty directory or none. Raises TargetError."""
    place = Layout(file)
    place.knobs.mkdir(parents=True)
    mounting.make_ext4(file, size, block=4096 if os.geteuid() == 0 else FUSE2FS_BLOCK)
    path.mkdir(parents=True, exist_ok=True)
    _serve(place, mark)
    _mount(place, path, mark)


def renew(file: Path, path: Path, mark: str) -> None:
    """Check and remount a file system that refuses to be written. Raises TargetError, UndoError."""
    place = Layout(file)
    if not own.unmount(place, path, ANSWERS_WITHIN):
        raise TargetError(f"{path} is still in use")
    mounting.run("e2fsck", "-f", "-y", str(place.raw), accepted=(0, 1))  # 1: errors were corrected
    _mount(place, path, mark)


def remove(file: Path, path: Path, mark: str, *, keep: bool = False) -> None:
    """Unmount, stop and delete whatever exists, in whatever state its server is. Raises UndoError.

    `keep`: the directory `path` was there before, and stays. So does whatever else is mounted there.

    In order first: the knobs are lifted, so a stalled disk answers again. If that takes too long, the server is
    killed: the kernel then answers every request with an error, so nothing that uses the disk can hang.
    """
    place = Layout(file)
    if place.knobs.is_dir():
        knobs.lift_all(place.knobs)
    orderly = own.unmount(place, path, ANSWERS_WITHIN)
    if orderly:
        own.detach(place)
        mounting.unmount(place.raw, ANSWERS_WITHIN)
    stop_marked(mark_of(mark, file), grace=1.0 if orderly else 0.0)

    def step() -> None:
        own.unmount(place, path, 1.0)
        own.detach(place)
        mounting.unmount(place.raw, 1.0)

    if left := mounting.clear(step, lambda: _left(place, path), GONE_WITHIN):
        raise UndoError(f"the disk of {file} is still in use; {left}")
    _delete(place)
    if not keep:
        _remove_if_empty(path)


def _serve(place: Layout, mark: str) -> None:
    server = spawn(
        [*python_module(SERVER), place.image],
        mark=mark_of(mark, place.image),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdout is not None and server.stderr is not None
    answers, _, _ = select.select([server.stdout], [], [], READY_WITHIN)
    if answers and server.stdout.readline():
        server.stdout.close()
        server.stderr.close()
        return
    stop_marked(mark_of(mark, place.image), grace=0.0)
    _, said = server.communicate()
    because = said.decode(errors="replace").strip().rpartition("\n")[2]
    raise TargetError(f"the disk could not be served: {because or f'not ready within {READY_WITHIN:g} s'}")


def _mount(place: Layout, path: Path, mark: str) -> None:
    if os.geteuid() == 0:
        _mount_loop(place, path)
        return
    fuse2fs = mounting.which("fuse2fs") or "fuse2fs"
    child = spawn(
        [fuse2fs, place.raw, path, "-f", "-o", "fakeroot"],
        mark=mark_of(mark, place.image),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + READY_WITHIN
    while not mounting.mounted(path):
        if child.poll() is not None or time.monotonic() > end:
            child.kill()
            _, said = child.communicate()
            raise TargetError(f"fuse2fs: {said.decode(errors='replace').strip() or child.returncode}")
        time.sleep(mounting.PERIOD)
    assert child.stderr is not None
    child.stderr.close()


def _mount_loop(place: Layout, path: Path) -> None:
    device = mounting.attach(place.raw)
    try:
        own.note_loop(place, device)
        mounting.run("mount", "-o", "noatime", str(device), str(path))
    finally:
        # If it is in use, it is detached with the unmount: a killed nbdfuse takes along the name it is found by.
        detached = mounting.detach_device(device)
    if not detached:
        raise TargetError(f"{device} could not be detached; by hand: losetup --detach {device}")


def _left(place: Layout, path: Path) -> str:
    """What still exists, with how to remove it by hand."""
    if cover := own.over(place, path):
        return f"{cover.source} is mounted over it at {path}: unmount that first"
    if own.mount_at(place, path) is not None:
        return f"by hand: umount {path}"
    if loops := own.loops_of(place):
        return f"by hand: losetup --detach {loops[0]}"
    return f"by hand: umount {place.raw}" if mounting.mounted(place.raw) else ""


def _delete(place: Layout) -> None:
    for entry in sorted(place.directory.rglob("*"), reverse=True):
        entry.rmdir() if entry.is_dir() else entry.unlink(missing_ok=True)
    _remove_if_empty(place.directory)
    place.image.unlink(missing_ok=True)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        directory.rmdir()
