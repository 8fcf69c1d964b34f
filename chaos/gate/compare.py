"""Compare a run with its baseline, figure by figure: with the median of the baseline's runs, and their spread."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from statistics import median, stdev
from typing import Literal

from chaos.checks.figure import Figure, Room, Tolerance
from chaos.checks.figures import every
from chaos.checks.text import as_bound, many
from chaos.gate.case import Case, CaseOutcome
from chaos.gate.tolerance import Tolerances
from chaos.history.entry import Figures

NOISE = 1e-9  # rounding of floats
ENOUGH = 5  # least runs that show how much a figure varies by itself
WIDE = 4.0  # times that spread: a sound run exceeds it by chance once in some hundred gates
BEYOND = 10  # least hits beyond a percentile, or it rests on single ones


@dataclass(frozen=True, slots=True)
class Past:
    """One figure in the baseline's runs: `spread` is a standard deviation, None if there are too few runs."""

    value: float
    runs: int
    spread: float | None

    @property
    def called(self) -> str:
        return f"median of {self.runs} runs" if self.runs > 1 else "baseline"


def compare(
    figures: Figures,
    past: Sequence[Figures],
    tolerances: Tolerances,
    *,
    advisory: bool = False,
    lower_bounds: Set[str] = frozenset(),
) -> list[Case]:
    """Return a case per compared figure; it fails if worse by more than allowed. With `advisory` it is reported but
    fails nothing. `lower_bounds` names the run's figures that may be larger."""
    found = []
    for figure in every():
        own = tolerances.get(figure.name)
        left_out = figure.name in tolerances and own is None
        nowhere = figure.rare and all(each.get(figure.name) is None for each in (figures, *past))
        if figure.room is not None and not left_out and not nowhere:
            how = {"advisory": advisory, "lower_bound": figure.name in lower_bounds}
            found.append(_compare(figure, figure.room, figures, past, own, **how))
    return found


def _compare(
    figure: Figure,
    room: Room,
    figures: Figures,
    past: Sequence[Figures],
    given: Tolerance | None,
    *,
    advisory: bool,
    lower_bound: bool,
) -> Case:
    name, instead = _percentile(figure, [figures, *past])
    if not name:
        return Case("baseline", figure.name, "not exercised", instead, unit=figure.unit)
    measured, before = figures.get(name), _past([each.get(name) for each in past])
    if before is None:
        because = f"the baseline has no {name}{' of this seed' if figure.of_seed else ''}"
        return Case("baseline", name, "not exercised", because, measured, None, figure.unit)
    if measured is None:
        because = f"{name} was not measured, but the baseline has {_seen(figure, before.value, past)}"
        return Case("baseline", name, "unknown", because, None, None, figure.unit)
    if not figure.exercised(measured):
        told = f"{name}: {_seen(figure, measured, [figures])}, {before.called} {_seen(figure, before.value, past)}"
        return Case("baseline", name, "not exercised", told, unit=figure.unit)
    most = _allowed(room, before, given)
    worse_by = (1 if figure.higher_is_better else -1) * _difference(before.value, measured)
    outcome: CaseOutcome = "pass" if worse_by <= most + NOISE else "advisory" if advisory else "fail"
    now = as_bound(figure.show(measured), figure.unit, lower_bound=lower_bound)
    then = _seen(figure, before.value, past)
    because = f"{name} {now}, {before.called} {then}{_worse(figure, worse_by, most)}{instead}"
    limit = before.value - most if figure.higher_is_better else before.value + most
    sign: Literal["≤", "≥"] = "≥" if figure.higher_is_better else "≤"
    return Case("baseline", name, outcome, because, measured, limit, figure.unit, sign, lower_bound)


def _worse(figure: Figure, by: float, room: float) -> str:
    if by <= 0:
        return ""
    return f": worse by {figure.show_difference(by)}, {figure.show_difference(room)} allowed"


def _seen(figure: Figure, value: float, runs: Sequence[Figures]) -> str:
    """Show a value of these runs; the 0 of a figure that none of them exercised in words."""
    if figure.exercised(value):
        return figure.show(value)
    return "none" if any(each.get("rto") for each in runs) else "no outage"


def _allowed(room: Room, before: Past, given: Tolerance | None) -> float:
    """Return how much worse the figure may be."""
    if given is not None:
        return given.allowed(before.value)
    if before.spread is None:
        return room.unknown.allowed(before.value)
    return max(room.known.allowed(before.value), WIDE * before.spread)


def _past(values: Sequence[float | None]) -> Past | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    middle = median(known)
    if len(known) < ENOUGH:
        return Past(middle, len(known), None)
    finite = [value for value in known if math.isfinite(value)]
    return Past(middle, len(known), stdev(finite) if len(finite) > 1 else 0.0)


def _percentile(figure: Figure, runs: Sequence[Figures]) -> tuple[str, str]:
    """Return the percentile that rests on enough hits in each run, and a note if it is not the requested one; an empty
    name if none does."""
    if figure.rank is None:
        return figure.name, ""
    hits = min((each["hits"] or 0.0 for each in runs), default=0.0)
    for each in [figure, *(other for other in every() if other.name == figure.stand_in)]:
        if _beyond(each, hits) >= BEYOND:
            of = f"of {many(int(hits), 'hit')} {int(_beyond(figure, hits))} lie beyond it, {BEYOND} required"
            return each.name, f" (instead of {figure.name}: {of})" if each is not figure else ""
    return "", f"no percentile rests on enough of {many(int(hits), 'hit')}"


def _beyond(percentile: Figure, hits: float) -> float:
    """Return how many of `hits` lie beyond the percentile."""
    return hits * (100 - (percentile.rank or 0)) / 100


def _difference(a: float, b: float) -> float:
    return 0.0 if a == b else a - b  # two infinities are equal
