"""Trends: how an experiment's figures moved from run to run, and which got worse than their history.

The verdict judges one run by its objectives. A trend compares the newest `RECENT` passing runs of the same
experiment, target and profile, with as many links exercised as the newest, with those before them. A figure is a
regression if the newer runs rank worse by the one-sided Mann-Whitney test (p at most `SURE`), and worse by a
relevant amount: their Hodges-Lehmann shift is at least the figure's own least amount, and `SHARE` of the earlier
value (for availability, of the unavailability). With fewer than `ENOUGH` runs on a side there is no regression,
only an advisory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from chaos.checks.figure import Figure
from chaos.checks.figures import every
from chaos.checks.text import many
from chaos.history.entry import Entry
from chaos.history.rank_test import rank_sum_p, shift, smallest_p

RECENT = 5  # newest runs, compared with those before
ENOUGH = 5  # runs on each side
SURE = 0.01
SHARE = 0.05

State = Literal["regression", "advisory", "steady", "too little"]


@dataclass(frozen=True, slots=True)
class Movement:
    """One figure over the nights of a trend, and its assessment.

    `values` has one value per run, None if not measured; `lower_bounds` says of each whether it may be larger. `before`
    and `now` are medians of the passing runs compared, `worse_by` their shift (positive: worse); None if there was
    nothing to compare.
    """

    figure: Figure
    values: tuple[float | None, ...]
    state: State
    because: str
    before: float | None = None
    now: float | None = None
    worse_by: float | None = None
    p: float | None = None
    lower_bounds: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of one experiment, target and profile that passed or failed, oldest first."""

    experiment: str
    target: str
    profile: str | None
    nights: tuple[Entry, ...]
    unknown: int  # runs with that verdict: their figures do not count
    without_verdict: int
    movements: tuple[Movement, ...]

    @property
    def regressions(self) -> tuple[Movement, ...]:
        return tuple(each for each in self.movements if each.state == "regression")


def trends(entries: Iterable[Entry], last: int) -> list[Trend]:
    """Return a trend per group of comparable runs, over the newest `last` of each. `entries`: oldest first."""
    groups: dict[tuple[str, str, str | None], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    return [_trend(found[-last:]) for found in groups.values()]


def _trend(runs: Sequence[Entry]) -> Trend:
    nights = tuple(run for run in runs if run.verdict in ("pass", "fail"))
    experiment, target, profile = runs[0].group
    shown = [
        figure
        for figure in every()
        if figure.least is not None and not (figure.rare and _nowhere(figure, nights))
    ]
    movements = tuple(
        replace(
            _movement(figure, nights),
            lower_bounds=tuple(figure.name in night.lower_bounds for night in nights),
        )
        for figure in shown
    )
    unknown = sum(run.verdict == "unknown" for run in runs)
    without = len(runs) - len(nights) - unknown
    return Trend(experiment, target, profile, nights, unknown, without, movements)


def _nowhere(figure: Figure, nights: Sequence[Entry]) -> bool:
    return all(night.figures.get(figure.name) is None for night in nights)


def _movement(figure: Figure, nights: Sequence[Entry]) -> Movement:
    values = tuple(night.figures.get(figure.name) for night in nights)
    passing = [night for night in nights if night.verdict == "pass"]
    alike = [night for night in passing if night.links_exercised == passing[-1].links_exercised]
    known = [value for night in alike if (value := night.figures.get(figure.name)) is not None]
    recent = min(RECENT, len(known) // 2)
    if recent == 0:
        because = f"{many(len(known), 'passing run')} with this figure: nothing to compare"
        return Movement(figure, values, "too little", because)
    return _compared(figure, values, known[:-recent], known[-recent:])


def _compared(
    figure: Figure, values: tuple[float | None, ...], earlier: Sequence[float], later: Sequence[float]
) -> Movement:
    sign = -1.0 if figure.higher_is_better else 1.0
    worse = [sign * value for value in later], [sign * value for value in earlier]
    p, by = rank_sum_p(*worse), shift(*worse)
    before, now = median(earlier), median(later)
    size = 1 - before if figure.higher_is_better else before
    matters = by >= max(figure.least or 0.0, SHARE * size)
    sides = f"the newest {len(later)} against the {len(earlier)} before"
    moved = (
        f"median {figure.show(before)} → {figure.show(now)}, worse by {figure.show_difference(by)}"
        if by > 0
        else ""
    )
    statistic = f"Mann-Whitney p {p:.2g}"
    state: State = "steady"
    because = f"no worse than its history ({sides}, {statistic})"
    if min(len(later), len(earlier)) < ENOUGH:
        if matters and p <= max(SURE, smallest_p(len(later), len(earlier))):
            state, because = (
                "advisory",
                f"may be getting worse: {moved} ({sides}, at least {ENOUGH} per side required)",
            )
        else:
            state, because = "too little", f"no worse so far ({sides}, at least {ENOUGH} per side required)"
    elif matters and p <= SURE:
        state, because = "regression", f"{moved} ({sides}, {statistic})"
    elif matters:
        because = f"not significantly worse: {moved} ({sides}, {statistic} > {SURE:g})"
    return Movement(figure, values, state, because, before, now, by, p)
