"""What each request of a table is filled in from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chaos.load import arrivals, rows
from chaos.load.spec import LoadSpec
from chaos.load.values import Row, number_of
from chaos.record.hits import HitTable
from chaos.spec.routes import IN_ONE_LINE, Route

_NONE: Mapping[str, Any] = {}


class Filling:
    """A `Row` for each row of the table; None for routes in which nothing is filled in."""

    def __init__(self, spec: LoadSpec, table: HitTable) -> None:
        """Raises FileError for a file of values that cannot be used."""
        self._base, self._before = spec.ledger_base, spec.sent_before
        counts = [route.items for route in spec.routes]
        self._item = arrivals.items(table["route"], counts, arrivals.Streams.of(spec.seed).items)
        self._seq = table["seq"]
        self._constant = [not route.named() - spec.taken.keys() for route in spec.routes]
        self._rows = [_rows_of(route) for route in spec.routes]
        self._turn = _turns(table["route"], len(spec.routes)) if any(self._rows) else None

    def row(self, index: int, code: int) -> Row | None:
        """What the request of this row of the table is filled in from, now."""
        if self._constant[code]:
            return None
        given = self._rows[code]
        values = _NONE
        if given and self._turn is not None:
            values = given[(self._before + int(self._turn[index])) % len(given)]
        number = number_of(self._base, int(self._seq[index]), self._before + index)
        return Row(number, int(self._item[index]), values, time.time())


def _rows_of(route: Route) -> Sequence[Mapping[str, Any]]:
    return () if route.rows is None else rows.read(route.rows, route.columns(), route.columns(IN_ONE_LINE))


def _turns(route: arrivals.Codes, routes: int) -> arrivals.Numbers:
    """For each hit, how many of its route came before it."""
    found = np.zeros(len(route), np.int64)
    for code in range(routes):
        mine = route == code
        found[mine] = np.arange(int(np.count_nonzero(mine)))
    return found
