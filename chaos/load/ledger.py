"""The ledger: every write's contents follow from its key alone, and every key belongs to one run.

A service keeps its records from run to run. So a record's key is composed of the run's day, the run and the
number of the write, and its payload and checksum are derived from the key: key and checksum identify the run on any
machine, without knowledge of earlier runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

DTYPE = np.dtype([("seq", "<i8"), ("state", "u1")])

ROOM = 100_000
"""Keys per run; a run that writes more continues into the next ones' range."""
DAY = 110_000_000_000
"""Keys per day: room for 2**20 runs, and for one that continues past the last."""
LOWEST, HIGHEST = 19_723 * DAY, 80_000 * DAY
"""Bounds of every key of every run from 2024 on: a `bigint` of 16 digits and below 2**53, so it is exact even if
numbers are doubles, as in JavaScript."""

_RUN = re.compile(r"(\d{4})(\d\d)(\d\d)T\d{6}Z-([0-9a-f]{5})")
_EPOCH = date(1970, 1, 1).toordinal()


class State(IntEnum):
    """State of a sequence number in the target at read-back."""

    MISSING = 0
    PRESENT = 1
    DIFFERS = 2  # present, but with a different payload
    FOREIGN = 3  # present, but never due
    DOUBLED = 4  # present more than once, each time as it was written
    UNASKED = 5  # not asked about: nothing was promised under a key that is known


def base_of(run_id: str) -> int:
    """The key before a run's first one: the write `seq` has the key `base + seq`. Raises ValueError."""
    found = _RUN.match(run_id)
    if found is None:
        raise ValueError(f"{run_id!r} is not a run id")
    year, month, day, token = found.groups()
    days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    return days * DAY + int(token, 16) * ROOM


def marker(key: int) -> str:
    """The run that a key belongs to: the day and the first digits of its id, such as `20261126-a1b2c`."""
    return _marker(key // ROOM)


def day_of(key: int) -> date:
    """The day (UTC) on which the run of this key began."""
    return date.fromordinal(_EPOCH + key // DAY)


@lru_cache(maxsize=256)
def _marker(room: int) -> str:
    key = room * ROOM
    return f"{day_of(key):%Y%m%d}-{key % DAY // ROOM:05x}"


def record(key: int) -> tuple[str, str]:
    """The payload (about 220 characters) and the checksum of the record with this key."""
    digest = hashlib.shake_256(f"midnight:{key}".encode()).hexdigest(96)
    payload = f"midnight {marker(key)} {key % ROOM} {digest}"
    return payload, checksum(payload)


def checksum(payload: str) -> str:
    """The first 16 hexadecimal digits of the payload's SHA-256."""
    return hashlib.sha256(payload.encode()).hexdigest()[:16]


def is_intact(number: int, held: str | None) -> bool:
    """True if what a target holds of a write is its payload, or the checksum of it."""
    return held is not None and held in record(number)


def is_ours(number: int, held: str | None) -> bool:
    """True if a record was written by a run of midnight and is unchanged."""
    return LOWEST <= number < HIGHEST and is_intact(number, held)


def end_of(base: int, writes: int) -> int:
    """The last key of the range that a run with that many writes takes."""
    return base + (writes // ROOM + 1) * ROOM - 1


Held = str | None
"""What a target holds of a write: a payload or a checksum; None for null."""


def compare(
    base: int,
    due: Collection[int],
    found: Mapping[int, Sequence[Held]],
    *,
    compared: bool = True,
    unasked: Collection[int] = (),
) -> npt.NDArray[np.void]:
    """One row (seq, state) per number in `due`, then one per number in `found` that was never due.

    `found` has an entry for each record of a number: what it holds, if that is `compared`.
    """
    without = frozenset(unasked)
    rows = [
        (
            seq,
            State.UNASKED if seq in without else state_of(base + seq, found.get(seq, ()), compared=compared),
        )
        for seq in sorted(due)
    ]
    rows += [(seq, State.FOREIGN) for seq in sorted(set(found).difference(due))]
    return np.array(rows, dtype=DTYPE)


def state_of(number: int, held: Sequence[Held], *, compared: bool) -> State:
    """The state of a write of which these records were found."""
    if not held:
        return State.MISSING
    if compared and not all(is_intact(number, each) for each in held):
        return State.DIFFERS
    return State.PRESENT if len(held) == 1 else State.DOUBLED
