"""The hits due in the play: which were good, and which are indeterminate.

A hit is indeterminate if
- it was due or done in a window in which the instrument's own lag or run-delay exceeded its bound, which depends on
what is judged (see `instrument`);
- it was due while the instrument left no record (the load process had died, or never ran);
- it was never sent because the play was cut short before it was due, or it was in flight then;
- it was still pending at the end of the instrument's record, before its timeout had passed;
- no hit of the whole run, including the baseline, was ever answered: then the load never reached the target.
Every other hit that is not good is bad: no due hit is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chaos.checks.bounds import Bound
from chaos.checks.exact import Codes, Flags, Times
from chaos.record import hits
from chaos.record.events import AftermathEnded, PlayBegun, PlayEnded
from chaos.record.hits import UNEXPECTED, HitTable, Outcome
from chaos.record.journal import Journal, Span
from chaos.record.stored_hits import StoredHits
from chaos.spec.load import Load

ANSWERED = (Outcome.GOOD, *UNEXPECTED)


@dataclass(frozen=True, slots=True)
class Windows:
    """The instrument's record of itself, in order of time: [start, end) and whether it is in doubt."""

    start: Times
    end: Times
    doubted: Flags
    slack: float  # gaps between windows of up to this many seconds are ignored

    def last(self) -> float:
        return float(self.end[-1]) if len(self.end) else -np.inf

    def covers(self, at: Times) -> Flags:
        """Return which instants are in some window."""
        index, known = self._find(at)
        return known & (self.start[index] - self.slack <= at) if len(self.end) else known

    def doubts(self, at: Times) -> Flags:
        """Return which instants are in a window in doubt; one in no window is not in doubt here."""
        index, known = self._find(at)
        return known & self.doubted[index] & (self.start[index] <= at) if len(self.end) else known

    def _find(self, at: Times) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Flags]:
        """Return the first window that ends after each instant, and whether there is one."""
        index = np.searchsorted(self.end, at, side="right")
        known = (index < len(self.end)) & ~np.isnan(at)
        return np.minimum(index, max(len(self.end) - 1, 0)), known


def windows(held_to: Bound, journal: Journal) -> Windows:
    """Judge the instrument's windows by the bound; by the lag alone if the run-delay is null."""
    lines = sorted(
        (line for line in journal.instrument if line["end"] > line["start"]), key=lambda line: line["end"]
    )
    doubted = [held_to.exceeded(line) for line in lines]
    start = np.array([line["start"] for line in lines], dtype=np.float64)
    end = np.array([line["end"] for line in lines], dtype=np.float64)
    return Windows(start, end, np.array(doubted, dtype=np.bool_), held_to.slack)


@dataclass(frozen=True, slots=True)
class Observation:
    """The hits due in the planned play: arrays of the same length, in order of `due`.

    `start`, `end` and `ended` are seconds of the run clock: the planned play, and its actual end. Latencies are read
    from the stored hits when needed, starting at `first`.
    """

    start: float
    end: float
    ended: float
    cut: float  # unsent hits from here on are left out: the play had ended, or was aborted and only watched
    hits: StoredHits
    first: int
    due: Times
    route: Codes
    good: Flags
    unsent: Flags
    indeterminate: Flags
    reached: bool  # at least one hit of the run was answered
    watched_on: bool  # after an abort, at a gentle rate, until `ended`
    held_to: Bound  # beyond it the instrument is in doubt

    def __len__(self) -> int:
        return len(self.due)

    @property
    def offered(self) -> Flags:
        """The hits not left out by a play cut short: those behind the figures."""
        offered: Flags = ~(self.indeterminate & self.unsent)
        return offered

    @property
    def at_worst(self) -> Flags:
        """Good hits if every indeterminate hit is bad."""
        return self.good & ~self.indeterminate

    @property
    def at_best(self) -> Flags:
        """Good hits if every indeterminate hit is good."""
        return self.good | self.indeterminate

    def latency(self, chosen: slice | Flags) -> Times:
        """Return seconds from due to done of the chosen hits; infinite for a hit that was not good.

        A new array each time, which the caller may change.
        """
        if isinstance(chosen, slice):
            low, high, _ = chosen.indices(len(self))
            return self.hits.column(_latency, np.float64, self.first + low, self.first + high)
        found = np.empty(int(np.count_nonzero(chosen)))
        at = filled = 0
        for rows in self.hits.pieces(self.first, self.first + len(self)):
            some = _latency(rows)[chosen[at : at + len(rows)]]
            found[filled : filled + len(some)] = some
            at, filled = at + len(rows), filled + len(some)
        return found

    def within(self, threshold: float) -> Flags:
        """Return the hits that were good and took at most `threshold` seconds."""
        end = self.first + len(self)
        return self.hits.column(lambda rows: _latency(rows) <= threshold, np.bool_, self.first, end)


