"""The knobs of a disk: small files, one per knob and owner, read again while the disk is in use.

Each owner (the driver, or a step) has files of its own, so setting and lifting never touch those of another:
`limit.OWNER` (a number: bytes per second), `delay.OWNER` (JSON: seconds by kind), `error.OWNER` (JSON, as `Failing`)
and `stall.OWNER` (JSON: until, in seconds of the monotonic clock). Together, the lowest limit, the
longest delays, every error and the latest stall apply.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos.host.disk.model import Behaviour, Error, Failing, Kind

LONGEST_DELAY = 60.0  # seconds; a longer one is a stall


class Knob(StrEnum):
    LIMIT = "limit"
    DELAY = "delay"
    ERROR = "error"
    STALL = "stall"


def place_of(directory: Path, knob: Knob, owner: str) -> Path:
    return directory / f"{knob}.{owner.replace('/', '-')}"


def turn(directory: Path, knob: Knob, owner: str, value: object) -> None:
    """Set a knob, at once and whole. Raises OSError."""
    place = place_of(directory, knob, owner)
    draft = _draft_of(place)
    draft.write_text(json.dumps(value))
    draft.replace(place)


def lift(directory: Path, knob: Knob, owner: str) -> bool:
    """Remove an owner's knob, even one that a killed `turn` has left half-way; return whether it was set.

    Raises OSError.
    """
    place = place_of(directory, knob, owner)
    _draft_of(place).unlink(missing_ok=True)
    there = place.exists()
    place.unlink(missing_ok=True)
    return there


def _draft_of(place: Path) -> Path:
    return place.with_name(f".{place.name}")


def lift_all(directory: Path) -> None:
    """Remove every knob: the disk is as fast and as healthy as it can be."""
    for place in directory.glob("*.*"):
        with suppress(OSError):
            place.unlink()


def read(directory: Path) -> Behaviour:
    """What the knobs say together; one that cannot be understood is ignored, so that it cannot stop the disk."""
    said: dict[Knob, list[Any]] = {knob: [] for knob in Knob}
    for place in sorted(directory.glob("[a-z]*.*")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            knob, _, owner = place.name.partition(".")
            said[Knob(knob)].append(_understood(Knob(knob), owner, json.loads(place.read_text())))
    delays = {kind: max((delay[kind] for delay in said[Knob.DELAY]), default=0.0) for kind in Kind}
    return Behaviour(
        limit=min((limit for limit in said[Knob.LIMIT] if limit), default=0.0),
        delay={kind: min(delay, LONGEST_DELAY) for kind, delay in delays.items() if delay},
        failing=tuple(said[Knob.ERROR]),
        stalled_until=max(said[Knob.STALL], default=0.0),
    )


def stamp(directory: Path) -> int:
    """Changes whenever a knob does."""
    return os.stat(directory).st_mtime_ns


def _understood(knob: Knob, owner: str, said: Any) -> Any:
    if knob is Knob.ERROR:
        return _failing(owner, said)
    if knob is Knob.DELAY:
        return {kind: _number(said.get(kind, 0.0)) for kind in Kind}
    return _number(said if knob is Knob.LIMIT else said["until"])


def _number(said: Any) -> float:
    # JSON knows NaN and Infinity, and with either no request would pass again
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= float(said) < math.inf:
        raise ValueError(f"not a number: {said!r}")
    return float(said)


def _failing(owner: str, said: dict[str, Any]) -> Failing:
    only = said.get("only")
    return Failing(
        owner=owner,
        error=Error(said["error"]),
        share=_number(said["share"]),
        kinds=frozenset(Kind(kind) for kind in said["kinds"]),
        only=None if only is None else tuple((int(start), int(end)) for start, end in only),
        at_most=said.get("at_most"),
    )
