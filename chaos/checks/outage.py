"""Outages: when service was out and when it was back. Pure, over due times and which hits were good.

The play is cut into windows of `rule.window` seconds from its start; a window without hits says nothing,
so the state before it goes on. An outage begins with the due time of the first bad hit of the first window
whose ratio of good hits is below `rule.below`, and ends with that of the first good hit from which service
is sustained: of the hits due in the `rule.sustained` seconds from it on, itself included, there are at
least two, the ratio is not below, and all of that stretch was observed. So a single lucky request is no
recovery. A good end that was not watched for long enough is none either, but no failure to recover:
`good_since` tells it.

A window below the ratio is a blip, and no outage, when the hits due in the `rule.sustained` seconds from
its first hit on (or in what is left of the observation) are not below the ratio: service was sustained. So
it was too when service was sustained from a later hit of it on that is due before its first bad one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets
from chaos.experiment import Outage as Rule

PIECE = 1 << 16  # hits looked at together


@dataclass(frozen=True, slots=True)
class Outage:
    """From `start` to `end` in the clock of the hits; `end` is None when it outlasted the observation."""

    start: float
    end: float | None
    observed: float  # where the observation ended
    good_since: float | None = None  # where it did not end: since when service was good, but not long enough

    @property
    def length(self) -> float:
        """Seconds; at least so many when it did not end."""
        return (self.observed if self.end is None else self.end) - self.start


def outages(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Every outage among the hits due in [start, end), in order of time. `due` is ascending."""
    if len(due) == 0:
        return []
    service = _Service(due, good, end, rule)
    firsts = _first_of_each_window(due, start, rule.window)
    below = ~service.met(firsts, np.append(firsts[1:], len(due)))
    suspects = firsts[below]
    found: list[Outage] = []
    back = -np.inf  # when the last outage ended
    for first in suspects[~service.sustained(suspects)]:
        if due[first] <= back:
            continue
        begin = first + np.argmin(good[first:])  # a window below the ratio has a bad hit
        later = service.recovers_from(int(first))
        if later is None:
            found.append(Outage(float(due[begin]), None, end, service.good_at_the_end_since(int(first))))
            break
        back = float(due[later])
        if back > due[begin]:
            found.append(Outage(float(due[begin]), back, end))
    return found


class _Service:
    """Whether service was good, asked of some hits at a time: of ten million at once it would fill memory."""

    def __init__(self, due: Times, good: Flags, end: float, rule: Rule) -> None:
        self._due, self._good, self._end, self._rule = due, good, end, rule
        self._before = np.zeros(len(good) + 1, np.int32)  # how many good ones come before each hit
        np.cumsum(good, out=self._before[1:])

    def met(self, low: Counts, high: Counts) -> Flags:
        """Where the hits [low, high) meet the ratio."""
        good = self._before[high] - self._before[low]
        return meets(good.astype(np.int64), high - low, self._rule.below)

    def sustained(self, hits: Counts) -> Flags:
        return self.met(*self._stretch(hits))

    def recovers_from(self, first: int) -> int | None:
        """The first hit from `first` on from which service is sustained; None when there is none."""
        for begin in range(first, len(self._due), PIECE):
            hits = np.arange(begin, min(begin + PIECE, len(self._due)))
            low, high = self._stretch(hits)
            watched = self._due[hits] + self._rule.sustained <= self._end
            recovers = self._good[hits] & self.met(low, high) & (high - low >= 2) & watched
            if recovers.any():
                return begin + int(np.argmax(recovers))
        return None

    def good_at_the_end_since(self, first: int) -> float | None:
        """The due time of the first good hit from `first` on from which service met the ratio until the
        observation ended, for less than it had to: at least two hits; None when there is none."""
        begin = max(first, int(np.searchsorted(self._due, self._end - self._rule.sustained, "right")))
        for low in range(begin, len(self._due) - 1, PIECE):
            hits = np.arange(low, min(low + PIECE, len(self._due) - 1))
            good = self._good[hits] & self.met(hits, np.full(len(hits), len(self._due)))
            if good.any():
                return float(self._due[low + int(np.argmax(good))])
        return None

    def _stretch(self, hits: Counts) -> tuple[Counts, Counts]:
        """The hits [low, high) due in the seconds that service has to last, from each of the hits on."""
        begins = self._due[hits]
        return np.searchsorted(self._due, begins), np.searchsorted(self._due, begins + self._rule.sustained)


def _first_of_each_window(due: Times, start: float, length: float) -> Counts:
    """The first hit of each window that has hits."""
    found, last = [], -1
    for begin in range(0, len(due), PIECE):
        window = np.floor((due[begin : begin + PIECE] - start) / length).astype(np.int64)
        found.append(begin + np.flatnonzero(np.diff(window, prepend=last)))
        last = int(window[-1])
    return np.concatenate(found)
