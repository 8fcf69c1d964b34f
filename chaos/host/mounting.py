"""Mounts and loop devices: found, created, and removed however the processes that used them ended."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import TargetError

log = logging.getLogger(__name__)

LOOP = Path("/dev/loop-control")
ADMIN_DIRS = "/usr/sbin:/sbin"
PERIOD = 0.1  # seconds between attempts


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/PID/mountinfo."""

    device: str  # `major:minor`
    root: Path  # the directory of the file system that is mounted
    at: Path
    kind: str  # of the file system: `ext4`, `fuse.ext4`
    source: Path  # a device or a file
    options: str  # of the file system


def which(name: str) -> str | None:
    """Find a program on PATH or in the administrators' directories."""
    return shutil.which(name) or shutil.which(name, path=ADMIN_DIRS)


def run(name: str, *arguments: str, accepted: tuple[int, ...] = (0,)) -> str:
    """Run a command to its end; return its output. Raises TargetError."""
    argv = [which(name) or name, *arguments]
    # a session of its own: Ctrl-C must not interrupt it
    done = subprocess.run(argv, capture_output=True, text=True, check=False, start_new_session=True)
    log.debug("ran %s: exit code %d", " ".join(argv), done.returncode)
    if done.returncode not in accepted:
        said = done.stderr.strip() or done.stdout.strip() or done.returncode
        raise TargetError(f"{name} {' '.join(arguments)}: {said}")
    return done.stdout


def begin(name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command that may hang in the kernel: it ends once what it waits for is gone."""
    argv = [which(name) or name, *arguments]
    return subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def attempt(within: float, name: str, *arguments: str) -> bool:
    """Run a command; return whether it succeeded in time. One that hangs in the kernel is left behind."""
    child = begin(name, *arguments)
    try:
        return child.wait(within) == 0
    except subprocess.TimeoutExpired:
        log.debug("%s %s has not ended after %g s", name, " ".join(arguments), within)
        return False


def mounted(path: Path) -> bool:
    """True if something is mounted at `path`, even if its server is dead and it cannot be looked into."""
    wanted = named(path)
    return any(each.at == wanted for each in mounts())


def named(path: Path) -> Path:
    """A path as /proc names it. It is not looked at itself: its server may be dead or frozen."""
    return path.parent.resolve() / path.name


def mounts(pid: int | str = "self") -> Iterator[Mount]:
    """The mounts that a process sees, the earliest first. Raises OSError."""
    for line in Path(f"/proc/{pid}/mountinfo").read_bytes().splitlines():
        where, _, what = line.partition(b" - ")
        _, _, device, root, at, *_ = where.split()
        kind, source, options = what.split(b" ", 2)
        yield Mount(
            device.decode(), _path(root), _path(at), kind.decode(), _path(source), os.fsdecode(options)
        )


def _path(field: bytes) -> Path:
    """A path of mountinfo, where spaces and the like are octal."""
    return Path(os.fsdecode(re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), field)))


def unmount(path: Path, within: float) -> bool:
    """Unmount whatever is mounted at `path`, as root or as the user who mounted it; return whether it is gone."""
    return not mounted(path) or (unmount_last(path, within) and not mounted(path))


def unmount_last(path: Path, within: float) -> bool:
    """Unmount what covers `path`, and nothing below that; return whether this succeeded."""
    how = ("umount", str(path)) if os.geteuid() == 0 else ("fusermount3", "-u", str(path))
    return attempt(within, *how)


def detach(file: Path) -> None:
    """Detach every loop device from `file`; one that is still in use stays."""
    for device in loops_of(file):
        detach_device(device)


def detach_device(device: Path) -> bool:
    """Detach a loop device; one that is in use is detached with its last user. Return whether this succeeded."""
    return attempt(PERIOD * 20, "losetup", "--detach", str(device))


def loops_of(file: Path) -> list[Path]:
    """The loop devices attached to a file, even a deleted one."""
    found, wanted = [], str(named(file))
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):
            if backing.read_text().strip().removesuffix(" (deleted)") == wanted:
                found.append(Path("/dev") / backing.parent.parent.name)
    return found


def clear(step: Callable[[], None], left: Callable[[], str], within: float) -> str:
    """Repeat `step` until nothing is left twice in a row, for so many seconds; return what is.

    Twice: a `mount` or `losetup` of a killed runner may still be in progress, and the kernel sends no event when a dead
    process's last open file is closed.
    """
    end, clean = time.monotonic() + within, 0
    while clean < 2 and time.monotonic() < end:
        step()
        clean = 0 if left() else clean + 1
        time.sleep(PERIOD)
    return left()


def attached(file: Path) -> Path:
    """The loop device of a file. Raises TargetError if there is none."""
    found = loops_of(file)
    if not found:
        raise TargetError(f"no loop device is attached to {file}")
    return found[0]


def attach(file: Path) -> Path:
    """Attach a loop device past the page cache of the file. Raises TargetError."""
    return Path(run("losetup", "--find", "--show", "--direct-io=on", str(file)).strip())


def number_of(device: Path) -> str:
    """`major:minor` of a device file."""
    rdev = device.stat().st_rdev
    return f"{os.major(rdev)}:{os.minor(rdev)}"


def device_under(path: Path) -> str:
    """`major:minor` of the device that a path is on."""
    dev = path.stat().st_dev
    return f"{os.major(dev)}:{os.minor(dev)}"


def make_ext4(file: Path, size: int, *, block: int = 4096) -> None:
    """Create a sparse file of `size` bytes with ext4 in it, for the current user. Raises TargetError.

    A `block` above 4096 bytes cannot be mounted by most kernels, but by fuse2fs.
    """
    with file.open("wb") as sparse:
        sparse.truncate(size)
    # write the journal and tables now: lazily, they would take bandwidth during the play
    options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    owner = f"root_owner={os.geteuid()}:{os.getegid()}"
    run("mkfs.ext4", "-q", "-F", "-b", str(block), "-m", "0", "-E", f"{options},{owner}", str(file))
