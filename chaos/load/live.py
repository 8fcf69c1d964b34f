"""The last seconds of the load at a glance, while it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.record import hits
from chaos.record.hits import HitTable, Outcome

WINDOW = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Figures of the hits due in the window; None if there were none."""

    rate: float  # due per second
    ok_ratio: float | None  # good among those that ended
    p99: float | None  # seconds since due; for a hit in flight, so far
    in_flight: int  # sent and not ended, however long ago


def live(table: HitTable, now: float, *, longest: float, window: float = WINDOW) -> LiveFigures:
    """Figures of the window before `now` (run clock). `longest` is the largest timeout of a route, seconds.

    Reads only the rows that can matter, so it can be called several times a second.
    """
    recent = hits.select(table, now - window - longest, now)
    in_flight = int(np.count_nonzero(recent["outcome"] == Outcome.PENDING))
    rows = hits.select(recent, now - window, now)
    rows = rows[rows["outcome"] != Outcome.UNSENT]
    if len(rows) == 0:
        return LiveFigures(0.0, None, None, in_flight)
    ended = rows["outcome"] != Outcome.PENDING
    latency = np.where(ended, rows["done"], now) - rows["due"]
    ok_ratio = float(np.mean(hits.good(rows[ended]))) if ended.any() else None
    p99 = float(np.quantile(latency, 0.99, method="inverted_cdf"))
    return LiveFigures(len(rows) / window, ok_ratio, p99, in_flight)
