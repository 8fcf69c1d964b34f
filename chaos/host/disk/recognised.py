"""Recognise a served disk by a directory that is on it, so that no target file has to say which disk that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from chaos.host import mounting
from chaos.host.disk.layout import Layout, knobs_in
from chaos.host.mounting import Mount

SYS = Path("/sys/dev/block")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A directory on a served disk."""

    path: Path  # on this machine
    device: str  # `major:minor`
    served: Path  # the directory with the disk's knobs and account


def below(path: Path) -> Path | None:
    """The directory with the knobs of the served disk that `path` is on; None: on another disk. Raises OSError."""
    return _served(mounting.device_under(path))


def mounted_at(place: Path) -> Path | None:
    """The same for the mount point of a served disk; None if `place` is not one."""
    return below(place) if mounting.mounted(place) else None


def seen_by(pid: int, inside: PurePath) -> Recognised | None:
    """The directory that a process, perhaps of a container, sees at `inside`, if it is on a served disk.

    None: it is on another disk, or this user may not see the process's mounts.
    """
    try:
        theirs = _nearest(mounting.mounts(pid), inside)
    except OSError:
        return None
    served = _served(theirs.device) if theirs is not None else None
    if theirs is None or served is None:
        return None
    within = theirs.root / inside.relative_to(theirs.at)
    ours = (each for each in mounting.mounts() if each.device == theirs.device)
    places = (each.at / within.relative_to(each.root) for each in ours if within.is_relative_to(each.root))
    return next((Recognised(place, theirs.device, served) for place in places), None)


def _nearest(mounts: Iterable[Mount], place: PurePath) -> Mount | None:
    """The mount that a path is on: the deepest, and of several at one place the latest."""
    above = [each for each in mounts if place.is_relative_to(each.at)]
    return max(reversed(above), key=lambda each: len(each.at.parts), default=None)


def _served(device: str) -> Path | None:
    raw = _loop_file(device) or _fuse_source(device)
    if (
        raw is None or not raw.parent.name
    ):  # once its server is killed, the file behind a device is called `/`
        return None
    place = Layout(raw.parent.with_suffix(""))
    return place.directory if place.raw == raw and knobs_in(place.directory).is_dir() else None


def _loop_file(device: str) -> Path | None:
    """The file behind a loop device."""
    try:
        return Path((SYS / device / "loop/backing_file").read_text().strip().removesuffix(" (deleted)"))
    except OSError:
        return None


def _fuse_source(device: str) -> Path | None:
    """What a file system of FUSE shows, such as the file that fuse2fs was given."""
    found = (each for each in mounting.mounts() if each.device == device and each.kind.startswith("fuse"))
    return next((each.source for each in found), None)
