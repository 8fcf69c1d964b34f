"""The hits due in the play, which were good, and which the instrument cannot vouch for.

A hit is indeterminate when
- it was due, or done, in a window in which the instrument's own lag or run-delay exceeded its bound;
- it was due where the instrument left no record of itself (the load process had died, or never ran);
- it was never sent because the play was cut short before it was due;
- it was still pending when the instrument's record ends, before its timeout had passed;
- no hit of the whole run, baseline included, was ever answered: then the load never reached the target.
Every other hit that is not good is bad: nothing that was due is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos import hits
from chaos.checks.exact import Flags, Times
from chaos.experiment import Experiment, Honesty
from chaos.hits import HitTable, Outcome
from chaos.journal import Journal

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


def windows(honesty: Honesty, journal: Journal) -> Windows:
    """The instrument's windows against the bounds. Where the run-delay is null, the lag alone is judged."""
    lines = sorted(
        (line for line in journal.instrument if line["end"] > line["start"]), key=lambda line: line["end"]
    )
    doubted = [
        line["lag"] > honesty.lag
        or (line.get("run_delay") or 0.0) > honesty.run_delay * (line["end"] - line["start"])
        for line in lines
    ]
    start = np.array([line["start"] for line in lines], dtype=np.float64)
    end = np.array([line["end"] for line in lines], dtype=np.float64)
    return Windows(start, end, np.array(doubted, dtype=np.bool_), honesty.window / 2)


@dataclass(frozen=True, slots=True)
class Observation:
    """The hits due in the play as it was planned: arrays of the same length, in order of `due`.

    `start`, `end` and `ended` are seconds of the run clock: the planned play, and where it really ended.
    """

    start: float
    end: float
    ended: float
    table: HitTable
    good: Flags
    indeterminate: Flags
    reached: bool  # some hit of the run was answered

    @property
    def due(self) -> Times:
        due: Times = self.table["due"]
        return due

    @property
    def offered(self) -> Flags:
        """The hits that were not merely left out by a play cut short: what the figures are about."""
        offered: Flags = ~(self.indeterminate & (self.table["outcome"] == Outcome.UNSENT))
        return offered

    @property
    def at_worst(self) -> Flags:
        """Good, were every indeterminate hit bad."""
        return self.good & ~self.indeterminate

    @property
    def at_best(self) -> Flags:
        """Good, were every indeterminate hit good."""
        return self.good | self.indeterminate

    @property
    def latency(self) -> Times:
        """Seconds from due to done; infinite for a hit that was not good."""
        latency: Times = np.where(self.good, self.table["done"] - self.table["due"], np.inf)
        return latency

    @property
    def latency_at_worst(self) -> Times:
        return np.where(self.indeterminate, np.inf, self.latency)

    @property
    def latency_at_best(self) -> Times:
        return np.where(self.indeterminate, 0.0, self.latency)


def observe(experiment: Experiment, journal: Journal) -> Observation | None:
    """What was seen of the play; None when there was none."""
    play = journal.play
    begun = journal.last("run", "play", "begun")
    if play is None or begun is None:
        return None
    end = play.start + float(begun.detail.get("length", experiment.load.length))
    table = hits.select(journal.hits, play.start, end)
    reached = bool(np.isin(journal.hits["outcome"], ANSWERED).any())
    seen = windows(experiment.honesty, journal)
    ended = min(play.end, end)
    indeterminate = _indeterminate(table, seen, ended, experiment.load.timeout)
    if not reached:
        indeterminate = np.ones(len(table), dtype=np.bool_)
    return Observation(play.start, end, ended, table, hits.good(table), indeterminate, reached)


def _indeterminate(table: HitTable, seen: Windows, ended: float, timeout: float) -> Flags:
    due, outcome = table["due"], table["outcome"]
    doubted = seen.doubts(due) | seen.doubts(table["done"]) | ~seen.covers(due)
    cut = (outcome == Outcome.UNSENT) & (due >= ended)
    unfinished = (outcome == Outcome.PENDING) & (due + timeout > seen.last())
    result: Flags = doubted | cut | unfinished
    return result
