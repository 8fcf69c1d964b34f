"""Outages: when service was out and when it was back. Pure functions of due times and good flags.

The play is cut into windows of `rule.window` seconds from its start; a window without hits keeps the state
before it. An outage begins at the due time of the first bad hit of the first window whose ratio of good
hits is below `rule.below`, and ends at that of the first good hit from which service is sustained: at least
two hits are due in the `rule.sustained` seconds from it on, including itself, their ratio is not below, and
all of that stretch was observed. So a single lucky request is not a recovery. Neither is a good end that was
not watched for long enough, but it is no failure to recover either: `good_since` holds its start.

A window below the ratio is a blip, not an outage, if the hits due in the `rule.sustained` seconds from its
first hit on (or in the rest of the observation) are not below the ratio: service was sustained. The same
holds if service was sustained from a later hit in it that is due before its first bad one.

At 12 hits a second, one bad hit puts a second below 99 %, and two in ten seconds break sustained service: so few hits
suggest an outage but do not prove one. That is why outages are read twice. A `possible` one follows from the ratios
alone, as above; it may be longer than the truth. A `proven` one lies within a possible one, may be shorter than the
truth, and rests on `rule.min_bad` bad hits:
- it begins with the first bad hit from which that many are bad, and the ratio is below, in `rule.window` seconds, or
in twice that many hits if those seconds contain fewer;
- with fewer bad ones in the stretch that begins at a window below, it is a blip; that stretch contains at least
`rule.min_bad` hits, even if it gets longer than `rule.sustained`;
- it ends as by the ratio, or earlier with the first good hit from which none is bad for `rule.window` seconds, and
fewer than `rule.min_bad` for `rule.sustained`;
- one with fewer bad hits does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets
from chaos.spec.experiment import Outage as Rule

PIECE = 1 << 16  # hits processed at a time


@dataclass(frozen=True, slots=True)
class Outage:
    """From `start` to `end` on the hits' clock; `end` is None if it outlasted the observation."""

    start: float
    end: float | None
    observed: float  # end of the observation
    good_since: float | None = None  # if it did not end: since when service was good, but not long enough

    @property
    def length(self) -> float:
        """Length in seconds; a lower bound if it did not end."""
        return (self.observed if self.end is None else self.end) - self.start


