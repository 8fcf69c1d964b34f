"""The gauges of the chain, as series over the whole run: from the samples, or from the hits themselves.

A gauge made from hits has a point per second at the start of that second; hits count where they were due.
So a request that was slow shows when it was asked, not when its answer came.
"""

from __future__ import annotations

import numpy as np

from chaos import hits
from chaos.checks.exact import Times, percentile
from chaos.hits import Outcome
from chaos.journal import Journal, Series

BUCKET = 1.0  # seconds
_NOTHING = Series(np.empty(0), np.empty(0))


def latency_p95(journal: Journal) -> Series:
    """Seconds; infinite where more than 5 % of a second's hits were not good. No point without hits."""
    table = journal.hits
    latency = np.where(hits.good(table), table["done"] - table["due"], np.inf)
    starts, groups = _seconds(table["due"], latency)
    return Series(starts, np.array([percentile(group, 95) for group in groups], dtype=np.float64))


def share_not_good(journal: Journal) -> Series:
    """Of the hits due in each second, the share that was not good. No point without hits."""
    table = journal.hits
    starts, groups = _seconds(table["due"], (~hits.good(table)).astype(np.float64))
    return Series(starts, np.array([group.mean() for group in groups], dtype=np.float64))


def in_flight(journal: Journal) -> Series:
    """Requests sent and not yet done, four times a second. One left pending stays in flight."""
    table = journal.hits
    sent = np.sort(table["sent"][table["outcome"] != Outcome.UNSENT])
    sent = sent[~np.isnan(sent)]
    if not len(sent):
        return _NOTHING
    done = np.sort(table["done"][~np.isnan(table["done"])])
    at = np.arange(table["due"][0], table["due"][-1] + BUCKET / 4, BUCKET / 4)
    return Series(at, (np.searchsorted(sent, at) - np.searchsorted(done, at)).astype(np.float64))


def waits_timed_out(journal: Journal) -> Series:
    """How many waits for a connection timed out since the sample before."""
    counter = journal.series("api", "pool_waits_timed_out")
    return Series(counter.at[1:], np.clip(np.diff(counter.value), 0, None))


def database_in_use(journal: Journal) -> Series:
    """Connections to the database by max_connections."""
    used, most = journal.series("database", "connections"), journal.series("database", "max_connections")
    if not len(used.at) or not len(most.at):
        return _NOTHING
    return Series(used.at, used.value / np.interp(used.at, most.at, most.value))


def _seconds(due: Times, values: Times) -> tuple[Times, list[Times]]:
    """The start of each second that has hits, and the values of its hits."""
    if not len(due):
        return np.empty(0), []
    starts, firsts = np.unique(np.floor(due / BUCKET), return_index=True)
    return starts * BUCKET, np.split(values, firsts[1:])
