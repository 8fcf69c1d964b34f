"""The hits due in the play, which were good, and which the instrument cannot vouch for.

A hit is indeterminate when
- it was due, or done, in a window in which the instrument's own lag or run-delay exceeded its bound, which follows
  what is judged (see `instrument`);
- it was due where the instrument left no record of itself (the load process had died, or never ran);
- it was never sent because the play was cut short before it was due, or it was under way then;
- it was still pending when the instrument's record ends, before its timeout had passed;
- no hit of the whole run, baseline included, was ever answered: then the load never reached the target.
Every other hit that is not good is bad: nothing that was due is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chaos.checks.bounds import Bound
from chaos.checks.exact import Codes, Flags, Times
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.record.journal import Journal, Span
from chaos.record.stored_hits import StoredHits
from chaos.spec.experiment import Load

ANSWERED = (Outcome.GOOD, Outcome.BAD_STATUS, Outcome.BAD_BODY)


@dataclass(frozen=True, slots=True)
class Windows:
    """What the instrument says about itself, in order of time: [start, end) and whether to doubt it."""

    start: Times
    end: Times
    doubted: Flags
    slack: float  # a gap between two windows up to this many seconds is none

    def last(self) -> float:
        return float(self.end[-1]) if len(self.end) else -np.inf

    def covers(self, at: Times) -> Flags:
        """Where an instant lies in some window."""
        index, known = self._find(at)
        return known & (self.start[index] - self.slack <= at) if len(self.end) else known

    def doubts(self, at: Times) -> Flags:
        """Where an instant lies in a window to doubt; an instant in no window is not doubted here."""
        index, known = self._find(at)
        return known & self.doubted[index] & (self.start[index] <= at) if len(self.end) else known

    def _find(self, at: Times) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Flags]:
        """The first window that ends after each instant, and whether there is one."""
        index = np.searchsorted(self.end, at, side="right")
        known = (index < len(self.end)) & ~np.isnan(at)
        return np.minimum(index, max(len(self.end) - 1, 0)), known


def windows(held_to: Bound, journal: Journal) -> Windows:
    """The instrument's windows against the bound. Where the run-delay is null, the lag alone is judged."""
    lines = sorted(
        (line for line in journal.instrument if line["end"] > line["start"]), key=lambda line: line["end"]
    )
    doubted = [held_to.exceeded(line) for line in lines]
    start = np.array([line["start"] for line in lines], dtype=np.float64)
    end = np.array([line["end"] for line in lines], dtype=np.float64)
    return Windows(start, end, np.array(doubted, dtype=np.bool_), held_to.slack)


@dataclass(frozen=True, slots=True)
class Observation:
    """The hits due in the play as it was planned: arrays of the same length, in order of `due`.

    `start`, `end` and `ended` are seconds of the run clock: the planned play, and where it really ended.
    Latencies are not kept: they are read from the stored hits, of which these are those from `first` on.
    """

    start: float
    end: float
    ended: float
    cut: float  # from when on what was not sent was left out: where it ended, or was aborted and only watched
    hits: StoredHits
    first: int
    due: Times
    route: Codes
    good: Flags
    unsent: Flags
    indeterminate: Flags
    reached: bool  # some hit of the run was answered
    watched_on: bool  # after an abort, at a gentle rate, until `ended`
    held_to: Bound  # beyond it the instrument is doubted

    def __len__(self) -> int:
        return len(self.due)

    @property
    def offered(self) -> Flags:
        """The hits that were not merely left out by a play cut short: what the figures are about."""
        offered: Flags = ~(self.indeterminate & self.unsent)
        return offered

    @property
    def at_worst(self) -> Flags:
        """Good, were every indeterminate hit bad."""
        return self.good & ~self.indeterminate

    @property
    def at_best(self) -> Flags:
        """Good, were every indeterminate hit good."""
        return self.good | self.indeterminate

    def latency(self, chosen: slice | Flags) -> Times:
        """Of the chosen hits, seconds from due to done; infinite for a hit that was not good.

        A new array each time, the caller's to change.
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
        """The hits that were good and took no longer than `threshold` seconds."""
        end = self.first + len(self)
        return self.hits.column(lambda rows: _latency(rows) <= threshold, np.bool_, self.first, end)


def doubted_beyond(seen: Observation, journal: Journal, timeout: float, held_to: Bound) -> Observation:
    """The same hits, with another view of which of them the instrument can vouch for."""
    indeterminate = np.empty(len(seen), np.bool_)
    known, at = windows(held_to, journal), 0
    for rows in journal.hits.pieces(seen.first, seen.first + len(seen)):
        found = True if not seen.reached else _indeterminate(rows, known, seen, timeout)
        indeterminate[at : at + len(rows)] = found
        at += len(rows)
    return replace(seen, indeterminate=indeterminate, held_to=held_to)


def _watched_on(journal: Journal) -> Span | None:
    """From the abort to the end of what was watched after it."""
    ended = journal.last("run", "aftermath", "ended")
    return None if ended is None else Span(float(ended.detail["start"]), ended.at)


def observe(load: Load, journal: Journal, held_to: Bound, *, whole: bool = False) -> Observation | None:
    """What was seen of the play, the instrument held to the bound; None when there was no play. `whole`: beyond its
    planned end, where it was aborted and the service was watched for longer."""
    play = journal.play
    begun = journal.last("run", "play", "begun")
    if play is None or begun is None:
        return None
    ended_by = journal.last("run", "play", "ended")
    settled = ended_by is not None and bool(ended_by.detail.get("settled"))  # a drill that was over earlier
    end = play.end if settled else play.start + float(begun.detail.get("length", load.length))
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
    """Room for due, route, good and unsent; which are indeterminate is not known yet."""
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
