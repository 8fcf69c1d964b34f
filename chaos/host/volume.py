"""A volume as slow as a small disk, in the strongest way that this machine allows.

A served disk has one bandwidth for all processes and containers, and can be made to fail; a throttled loop device
has a write limit alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chaos.host import mounting, throttled
from chaos.host.disk import attached, knobs
from chaos.host.disk.layout import Layout

OWNER = "driver"  # of the limit that a disk has from the start


class Way(StrEnum):
    SERVED = "served"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class MadeVolume:
    """A mounted volume, known by the file behind it."""

    file: Path
    path: Path  # where it is mounted
    way: Way

    @property
    def device(self) -> str:
        """`major:minor` of the device that its files are on."""
        return mounting.device_under(self.path)

    @property
    def served(self) -> Path | None:
        """The directory with the disk's knobs and account; None for a throttled one."""
        return Layout(self.file).directory if self.way is Way.SERVED else None


def ways() -> dict[Way, str | None]:
    """Every way, best first, with the reason why it is impossible here; None: possible."""
    return {Way.SERVED: attached.why_not(), Way.THROTTLED: throttled.why_not()}


def why_not() -> str | None:
    """Why this machine cannot create such a volume; None if it can."""
    found = ways()
    return None if None in found.values() else "; ".join(str(because) for because in found.values())


def create(file: Path, path: Path, size: int, mark: str) -> MadeVolume:
    """Create and mount a volume of `size` bytes, not yet limited. Raises TargetError."""
    if attached.why_not() is None:
        attached.create(file, path, size, mark)
        return MadeVolume(file, path, Way.SERVED)
    throttled.create(file, path, size)
    return MadeVolume(file, path, Way.THROTTLED)


def limit(made: MadeVolume, bytes_per_second: int, mark: str) -> None:
    """Limit the volume's bandwidth. Raises OSError, TargetError."""
    if made.way is Way.SERVED:
        knobs.turn(Layout(made.file).knobs, knobs.Knob.LIMIT, OWNER, bytes_per_second)
    else:
        throttled.limit(made.file, bytes_per_second, mark)


def lift(file: Path, mark: str) -> bool:
    """Remove the limit; return whether there was one. Raises OSError."""
    place = Layout(file)
    if place.knobs.is_dir():
        return knobs.lift(place.knobs, knobs.Knob.LIMIT, OWNER)
    return throttled.lift(file, mark)


def remove(file: Path, path: Path, mark: str) -> None:
    """Unmount and delete whatever exists. Raises UndoError."""
    if Layout(file).directory.exists():
        attached.remove(file, path, mark)
    else:
        throttled.remove(file, path)


def renew(file: Path, path: Path, mark: str) -> None:
    """Check and remount a volume that refuses to be written. Raises TargetError."""
    if Layout(file).directory.exists():
        attached.renew(file, path, mark)
    else:
        throttled.renew(file, path)