def possible(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Return every possible outage among the hits due in [start, end), in order of time. `due` is ascending."""
    return _outages(due, good, start, end, rule, 1)


def lasting(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Return the possible outages, except one that lasts until the end of the observation without a proven one in it: a
    bad hit in the last second does not count as the beginning of an outage."""
    found = possible(due, good, start, end, rule)
    if not found or found[-1].end is not None:
        return found
    shown = any(outage.start >= found[-1].start for outage in proven(due, good, start, end, rule))
    return found if shown else found[:-1]


def proven(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Return the proven outages in the same way."""
    return _outages(due, good, start, end, rule, rule.min_bad)


def _outages(due: Times, good: Flags, start: float, end: float, rule: Rule, min_bad: int) -> list[Outage]:
    if len(due) == 0:
        return []
    service = _Service(due, good, end, rule, min_bad)
    firsts = _first_of_each_window(due, start, rule.window)
    suspects = firsts[service.below(firsts, np.append(firsts[1:], len(due)))]
    found: list[Outage] = []
    back = -np.inf  # end of the last outage
    for first in suspects[~service.sustained(suspects)]:
        if due[first] <= back:
            continue
        later = service.recovers_from(int(first))
        begin = service.begins(int(first), later)
        if begin is not None:
            since = service.good_at_the_end_since(int(first)) if later is None else None
            back_at = None if later is None else float(due[later])
            found.append(Outage(float(due[begin]), back_at, end, since))
        if later is None:
            break
        back = float(due[later])
    return found


class _Service:
    """Whether service was good, for some hits at a time: ten million at once would fill memory."""

    def __init__(self, due: Times, good: Flags, end: float, rule: Rule, min_bad: int) -> None:
        """Fewer than `min_bad` bad hits do not prove an outage."""
        self._due, self._good, self._end, self._rule, self._min_bad = due, good, end, rule, min_bad
        self._before = np.zeros(len(good) + 1, np.int32)  # good hits before each hit
        np.cumsum(good, out=self._before[1:])

    def below(self, low: Counts, high: Counts) -> Flags:
        """Return where the hits [low, high) do not meet the ratio."""
        return ~meets(self._good_ones(low, high), high - low, self._rule.below)

    def met(self, low: Counts, high: Counts) -> Flags:
        """Return where the hits [low, high) meet the ratio, or too few of them are bad to tell."""
        bad = high - low - self._good_ones(low, high)
        result: Flags = ~self.below(low, high) | (bad < self._min_bad)
        return result

    def begins(self, first: int, later: int | None) -> int | None:
        """Return the first bad hit from `first` on that proves an outage; None if no hit before `later` does, or if too
        few are bad in between."""
        last = len(self._due) if later is None else later
        if self._min_bad == 1:  # each bad hit proves it, and a window below the ratio has one
            found = first + int(np.argmin(self._good[first:]))
            return found if found < last else None
        for begin in range(first, last, PIECE):
            hits = np.arange(begin, min(begin + PIECE, last))
            hits = hits[~self._good[hits]]
            high = np.searchsorted(self._due, self._due[hits] + self._rule.window)
            high = np.minimum(np.maximum(high, hits + 2 * self._min_bad), len(self._due))
            shows = ~self.met(hits, high)
            if shows.any():
                found = int(hits[np.argmax(shows)])
                return found if self._bad(found, last) >= self._min_bad else None
        return None

    def _bad(self, low: int, high: int) -> int:
        return int(high - low - (self._before[high] - self._before[low]))

    def sustained(self, hits: Counts) -> Flags:
        """Return where service was good from each hit on, by as many hits as needed to prove the opposite."""
        low, high = self._stretch(hits)
        return self.met(low, np.minimum(np.maximum(high, low + self._min_bad), len(self._due)))

    def _good_ones(self, low: Counts, high: Counts) -> Counts:
        return (self._before[high] - self._before[low]).astype(np.int64)

    def recovers_from(self, first: int) -> int | None:
        """Return the first hit from `first` on from which service is sustained; None if there is none."""
        for begin in range(first, len(self._due), PIECE):
            hits = np.arange(begin, min(begin + PIECE, len(self._due)))
            low, high = self._stretch(hits)
            watched = self._due[hits] + self._rule.sustained <= self._end
            recovers = self._back(hits, low, high) & (high - low >= 2) & watched
            if recovers.any():
                return begin + int(np.argmax(recovers))
        return None

    def good_at_the_end_since(self, first: int) -> float | None:
        """Return the due time of the first good hit from `first` on from which service met the ratio until the end of
        the observation, for less than required: at least two hits; None if there is none."""
        begin = max(first, int(np.searchsorted(self._due, self._end - self._rule.sustained, "right")))
        for low in range(begin, len(self._due) - 1, PIECE):
            hits = np.arange(low, min(low + PIECE, len(self._due) - 1))
            good = self._back(hits, hits, np.full(len(hits), len(self._due)))
            if good.any():
                return float(self._due[low + int(np.argmax(good))])
        return None

    def _back(self, hits: Counts, low: Counts, high: Counts) -> Flags:
        """Return where a hit is good, and so is service from it on, over the hits [low, high)."""
        soon = np.searchsorted(self._due, self._due[hits] + self._rule.window)
        clean = self._good_ones(low, soon) == soon - low
        few = self.met(low, high) & clean
        result: Flags = self._good[hits] & (~self.below(low, high) | few)
        return result

    def _stretch(self, hits: Counts) -> tuple[Counts, Counts]:
        """Return the hits [low, high) due in the seconds that service has to last, from each hit on."""
        begins = self._due[hits]
        return np.searchsorted(self._due, begins), np.searchsorted(self._due, begins + self._rule.sustained)


def _first_of_each_window(due: Times, start: float, length: float) -> Counts:
    """Return the first hit of each window that has hits."""
    found, last = [], -1
    for begin in range(0, len(due), PIECE):
        window = np.floor((due[begin : begin + PIECE] - start) / length).astype(np.int64)
        found.append(begin + np.flatnonzero(np.diff(window, prepend=last)))
        last = int(window[-1])
    return np.concatenate(found)
