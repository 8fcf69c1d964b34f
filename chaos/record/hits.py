"""The table of hits: a memory-mapped structured array, one row per request of the load.

`n`, `route` and `due` are written before the play, the rest in place as it happens: hits never sent remain
`unsent`. Times are seconds since the run's start. Codes are named in a header file beside the table.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = 1

DTYPE = np.dtype(
    [
        ("n", "<u4"),
        ("route", "u1"),
        ("outcome", "u1"),
        ("status", "<u2"),
        ("seq", "<i8"),  # a write's sequence number in the ledger; else -1
        ("due", "<f8"),
        ("sent", "<f8"),  # NaN until sent
        ("done", "<f8"),  # NaN until done
    ]
)

HitTable = npt.NDArray[np.void]


class Outcome(IntEnum):
    """How a hit ended. Only GOOD is good; a killed load process leaves PENDING hits."""

    UNSENT = 0
    GOOD = 1
    BAD_STATUS = 2
    TIMEOUT = 3
    REFUSED = 4
    RESET = 5
    BAD_BODY = 6
    PENDING = 7
    BAD_HEADER = 8
    BAD_JSON = 9
    BAD_SIZE = 10
    BAD_STREAM = 11
    LATE_BEGIN = 12


UNEXPECTED = (
    Outcome.BAD_STATUS,
    Outcome.BAD_BODY,
    Outcome.BAD_HEADER,
    Outcome.BAD_JSON,
    Outcome.BAD_SIZE,
    Outcome.BAD_STREAM,
    Outcome.LATE_BEGIN,
)
"""Answered in time, but not as the route expects."""


@dataclass(frozen=True, slots=True)
class HitsHeader:
    """The names of the codes. `writes` are the routes whose hits have a sequence number."""

    routes: tuple[str, ...]
    writes: tuple[str, ...]
    timeouts: tuple[float, ...]  # seconds, by route

    def save(self, path: Path) -> None:
        outcomes = [outcome.name.lower() for outcome in Outcome]
        document = {
            "version": VERSION,
            "routes": self.routes,
            "writes": self.writes,
            "timeouts": self.timeouts,
            "outcomes": outcomes,
        }
        path.write_text(json.dumps(document))

    @classmethod
    def load(cls, path: Path) -> HitsHeader:
        document: dict[str, Any] = json.loads(path.read_text())
        if document["version"] != VERSION:
            raise ValueError(
                f"{path}: hits have version {document['version']}, this midnight reads {VERSION}"
            )
        return cls(tuple(document["routes"]), tuple(document["writes"]), tuple(document["timeouts"]))


def create(
    path: Path, due: npt.NDArray[np.float64], route: npt.NDArray[np.uint8], seq: npt.NDArray[np.int64]
) -> HitTable:
    """Allocate the whole table on disk, write what is known in advance, and map it read-write."""
    header_and_rows = np.lib.format.open_memmap(path, mode="w+", dtype=DTYPE, shape=(len(due),))
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    table: HitTable = header_and_rows
    table["n"] = np.arange(len(due), dtype=np.uint32)
    table["due"], table["route"], table["seq"] = due, route, seq
    table["sent"] = table["done"] = np.nan
    header_and_rows.flush()
    return table


def open_table(path: Path) -> HitTable:
    """Map a stored table read-only; a missing one is an empty table."""
    if not path.exists():
        return np.empty(0, dtype=DTYPE)
    table: HitTable = np.load(path, mmap_mode="r")
    return table


def select(table: HitTable, start: float, end: float) -> HitTable:
    """Return the hits due in [start, end). Rows are in order of `due`."""
    low, high = np.searchsorted(table["due"], [start, end], side="left")
    return table[int(low) : int(high)]


def good(table: HitTable) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_] = table["outcome"] == Outcome.GOOD
    return result
