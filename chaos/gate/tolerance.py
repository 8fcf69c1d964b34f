"""How much worse than the baseline a figure may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chaos.checks.finding import Unit
from chaos.checks.text import amount, percent, seconds
from chaos.errors import UsageError
from chaos.spec.units import ratio
from chaos.spec.units import seconds as read_seconds


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The larger of a share of the baseline and an amount in the figure's unit."""

    share: float = 0.0
    amount: float = 0.0

    def allowed(self, baseline: float) -> float:
        if math.isinf(baseline):
            return baseline  # nothing is worse, and no share of it can be reckoned
        return max(self.share * baseline, self.amount)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is held against the baseline: how much worse it may be where the spread of the baseline is
    known (`known`), and where too few runs show none (`unknown`)."""

    name: str
    unit: Unit
    known: Tolerance
    unknown: Tolerance
    higher_is_better: bool = False

    def show(self, value: float) -> str:
        return (
            percent(value) if self.unit == "ratio" else seconds(value) if self.unit == "s" else amount(value)
        )


FIGURES = (
    Figure("availability", "ratio", Tolerance(amount=0.005), Tolerance(amount=0.005), higher_is_better=True),
    Figure("p50", "s", Tolerance(share=0.15, amount=0.001), Tolerance(share=0.5, amount=0.02)),
    Figure("p99", "s", Tolerance(share=0.15, amount=0.005), Tolerance(share=0.5, amount=0.25)),
    Figure("recovery", "s", Tolerance(share=0.15, amount=0.5), Tolerance(share=0.5, amount=2.0)),
    Figure("rto", "s", Tolerance(share=0.15, amount=0.5), Tolerance(share=0.5, amount=2.0)),
    Figure("rpo", "s", Tolerance(share=0.15, amount=0.5), Tolerance(share=0.5, amount=1.0)),
    Figure("lost_writes", "count", Tolerance(), Tolerance()),
)

Tolerances = Mapping[str, Tolerance | None]
"""By figure, as given: None means that it is not compared. A figure that is not in it has the usual ones."""


def tolerances(given: Iterable[str]) -> Tolerances:
    """What replaces the usual tolerances, and the spread: `p99=20%`, `p99=100ms`, `p99=20%,100ms` (the larger),
    `availability=0.2%` (points), `lost_writes=3` or `rpo=off`. Raises UsageError.
    """
    known = {figure.name: figure for figure in FIGURES}
    found: dict[str, Tolerance | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if name not in known or not equals:
            raise UsageError(f"--tolerance {text}: must be FIGURE=VALUE; figures: {', '.join(known)}")
        try:
            found[name] = None if value == "off" else _tolerance(known[name], value)
        except ValueError as error:
            raise UsageError(f"--tolerance {text}: {error}") from None
    return found


def _tolerance(figure: Figure, text: str) -> Tolerance:
    share = amount = 0.0
    for part in text.split(","):
        if figure.unit == "ratio":
            amount = ratio(part)
        elif part.endswith("%"):
            share = _share(part)
        else:
            amount = read_seconds(part) if figure.unit == "s" else _count(part)
    if amount < 0:
        raise ValueError("must not be negative")
    return Tolerance(share, amount)


def _count(text: str) -> float:
    if not text.isdecimal():
        raise ValueError("must be a whole number such as 3")
    return float(text)


def _share(text: str) -> float:
    """A percentage, also above 100 %."""
    share = float(text.removesuffix("%")) / 100
    if not 0 <= share < float("inf"):
        raise ValueError("must be a percentage such as 20%")
    return share
