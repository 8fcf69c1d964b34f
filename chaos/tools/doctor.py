"""Examine every part of the stack, and get what is missing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from chaos.errors import ToolMissing
from chaos.tools import (
    docker_engine,
    docker_images,
    logrotate,
    monitoring,
    monitoring_images,
    postgresql,
    python,
    slow_disk,
    toxiproxy,
)
from chaos.tools.part import Found, Gettable, Missing, Part

log = logging.getLogger(__name__)

PARTS: Sequence[Part] = (
    python,
    postgresql,
    toxiproxy,
    logrotate,
    slow_disk,
    *monitoring.PROGRAMS,
    docker_engine,
    docker_images,
    monitoring_images,
)


def examine() -> Iterator[tuple[Part, Found | Missing]]:
    """Look for every part; change nothing."""
    for part in PARTS:
        yield part, _found(part)


def record(part: Part, answer: Found | Missing) -> dict[str, object]:
    """The answer as JSON."""
    return {"found": isinstance(answer, Found), "required": part.REQUIRED, **asdict(answer)}


def _found(part: Part) -> Found | Missing:
    found = part.find()
    if isinstance(found, Found):
        log.debug("%s: %s at %s, by %s", found.part, found.version, found.where, found.source)
    else:
        log.debug("%s: cannot be used: %s", found.part, found.because)
    return found


def fix(getting: Callable[[Missing], None]) -> Iterator[tuple[Part, Found | Missing]]:
    """Get every part that can be fetched; report one that fails and get the others anyway.

    `getting` is called before each part, as that may take minutes.
    """
    for part in PARTS:
        found = _found(part)
        if isinstance(found, Missing) and isinstance(part, Gettable):
            getting(found)
            try:
                found = part.get()
            except ToolMissing as missing:
                found = Missing(missing.part, missing.because, missing.remedy)
        yield part, found
