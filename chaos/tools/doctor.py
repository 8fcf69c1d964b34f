"""Every part of the stack, examined and got."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chaos.errors import ToolMissing
from chaos.tools import logrotate, postgresql, python, slow_volume, toxiproxy
from chaos.tools.part import Found, Missing, Part

PARTS: Sequence[Part] = (python, postgresql, toxiproxy, logrotate, slow_volume)


def examine(parts: Sequence[Part] = PARTS) -> Iterator[tuple[Part, Found | Missing]]:
    """Look for every part; change nothing."""
    for part in parts:
        yield part, part.find()


def fix(
    parts: Sequence[Part] = PARTS, getting: Callable[[Missing], None] = lambda _: None
) -> Iterator[tuple[Part, Found | Missing]]:
    """Get every part; one that cannot be got is told, and does not keep the others from being got.

    `getting` hears of each part before it is got, as that may take minutes.
    """
    for part in parts:
        found = part.find()
        if isinstance(found, Missing):
            getting(found)
            try:
                found = part.get()
            except ToolMissing as missing:
                found = Missing(missing.part, missing.because, missing.remedy)
        yield part, found
