"""The mounts and loop devices that are a disk's own: anything else mounted at its place is a team's data."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from chaos.host import mounting
from chaos.host.disk.layout import Layout
from chaos.host.mounting import Mount

SYS = Path("/sys/dev/block")
NAMELESS = "/"  # the file behind a loop device, once a killed nbdfuse has taken its name along


def mount_at(place: Layout, path: Path) -> Mount | None:
    """The disk's own mount at `path`, even below another one; None if it is not mounted there."""
    return next((each for each in reversed(_mounts_at(path)) if _is_of(place, each)), None)


def over(place: Layout, path: Path) -> Mount | None:
    """What is mounted over the disk at `path`; None if nothing is, or if the disk is not mounted there."""
    mine, there = mount_at(place, path), _mounts_at(path)
    return there[-1] if mine is not None and not _is_of(place, there[-1]) else None


def unmount(place: Layout, path: Path, within: float) -> bool:
    """Unmount the disk, and nothing else that is at `path`; return whether it is gone."""
    if mount_at(place, path) is not None and over(place, path) is None:
        mounting.unmount_last(path, within)
    return mount_at(place, path) is None


def note_loop(place: Layout, device: Path) -> None:
    """Remember the disk's loop device. Raises OSError."""
    place.loop.write_text(f"{device.name} {_sequence(device.name)}")


def loops_of(place: Layout) -> list[Path]:
    """The loop devices attached to the disk, by the name of its file or else as noted."""
    found = mounting.loops_of(place.raw)
    with suppress(OSError, ValueError):
        name, sequence = place.loop.read_text().split(" ")
        backing = Path("/sys/block") / name / "loop/backing_file"
        if backing.read_text().strip() == NAMELESS and sequence == _sequence(name):
            found.append(Path("/dev") / name)
    return found


def detach(place: Layout) -> None:
    """Detach them; one that is in use goes with its last user."""
    for device in loops_of(place):
        mounting.detach_device(device)


def _mounts_at(path: Path) -> list[Mount]:
    """The earliest first: the last covers the others."""
    wanted = mounting.named(path)
    return [each for each in mounting.mounts() if each.at == wanted]


def _is_of(place: Layout, mount: Mount) -> bool:
    raw = mounting.named(place.raw)
    if mount.kind.startswith("fuse"):
        return mounting.named(mount.source) == raw
    with suppress(OSError):
        backing = (SYS / mount.device / "loop/backing_file").read_text().strip().removesuffix(" (deleted)")
        return backing in (str(raw), NAMELESS)
    return False


def _sequence(name: str) -> str:
    """The kernel's number of this use of a block device; empty before Linux 5.15."""
    with suppress(OSError):
        return (Path("/sys/block") / name / "diskseq").read_text().strip()
    return ""
