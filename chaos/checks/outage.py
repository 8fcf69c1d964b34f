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

At 12 hits a second one bad hit is a second below 99 %, and two in ten seconds are no sustained service: so few hits
show that service may have been out, and do not prove it. That is why outages are read twice. A `possible` one follows
from the ratios alone, as above; it may be longer than the truth. A `proven` one lies within a possible one, may be
shorter than the truth, and rests on `rule.min_bad` bad hits:
- it begins with the first bad hit from which so many are bad, and the ratio is below, in `rule.window` seconds, or
  in twice so many hits where those seconds hold fewer;
- fewer bad ones in the stretch from a window on that is below make it a blip, and that stretch holds so many hits at
  least, be it longer than `rule.sustained`;
- it ends where the ratio says so, or before that with the first good hit from which none is bad for `rule.window`
  seconds, and fewer than so many for `rule.sustained`;
- one that holds fewer bad ones is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets
from chaos.spec.experiment import Outage as Rule

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


def possible(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Every possible outage among the hits due in [start, end), in order of time. `due` is ascending."""
    return _outages(due, good, start, end, rule, 1)


def lasting(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """The possible ones, but for one that goes on when the observation ends and in which none is proven: a bad hit in
    the last second is not taken for the beginning of an outage."""
    found = possible(due, good, start, end, rule)
    if not found or found[-1].end is not None:
        return found
    shown = any(outage.start >= found[-1].start for outage in proven(due, good, start, end, rule))
    return found if shown else found[:-1]


def proven(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """The same of those that are proven."""
    return _outages(due, good, start, end, rule, rule.min_bad)


def _outages(due: Times, good: Flags, start: float, end: float, rule: Rule, min_bad: int) -> list[Outage]:
    if len(due) == 0:
        return []
    service = _Service(due, good, end, rule, min_bad)
    firsts = _first_of_each_window(due, start, rule.window)
    suspects = firsts[service.below(firsts, np.append(firsts[1:], len(due)))]
    found: list[Outage] = []
    back = -np.inf  # when the last outage ended
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
    """Whether service was good, asked of some hits at a time: of ten million at once it would fill memory."""

    def __init__(self, due: Times, good: Flags, end: float, rule: Rule, min_bad: int) -> None:
        """Fewer than `min_bad` bad hits do not show that service was out."""
        self._due, self._good, self._end, self._rule, self._min_bad = due, good, end, rule, min_bad
        self._before = np.zeros(len(good) + 1, np.int32)  # how many good ones come before each hit
        np.cumsum(good, out=self._before[1:])

    def below(self, low: Counts, high: Counts) -> Flags:
        """Where the hits [low, high) do not meet the ratio."""
        return ~meets(self._good_ones(low, high), high - low, self._rule.below)

    def met(self, low: Counts, high: Counts) -> Flags:
        """Where the hits [low, high) meet the ratio, or too few of them are bad to tell."""
        bad = high - low - self._good_ones(low, high)
        result: Flags = ~self.below(low, high) | (bad < self._min_bad)
        return result

    def begins(self, first: int, later: int | None) -> int | None:
        """The first bad hit from `first` on that shows service to be out; None when no hit before `later` does, or
        when too few are bad from there until then."""
        last = len(self._due) if later is None else later
        if self._min_bad == 1:  # each bad hit shows it, and a window below the ratio has one
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
        """Where service was from each of the hits on, by as many hits as it takes to show that it was not."""
        low, high = self._stretch(hits)
        return self.met(low, np.minimum(np.maximum(high, low + self._min_bad), len(self._due)))

    def _good_ones(self, low: Counts, high: Counts) -> Counts:
        return (self._before[high] - self._before[low]).astype(np.int64)

    def recovers_from(self, first: int) -> int | None:
        """The first hit from `first` on from which service is sustained; None when there is none."""
        for begin in range(first, len(self._due), PIECE):
            hits = np.arange(begin, min(begin + PIECE, len(self._due)))
            low, high = self._stretch(hits)
            watched = self._due[hits] + self._rule.sustained <= self._end
            recovers = self._back(hits, low, high) & (high - low >= 2) & watched
            if recovers.any():
                return begin + int(np.argmax(recovers))
        return None

    def good_at_the_end_since(self, first: int) -> float | None:
        """The due time of the first good hit from `first` on from which service met the ratio until the
        observation ended, for less than it had to: at least two hits; None when there is none."""
        begin = max(first, int(np.searchsorted(self._due, self._end - self._rule.sustained, "right")))
        for low in range(begin, len(self._due) - 1, PIECE):
            hits = np.arange(low, min(low + PIECE, len(self._due) - 1))
            good = self._back(hits, hits, np.full(len(hits), len(self._due)))
            if good.any():
                return float(self._due[low + int(np.argmax(good))])
        return None

    def _back(self, hits: Counts, low: Counts, high: Counts) -> Flags:
        """Where a hit is good, and service is from it on, over the hits [low, high)."""
        soon = np.searchsorted(self._due, self._due[hits] + self._rule.window)
        clean = self._good_ones(low, soon) == soon - low
        few = self.met(low, high) & clean
        result: Flags = self._good[hits] & (~self.below(low, high) | few)
        return result

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
