"""The ledger: what every write holds, known from its key alone, and a key that is this run's alone.

A service keeps its records from night to night. The key of a record is therefore made of the run's day, the run
itself and the number of the write, and its payload and checksum are made of the key: whose record it is can be told
from the key and the checksum, on any machine, without asking what earlier runs have done.
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
"""Keys of one run; a run that writes more goes on in the room of the next ones."""
DAY = 110_000_000_000
"""Keys of one day: room for 2**20 runs, and for one that goes on past the last."""
LOWEST, HIGHEST = 19_723 * DAY, 80_000 * DAY
"""Every key of every run from 2024 on lies between these. It is a `bigint` of 16 digits, and below 2**53: exact
also where numbers are doubles, as in JavaScript."""

_RUN = re.compile(r"(\d{4})(\d\d)(\d\d)T\d{6}Z-([0-9a-f]{5})")
_EPOCH = date(1970, 1, 1).toordinal()


class State(IntEnum):
    """What the target held of a sequence number when it was read back."""

    MISSING = 0
    PRESENT = 1
    DIFFERS = 2  # present, but its payload is not the one that was written
    FOREIGN = 3  # present, but never due
    DOUBLED = 4  # present more than once, each time as it was written


def base_of(run_id: str) -> int:
    """The key before the first one of a run: the write `seq` has the key `base + seq`. Raises ValueError."""
    found = _RUN.match(run_id)
    if found is None:
        raise ValueError(f"{run_id!r} is not the id of a run")
    year, month, day, token = found.groups()
    days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    return days * DAY + int(token, 16) * ROOM


def marker(key: int) -> str:
    """Which run a key belongs to: the day and the first digits of its id, such as `20261126-a1b2c`."""
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


def is_ours(key: int, held: str) -> bool:
    """Whether a record was written by a run of midnight's, and is as it was written."""
    return LOWEST <= key < HIGHEST and record(key)[1] == held


def end_of(base: int, writes: int) -> int:
    """The last key of the room that a run with so many writes takes."""
    return base + (writes // ROOM + 1) * ROOM - 1


def compare(base: int, due: Collection[int], found: Mapping[int, Sequence[str]]) -> npt.NDArray[np.void]:
    """One row (seq, state) per number in `due`, then one per number in `found` that never was due.

    `found` holds the checksum of each record of a number.
    """
    rows = [(seq, _state(base + seq, found.get(seq, ()))) for seq in sorted(due)]
    rows += [(seq, State.FOREIGN) for seq in sorted(set(found).difference(due))]
    return np.array(rows, dtype=DTYPE)


def _state(key: int, held: Sequence[str]) -> State:
    if not held:
        return State.MISSING
    written = record(key)[1]
    if any(each != written for each in held):
        return State.DIFFERS
    return State.PRESENT if len(held) == 1 else State.DOUBLED
