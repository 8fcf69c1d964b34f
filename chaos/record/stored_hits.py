"""Read a stored table of hits in pieces: ten million rows are 400 MB, and a memory map of them, once read, counts
as memory of this process as if loaded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.errors import Unreadable
from chaos.record.hits import DTYPE, HitTable

PIECE = 1 << 16  # rows read at a time: 2.6 MB

Times = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@contextmanager
def reading() -> Iterator[None]:
    """Turn errors of reading a run's file into Unreadable."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


class StoredHits:
    """The rows of one file, in order of `due`. A missing file has none; a torn one raises ValueError."""

    def __init__(self, path: Path) -> None:
        self._path, self._rows, self._offset = path, 0, 0
        if not path.exists():
            return
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            (self._rows,), _, found = np.lib.format.read_array_header_1_0(file)
            self._offset = file.tell()
        if found != DTYPE or path.stat().st_size < self._offset + self._rows * DTYPE.itemsize:
            raise ValueError(f"{path}: does not contain the {self._rows} hits stated in its header")

    def __len__(self) -> int:
        return self._rows

    def pieces(self, first: int = 0, end: int | None = None) -> Iterator[HitTable]:
        """Yield the rows [first, end) in order, some at a time."""
        end = self._rows if end is None else end
        if end <= first:
            return
        with reading(), self._path.open("rb") as file:
            file.seek(self._offset + first * DTYPE.itemsize)
            while first < end:
                rows = min(PIECE, end - first)
                yield np.fromfile(file, DTYPE, rows)
                first += rows

    def column(
        self, of: Callable[[HitTable], npt.NDArray[Any]], dtype: npt.DTypeLike, first: int, end: int
    ) -> npt.NDArray[Any]:
        """Return one value per row [first, end), computed from the pieces by `of`."""
        found = np.empty(max(0, end - first), dtype)
        at = 0
        for rows in self.pieces(first, end):
            found[at : at + len(rows)] = of(rows)
            at += len(rows)
        return found

    def groups(self, key: Callable[[Times], Numbers], first: int, end: int) -> Iterator[tuple[int, HitTable]]:
        """Group the rows [first, end) by a key of their due time that never decreases: each key once, with its rows."""
        held: HitTable = np.empty(0, DTYPE)
        for piece in self.pieces(first, end):
            rows: HitTable = np.concatenate((held, piece)) if len(held) else piece
            keys = key(rows["due"])
            edges = [0, *(int(edge) for edge in np.flatnonzero(np.diff(keys)) + 1)]
            for low, high in pairwise(edges):
                yield int(keys[low]), rows[low:high]
            held = rows[edges[-1] :]  # may continue in the next piece
        if len(held):
            yield int(key(held["due"][:1])[0]), held

    def first_due(self, at: float) -> int:
        """Return the number of hits due before `at`."""
        return bisect_left(range(self._rows), at, key=self._due)

    def _due(self, row: int) -> float:
        return float(next(self.pieces(row, row + 1))["due"][0])
