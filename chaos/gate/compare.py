"""A run against its baseline, figure by figure: against the median of the runs there are, and their spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, stdev

from chaos.checks.text import many
from chaos.gate.case import Case, CaseOutcome
from chaos.gate.tolerance import FIGURES, Figure, Tolerance, Tolerances
from chaos.history.entry import Figures

NOISE = 1e-9  # of adding and multiplying floats
ENOUGH = 5  # runs that show how much a figure varies by itself
WIDE = 4.0  # times that spread: beyond it chance brings a sound run once in some hundred gates
BEYOND = 10  # hits beyond a percentile, or it is a matter of single ones
LOWER = {"p99": ("p99", "p95")}  # the p50 is compared anyway


@dataclass(frozen=True, slots=True)
class Past:
    """What one figure was in the runs of the baseline: `spread` is a standard deviation, None where too few runs
    show it."""

    value: float
    runs: int
    spread: float | None


def compare(
    figures: Figures, past: Sequence[Figures], tolerances: Tolerances, *, advisory: bool = False
) -> list[Case]:
    """A case for each figure that is compared: it fails where it is worse by more than is allowed. With
    `advisory` it says so, and fails nothing."""
    found = []
    for figure in FIGURES:
        given = tolerances.get(figure.name, figure.unknown)
        if given is not None:
            own = given if figure.name in tolerances else None
            found.append(_compare(figure, figures, past, own, advisory=advisory))
    return found


def _compare(
    figure: Figure,
    figures: Figures,
    past: Sequence[Figures],
    given: Tolerance | None,
    *,
    advisory: bool,
) -> Case:
    name, instead = _percentile(figure, [figures, *past])
    if not name:
        return Case("baseline", figure.name, "not exercised", instead, unit=figure.unit)
    measured, before = figures[name], _past([each[name] for each in past])
    if before is None:
        because = f"the baseline has no {name}"
        return Case("baseline", name, "not exercised", because, measured, None, figure.unit)
    if measured is None:
        because = f"{name} was not measured, and the baseline has {figure.show(before.value)}"
        return Case("baseline", name, "unknown", because, None, None, figure.unit)
    room = _room(figure, before, given)
    worse_by = (1 if figure.higher_is_better else -1) * _difference(before.value, measured)
    outcome: CaseOutcome = "pass" if worse_by <= room + NOISE else "advisory" if advisory else "fail"
    because = _because(figure, name, measured, before, worse_by, room) + instead
    limit = before.value - room if figure.higher_is_better else before.value + room
    return Case("baseline", name, outcome, because, measured, limit, figure.unit)


def _because(figure: Figure, name: str, measured: float, before: Past, worse_by: float, room: float) -> str:
    of = f"median of {before.runs} runs" if before.runs > 1 else "baseline"
    told = f"{name} {figure.show(measured)}, {of} {figure.show(before.value)}"
    return told + (f": worse by {figure.show(worse_by)}, {figure.show(room)} allowed" if worse_by > 0 else "")


def _room(figure: Figure, before: Past, given: Tolerance | None) -> float:
    """How much worse the figure may be."""
    if given is not None:
        return given.allowed(before.value)
    if before.spread is None:
        return figure.unknown.allowed(before.value)
    return max(figure.known.allowed(before.value), WIDE * before.spread)


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
    """The percentile that rests on enough hits in each run, and what to say where it is not the one asked for;
    no name where none does."""
    if not figure.name.startswith("p") or not figure.name[1:].isdecimal():
        return figure.name, ""
    hits = min((each["hits"] or 0.0 for each in runs), default=0.0)
    for name in LOWER.get(figure.name, (figure.name,)):
        if hits * (100 - int(name[1:])) / 100 >= BEYOND:
            beyond = hits * (100 - int(figure.name[1:])) / 100
            of = f"of {many(int(hits), 'hit')} {int(beyond)} lie beyond it, {BEYOND} are needed"
            return name, f" (in place of {figure.name}: {of})" if name != figure.name else ""
    return "", f"no percentile rests on enough of {many(int(hits), 'hit')}"


def _difference(a: float, b: float) -> float:
    return 0.0 if a == b else a - b  # two infinities do not differ
