"""The gauges of the chain, as series over the whole run: from the samples, or from the hits themselves.

A gauge made of hits has one point per second, at the start of that second. Latency counts where a hit was due,
a failure where it ended: a request that failed because of a full pool was due before the pool was full.
"""

from __future__ import annotations

from array import array

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, percentile
from chaos.record import hits as stored
from chaos.record.gauges import Api, Database, Source
from chaos.record.hits import HitTable, Outcome
from chaos.record.journal import Journal, Series

BUCKET = 1.0  # seconds
_NOTHING = Series(np.empty(0), np.empty(0))


def p95_by_second(journal: Journal) -> Series:
    """The p95 latency of each second's hits that ended; of a timeout, the time waited.

    No point without hits.
    """
    starts, values = array("d"), array("d")
    for second, rows in journal.hits.groups(_second, 0, len(journal.hits)):
        took = rows["done"] - rows["due"]
        if (p95 := percentile(took[~np.isnan(took)], 95)) is not None:
            starts.append(second * BUCKET)
            values.append(p95)
    return Series(np.array(starts), np.array(values))


def first_slow(journal: Journal, start: float, end: float, threshold: float) -> float:
    """Return the due time of the first hit in [start, end) that took longer than `threshold`; else the start."""
    for rows in journal.hits.pieces(journal.hits.first_due(start), journal.hits.first_due(end)):
        slow = rows["done"] - rows["due"] > threshold
        if slow.any():
            return float(rows["due"][np.argmax(slow)])
    return start


def bad_by_second(journal: Journal) -> Series:
    """The share of hits ended in each second that was not good. No point without hits.

    Hits that never ended count where they were due; hits never sent do not count.
    """
    counts: dict[int, list[int]] = {}
    for rows in journal.hits.pieces():
        at, good = _ended(rows)
        seconds, index = np.unique(_second(at), return_inverse=True)
        hits, fine = np.bincount(index), np.bincount(index, weights=good)
        for second, total, well in zip(seconds, hits, fine, strict=True):
            count = counts.setdefault(int(second), [0, 0])
            count[0] += int(total) - int(well)
            count[1] += int(total)
    starts = sorted(counts)
    share = [counts[second][0] / counts[second][1] for second in starts]
    return Series(np.array(starts, np.float64) * BUCKET, np.array(share, np.float64))


def first_bad(journal: Journal, start: float, end: float, _threshold: float) -> float:
    """Return when the first hit that was not good ended in [start, end); else the start."""
    first = np.inf
    for rows in journal.hits.pieces():
        at, good = _ended(rows)
        inside = at[~good & (at >= start) & (at < end)]
        first = min(first, float(inside.min(initial=np.inf)))
    return start if first == np.inf else first


def in_flight(journal: Journal) -> Series:
    """Requests sent and not yet done, four times a second. Pending ones stay in flight."""
    hits = journal.hits
    if not len(hits):
        return _NOTHING
    (first,), (last,) = (hits.column(_due, np.float64, row, row + 1) for row in (0, len(hits) - 1))
    at = np.arange(first, last + BUCKET / 4, BUCKET / 4)
    change = np.zeros(len(at) + 1, np.int64)
    any_sent = False
    for rows in hits.pieces():
        sent = rows["sent"][(rows["outcome"] != Outcome.UNSENT) & ~np.isnan(rows["sent"])]
        done = rows["done"][~np.isnan(rows["done"])]
        any_sent = any_sent or bool(len(sent))
        # sent before an instant and not done before it: in flight
        change += np.bincount(np.searchsorted(at, sent, side="right"), minlength=len(change))
        change -= np.bincount(np.searchsorted(at, done, side="right"), minlength=len(change))
    return Series(at, np.cumsum(change)[:-1].astype(np.float64)) if any_sent else _NOTHING


def waits_timed_out(journal: Journal) -> Series:
    """Waits for a connection that timed out since the previous sample."""
    return _increases(journal, Api.POOL_WAITS_TIMED_OUT)


def waits(journal: Journal) -> Series:
    """Waits for a connection since the previous sample, however they ended."""
    return _increases(journal, Api.POOL_WAITS)


def _increases(journal: Journal, gauge: Api) -> Series:
    counter = journal.series(Source.API, gauge)
    return Series(counter.at[1:], np.clip(np.diff(counter.value), 0, None))


def pool_in_use(journal: Journal) -> Series:
    """Connections in use: as the target shows them, else as the database does."""
    own = journal.series(Source.API, Api.POOL_CHECKED_OUT)
    return own if len(own.at) else journal.series(Source.DATABASE, Database.SERVICE_IN_USE)


def pool_share_in_use(journal: Journal) -> Series:
    """Connections in use divided by the pool's size, over time; empty if the size is not known."""
    return _share(pool_in_use(journal), journal.series(Source.API, Api.POOL_SIZE))


def pool_share_of_limit(journal: Journal) -> Series:
    """Sessions of the service's role that are not idle, divided by as many as it may have: at most the pool's share."""
    return _share(
        journal.series(Source.DATABASE, Database.SERVICE_IN_USE),
        journal.series(Source.DATABASE, Database.SERVICE_LIMIT),
    )


def database_in_use(journal: Journal) -> Series:
    """Database connections divided by max_connections."""
    return _share(
        journal.series(Source.DATABASE, Database.CONNECTIONS),
        journal.series(Source.DATABASE, Database.MAX_CONNECTIONS),
    )


def _share(used: Series, most: Series) -> Series:
    """One series divided by another, interpolated; without the points at which that one is not above zero."""
    if not len(used.at) or not len(most.at):
        return _NOTHING
    divisors = np.interp(used.at, most.at, most.value)
    sized = divisors > 0
    return Series(used.at[sized], used.value[sized] / divisors[sized])


def _second(at: Times) -> Counts:
    return np.floor(at / BUCKET).astype(np.int64)


def _due(rows: HitTable) -> Times:
    due: Times = rows["due"]
    return due


def _ended(rows: HitTable) -> tuple[Times, Flags]:
    """Return when each sent hit ended (or was due, if it never ended), and whether it was good."""
    rows = rows[rows["outcome"] != Outcome.UNSENT]
    return np.where(np.isnan(rows["done"]), rows["due"], rows["done"]), stored.good(rows)
