"""The ledger read back from the target, until two complete reads agree."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from chaos.errors import NoVerdict
from chaos.load import ledger, pages
from chaos.load.pages import Pages, Unread
from chaos.record.hits import HitTable
from chaos.spec.target import Readback

PAUSE = 0.5
"""Seconds between two reads: a write still in flight during the first read shows in the second."""
PASSES = 10
LOOK = 5.0  # seconds for the check that the run's keys are free


@dataclass(frozen=True, slots=True)
class ReadbackResult:
    """`rows` are (seq, state) from `ledger.compare`; empty if the read-back is incomplete."""

    rows: npt.NDArray[np.void]
    complete: bool
    reads: int  # complete reads of this run's writes
    because: str


def refuse_taken(
    base_url: str, readback: Readback, base: int, writes: int, headers: Mapping[str, str]
) -> None:
    """Raises NoVerdict if the target has records under this run's keys before it has written any.

    A target that does not answer is judged afterwards, by its read-back.
    """
    with pages.client(base_url, headers) as client:
        try:
            within = Pages(client, readback, time.monotonic() + LOOK)
            held = next(within.between(base, ledger.end_of(base, writes)), None)
        except Unread:
            return
    if held is not None:
        raise NoVerdict(
            f"the target already has a record with key {held[0]}, which this run would write; start the run again: "
            "each run has keys of its own"
        )


def read_back(
    base_url: str,
    readback: Readback | None,
    table: HitTable,
    base: int,
    *,
    timeout: float,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> ReadbackResult | None:
    """Read back every write of the run with this ledger base within `timeout` seconds. Blocks.

    None if the target has no way to read the ledger back. Complete only if two consecutive reads of this run's keys
    agree; everything else is reported in `because`, never raised. Foreign records are not read if the list can start
    at a key, and are never counted.
    """
    if readback is None:
        return None
    due = [int(seq) for seq in table["seq"] if seq >= 0]
    last = ledger.end_of(base, max(due, default=0))
    previous: dict[int, list[str]] | None = None
    reads, because = 0, ""
    with pages.client(base_url, headers) as client:
        listed = Pages(client, readback, time.monotonic() + timeout)
        try:
            while reads < PASSES:
                found = _read(listed, base, last)
                reads += 1
                if found == previous:
                    because = f"{reads} reads, the last two agree on {len(found)} records"
                    return ReadbackResult(ledger.compare(base, due, found), True, reads, because)
                previous = found
                time.sleep(PAUSE)
            because = f"{PASSES} complete reads, and no two in a row agree: the records still change"
        except Unread as error:
            because = str(error)
    return ReadbackResult(np.empty(0, dtype=ledger.DTYPE), False, reads, because)


def _read(listed: Pages, base: int, last: int) -> dict[int, list[str]]:
    """The checksums by number of every record under the run's keys. Raises Unread."""
    found: dict[int, list[str]] = {}
    for key, checksum in listed.between(base, last):
        found.setdefault(key - base, []).append(checksum)
    return found
