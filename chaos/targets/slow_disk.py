"""The note of a plan about the disk that this machine can offer."""

from __future__ import annotations

from chaos.host import volume
from chaos.host.volume import Way


def notes(write_bps: int, *, apart: bool = False) -> list[str]:
    """Say what is missing where the target's disk cannot be slowed, or only for writes.

    `write_bps`: 0: the disk is used as it is. `apart`: without a served disk each container has a limit of
    its own.
    """
    ways = volume.ways()
    if not write_bps or ways[Way.SERVED] is None:
        return []
    because = f"{ways[Way.SERVED]} (`midnight doctor` says how to get it)"
    if apart:
        alone = (
            "each container's writes are limited by themselves, so logrotate takes nothing from the database"
        )
        return [f"this night proves little: {alone}: {because}"]
    if ways[Way.THROTTLED] is None:
        return [f"the disk is a loop device with a write limit: {because}"]
    return [f"this night proves little: the disk cannot be slowed, so logrotate hurts nothing: {because}"]
