"""A stored table of hits, read piece by piece: ten million rows are 400 MB, and a map of them, once walked
through, counts as memory of ours as if we had loaded them all.
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

PIECE = 1 << 16  # rows read at once: 2.6 MB

Times = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@contextmanager
def reading() -> Iterator[None]:
    """Raises Unreadable for what goes wrong when a file of a run is read."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


class StoredHits:
    """The rows of one file, in order of `due`. An absent file holds none; a torn one raises ValueError."""

    def __init__(self, path: Path) -> None:
        self._path, self._rows, self._offset = path, 0, 0
        if not path.exists():
            return
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            (self._rows,), _, found = np.lib.format.read_array_header_1_0(file)
            self._offset = file.tell()
        if found != DTYPE or path.stat().st_size < self._offset + self._rows * DTYPE.itemsize:
            raise ValueError(f"{path}: these are not the {self._rows} hits that its first line tells of")

    def __len__(self) -> int:
        return self._rows

    def pieces(self, first: int = 0, end: int | None = None) -> Iterator[HitTable]:
        """The rows [first, end) in order, some at a time."""
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
        """One value for each of the rows [first, end), made from the pieces by `of`."""
        found = np.empty(max(0, end - first), dtype)
        at = 0
        for rows in self.pieces(first, end):
            found[at : at + len(rows)] = of(rows)
            at += len(rows)
        return found

    def groups(self, key: Callable[[Times], Numbers], first: int, end: int) -> Iterator[tuple[int, HitTable]]:
        """The rows [first, end) by a key of their due time that never falls: each key once, with its rows."""
        held: HitTable = np.empty(0, DTYPE)
        for piece in self.pieces(first, end):
            rows: HitTable = np.concatenate((held, piece)) if len(held) else piece
            keys = key(rows["due"])
            edges = [0, *(int(edge) for edge in np.flatnonzero(np.diff(keys)) + 1)]
            for low, high in pairwise(edges):
                yield int(keys[low]), rows[low:high]
            held = rows[edges[-1] :]  # the next piece may go on with it
        if len(held):
            yield int(key(held["due"][:1])[0]), held

    def first_due(self, at: float) -> int:
        """How many hits are due before `at`."""
        return bisect_left(range(self._rows), at, key=self._due)

    def _due(self, row: int) -> float:
        return float(next(self.pieces(row, row + 1))["due"][0])
