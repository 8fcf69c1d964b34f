"""What disk this machine can offer a target, and the note of a plan about that."""

from __future__ import annotations

import os
from collections.abc import Mapping

from chaos.host import volume
from chaos.host.volume import Way

USERS = "containers cannot use an ordinary user's disk"
UNSEEN = "the engine's own directory is not visible from here"


def for_containers(*, seen: bool) -> str | None:
    """Why containers can use no disk of midnight's, whatever this machine offers; None if they can.

    `seen`: the engine's own directory is on this machine.
    """
    if not seen:
        return UNSEEN
    return USERS if os.geteuid() != 0 else None


def notes(write_bps: int) -> list[str]:
    """Say what is missing where the target's disk cannot be slowed, or only for writes.

    `write_bps`: 0: the disk is used as it is.
    """
    ways = volume.ways()
    if not write_bps or ways[Way.SERVED] is None:
        return []
    because = _because(ways)
    if ways[Way.THROTTLED] is None:
        return [f"the disk is a loop device with a write limit: {because}"]
    return [f"this night proves little: the disk cannot be slowed, so logrotate hurts nothing: {because}"]


def notes_of_containers(write_bps: int, *, seen: bool) -> list[str]:
    """The same of a target in containers: without a served disk, each has a limit of its own, or none."""
    if not write_bps:
        return []
    because = for_containers(seen=seen)
    if because is None:
        ways = volume.ways()
        if ways[Way.SERVED] is None:
            return []
        because = _because(ways)
    alone = "each container's writes are limited by themselves, so logrotate takes nothing from the database"
    told = alone if seen else "the disk is not limited, so logrotate hurts nothing"
    return [f"this night proves little: {told}: {because}"]


def _because(ways: Mapping[Way, str | None]) -> str:
    return f"{ways[Way.SERVED]} (`midnight doctor` says how to get it)"