def doubted_beyond(seen: Observation, journal: Journal, timeout: float, held_to: Bound) -> Observation:
    """Return the same hits with other indeterminate ones."""
    indeterminate = np.empty(len(seen), np.bool_)
    known, at = windows(held_to, journal), 0
    for rows in journal.hits.pieces(seen.first, seen.first + len(seen)):
        found = True if not seen.reached else _indeterminate(rows, known, seen, timeout)
        indeterminate[at : at + len(rows)] = found
        at += len(rows)
    return replace(seen, indeterminate=indeterminate, held_to=held_to)


def _watched_on(journal: Journal) -> Span | None:
    """The span from the abort to the end of the observation."""
    ended = journal.latest(AftermathEnded)
    return None if ended is None or ended.start is None else Span(ended.start, ended.at)


def _last_of_rounds(load: Load, journal: Journal) -> float:
    """Just after the last request of rounds, which each look at the target delays; 0 without any."""
    if load.rounds is None or not len(journal.hits):
        return 0.0
    (rows,) = journal.hits.pieces(len(journal.hits) - 1)
    return float(np.nextafter(rows["due"][-1], np.inf))


def observe(load: Load, journal: Journal, held_to: Bound, *, whole: bool = False) -> Observation | None:
    """Observe the play with the instrument held to the bound; None if there was no play. `whole`: beyond its planned
    end, if it was aborted and the service was watched for longer."""
    play = journal.play
    begun = journal.latest(PlayBegun)
    if play is None or begun is None:
        return None
    ended_by = journal.latest(PlayEnded)
    settled = ended_by is not None and ended_by.settled  # a drill that settled early
    planned = play.start + (load.length if begun.length is None else begun.length)
    end = play.end if settled else max(planned, _last_of_rounds(load, journal))
    on, ended = _watched_on(journal), min(play.end, end)
    if on is not None:
        end = max(end, on.end) if whole else end
        ended = min(on.end, end)
    cut = ended if on is None else play.end
    first, last = journal.hits.first_due(play.start), journal.hits.first_due(end)
    reached = any(np.isin(rows["outcome"], ANSWERED).any() for rows in journal.hits.pieces())
    columns = _columns(max(0, last - first))
    found = Observation(
        play.start,
        end,
        ended,
        cut,
        journal.hits,
        first,
        *columns,
        reached=reached,
        watched_on=on is not None,
        held_to=held_to,
    )
    at = 0
    for rows in journal.hits.pieces(first, last):
        piece = slice(at, at + len(rows))
        found.due[piece], found.route[piece] = rows["due"], rows["route"]
        found.good[piece] = hits.good(rows)
        found.unsent[piece] = rows["outcome"] == Outcome.UNSENT
        at += len(rows)
    return doubted_beyond(found, journal, load.timeout, held_to)


def _columns(length: int) -> tuple[Times, Codes, Flags, Flags, Flags]:
    """Allocate due, route, good and unsent; indeterminate hits are not known yet."""
    flags = (np.empty(length, np.bool_), np.empty(length, np.bool_), np.empty(0, np.bool_))
    return (np.empty(length), np.empty(length, np.uint8), *flags)


def _latency(rows: HitTable) -> Times:
    latency: Times = np.where(hits.good(rows), rows["done"] - rows["due"], np.inf)
    return latency


def _indeterminate(rows: HitTable, seen: Windows, found: Observation, timeout: float) -> Flags:
    due, outcome = rows["due"], rows["outcome"]
    doubted = seen.doubts(due) | seen.doubts(rows["done"]) | ~seen.covers(due)
    cut = (outcome == Outcome.UNSENT) & (due >= found.cut)
    last = min(seen.last(), found.cut) if found.watched_on else seen.last()
    unfinished = (outcome == Outcome.PENDING) & (due + timeout > last)
    result: Flags = doubted | cut | unfinished
    return result
