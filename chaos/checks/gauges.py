"""The gauges of the chain, as series over the whole run: from the samples, or from the hits themselves.

A gauge made from hits has a point per second at the start of that second. Latency counts where a hit was due,
and a failure where it showed: a request that failed because of a full pool was due before the pool was full.
"""

from __future__ import annotations

import numpy as np

from chaos import hits
from chaos.checks.exact import Times, percentile
from chaos.hits import Outcome
from chaos.journal import Journal, Series

BUCKET = 1.0  # seconds
_NOTHING = Series(np.empty(0), np.empty(0))


def latency(journal: Journal) -> Series:
    """Of each hit that ended, seconds from due to done: of a timeout, what was waited."""
    table = journal.hits[~np.isnan(journal.hits["done"])]
    return Series(table["due"], table["done"] - table["due"])


def not_good(journal: Journal) -> Series:
    """Of each hit that was sent, in order of its end, 1 where it was not good, else 0. What never ended
    counts where it was due."""
    table = journal.hits[journal.hits["outcome"] != Outcome.UNSENT]
    at = np.where(np.isnan(table["done"]), table["due"], table["done"])
    order = np.argsort(at, kind="stable")
    return Series(at[order], (~hits.good(table)).astype(np.float64)[order])


def p95_by_second(each: Series) -> Series:
    """The p95 of each second's hits. No point without hits."""
    starts, groups = _seconds(each)
    return Series(starts, np.array([percentile(group, 95) for group in groups], dtype=np.float64))


def mean_by_second(each: Series) -> Series:
    """The mean of each second's hits. No point without hits."""
    starts, groups = _seconds(each)
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


def _seconds(each: Series) -> tuple[Times, list[Times]]:
    """The start of each second that has hits, and the values of its hits."""
    if not len(each.at):
        return np.empty(0), []
    starts, firsts = np.unique(np.floor(each.at / BUCKET), return_index=True)
    return starts * BUCKET, np.split(each.value, firsts[1:])
