"""Tolerances: how much worse than the baseline a figure may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from chaos.checks.figure import Figure, Tolerance
from chaos.checks.figures import every
from chaos.checks.finding import Unit
from chaos.errors import UsageError
from chaos.spec.units import ratio, seconds, size

Tolerances = Mapping[str, Tolerance | None]
"""Overrides by figure: None disables the comparison. Other figures keep the defaults."""


def tolerances(given: Iterable[str]) -> Tolerances:
    """Parse overrides of the default tolerances and the spread: `p99=20%`, `p99=100ms`, `p99=20%,100ms` (the larger),
    `availability=0.2%` (points), `lost_writes=3`, `memory_per_request=2kB` or `rpo=off`. Raises UsageError.
    """
    known = {figure.name: figure for figure in every() if figure.room is not None}
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
            amount = _READ.get(figure.unit, _count)(part)
    if amount < 0:
        raise ValueError("must not be negative")
    return Tolerance(share, amount)


def _count(text: str) -> float:
    if not text.isdecimal():
        raise ValueError("must be an integer, e.g. 3")
    return float(text)


_READ: Mapping[Unit, Callable[[str], float]] = {"s": seconds, "bytes": size}


def _share(text: str) -> float:
    """Parse a percentage, which may exceed 100 %."""
    share = float(text.removesuffix("%")) / 100
    if not 0 <= share < float("inf"):
        raise ValueError("must be a percentage, e.g. 20%")
    return share
