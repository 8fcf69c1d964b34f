"""The ledger: what every write holds, known from its sequence number alone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

DTYPE = np.dtype([("seq", "<i8"), ("state", "u1")])


class State(IntEnum):
    """What the target held of a sequence number when it was read back."""

    MISSING = 0
    PRESENT = 1
    DIFFERS = 2  # present, but its payload is not the one that was written
    FOREIGN = 3  # present, but never due
    DOUBLED = 4  # present more than once, each time as it was written


def record(seed: int, seq: int) -> tuple[str, str]:
    """The payload (about 200 characters) and the checksum of the write `seq` of a run with this seed."""
    payload = f"record {seq} {hashlib.shake_256(f'{seed}:{seq}'.encode()).hexdigest(96)}"
    return payload, checksum(payload)


def checksum(payload: str) -> str:
    """The first 16 hexadecimal digits of the payload's SHA-256."""
    return hashlib.sha256(payload.encode()).hexdigest()[:16]


def compare(seed: int, due: Collection[int], found: Mapping[int, Sequence[str]]) -> npt.NDArray[np.void]:
    """One row (seq, state) per number in `due`, then one per number in `found` that never was due.

    `found` holds the checksum of each record of a number.
    """
    rows = [(seq, _state(seed, seq, found.get(seq, ()))) for seq in sorted(due)]
    rows += [(seq, State.FOREIGN) for seq in sorted(set(found).difference(due))]
    return np.array(rows, dtype=DTYPE)


def _state(seed: int, seq: int, held: Sequence[str]) -> State:
    if not held:
        return State.MISSING
    written = record(seed, seq)[1]
    if any(each != written for each in held):
        return State.DIFFERS
    return State.PRESENT if len(held) == 1 else State.DOUBLED
