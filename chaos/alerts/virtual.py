"""Virtual time: a run's series on the grid of a scrape interval, with its worst moment stretched if asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chaos.alerts.series import Numbers, Sampled, latest
from chaos.record.hits import Outcome
from chaos.record.journal import Journal

STALE = 5.0
"""Seconds after which a sample is stale: a scrape then finds nothing."""

RATE_OVER = 10.0  # seconds before the worst moment; a counter goes on at the rate that it had over them


@dataclass(frozen=True, slots=True)
class Grid:
    """Instants of scrapes on the run's clock, and where the stretch begins."""

    at: Numbers
    step: float
    held_from: int | None = None  # index of the first held instant
    held: int = 0  # instants

    @property
    def length(self) -> float:
        return (len(self.at) + self.held - 1) * self.step

    @property
    def first(self) -> float:
        return float(self.at[0])

    @property
    def end(self) -> float:
        return self.first + self.length

    def virtual(self, instant: float) -> float:
        """Where an instant of the run lies in virtual time."""
        if self.held_from is not None and instant > float(self.at[self.held_from]):
            return instant + self.held * self.step
        return instant

    def values(self, series: Sampled) -> list[float | None]:
        """The series as scraped; None: a scrape finds nothing."""
        index, age = latest(series.at, self.at)
        found: list[float | None] = [
            float(series.values[which]) if old <= STALE else None
            for which, old in zip(index, age, strict=True)
        ]
        if self.held_from is None:
            return found
        return self._stretched(series, found)

    def _stretched(self, series: Sampled, found: list[float | None]) -> list[float | None]:
        assert self.held_from is not None, "asked only of a stretched grid"
        here = found[self.held_from]
        if here is None:
            return [*found[: self.held_from + 1], *[None] * self.held, *found[self.held_from + 1 :]]
        before = max(0, self.held_from - max(1, round(RATE_OVER / self.step)))
        then = found[before]
        rate = 0.0
        if series.counter and then is not None and self.held_from > before:
            rate = max(0.0, here - then) / (self.held_from - before)
        more = [here + rate * (number + 1) for number in range(self.held)]
        shift = rate * self.held
        rest = [None if each is None else each + shift for each in found[self.held_from + 1 :]]
        return [*found[: self.held_from + 1], *more, *rest]


def grid_of(journal: Journal, step: float, hold: float = 0.0, first: float = 0.0) -> Grid:
    """Scrapes every `step` seconds of the run, from `first` on; the worst moment lasts `hold` seconds longer."""
    last = journal.events[-1].at if journal.events else 0.0
    at = np.arange(first, last + step, step)
    if not hold:
        return Grid(at, step)
    return Grid(at, step, _worst(journal, at), max(1, round(hold / step)))


def _worst(journal: Journal, at: Numbers) -> int:
    """The scrape within the play before which the largest share of requests was bad."""
    play = journal.play
    bad, due = np.zeros(len(at)), np.zeros(len(at))
    for piece in journal.hits.pieces():
        index = np.minimum(np.searchsorted(at, piece["due"]), len(at) - 1)
        np.add.at(due, index, 1)
        np.add.at(bad, index, piece["outcome"] != Outcome.GOOD)
    inside = np.ones(len(at), bool) if play is None else (at >= play.start) & (at <= play.end)
    share = np.where(inside & (due > 0), bad / np.maximum(due, 1), -1.0)
    return int(np.argmax(share))


def written(values: Sequence[float | None]) -> str:
    """Values as promtool's `input_series` has them."""
    return " ".join("_" if each is None else _number(each) for each in values)


def _number(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return f"{value:.12g}"


def unique(series: Iterable[Sampled]) -> list[Sampled]:
    """The first of each name and labels."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Sampled] = {}
    for each in series:
        found.setdefault((each.name, tuple(sorted(each.labels.items()))), each)
    return list(found.values())
