"""One line of the comparison: two values, their ratio, and the aim."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Unit = Literal["ms", "s", "/s", "MB", "%", "count"]
_SCALE: dict[Unit, float] = {"ms": 1e3, "s": 1.0, "/s": 1.0, "MB": 1e-6, "%": 1e2, "count": 1.0}
_SUFFIX: dict[Unit, str] = {"ms": " ms", "s": " s", "/s": "/s", "MB": " MB", "%": " %", "count": ""}

HEADER = ["figure", "midnight", "compared with", "ratio", "aim", "met"]


@dataclass(frozen=True, slots=True)
class Figure:
    """`met` is None where there is no aim, or where the other value is missing."""

    what: str
    ours: str
    other: str
    ratio: str
    aim: str
    met: bool | None

    @property
    def cells(self) -> list[str]:
        word = "–" if self.met is None else "yes" if self.met else "MISSED"
        return [self.what, self.ours, self.other, self.ratio, self.aim, word]


def at_most(what: str, ours: float | None, other: float | None, aim: float, unit: Unit) -> Figure:
    """`ours` at most `aim` times `other`."""
    return _compared(what, ours, other, unit, f"≤ {aim:g}", lambda ratio: ratio <= aim)


def at_least(what: str, ours: float | None, other: float | None, aim: float, unit: Unit) -> Figure:
    """`ours` at least `aim` times `other`."""
    return _compared(what, ours, other, unit, f"≥ {aim:g}", lambda ratio: ratio >= aim)


def told(what: str, ours: float | None, other: float | None, unit: Unit) -> Figure:
    """A ratio without an aim."""
    return _compared(what, ours, other, unit, "–", None)


def below(what: str, value: float, bound: float, unit: Unit) -> Figure:
    """A value compared with a bound of its own: the ratio is the share of the bound."""
    ratio = value / bound if bound else math.inf if value else 0.0
    return Figure(
        what,
        show(value, unit),
        show(bound, unit),
        f"{ratio:.2f}" if math.isfinite(ratio) else "∞",
        "≤ 1",
        ratio <= 1,
    )


def _compared(
    what: str,
    ours: float | None,
    other: float | None,
    unit: Unit,
    aim: str,
    holds: Callable[[float], bool] | None,
) -> Figure:
    if ours is None or other is None:
        return Figure(what, show(ours, unit), show(other, unit), "–", aim, None)
    ratio = ours / other if other > 0 else math.inf
    met = None if holds is None else holds(ratio)
    text = f"{ratio:.2f}" if math.isfinite(ratio) else "∞"
    return Figure(what, show(ours, unit), show(other, unit), text, aim, met)


def show(value: float | None, unit: Unit) -> str:
    """The value in its unit, with three digits."""
    if value is None:
        return "missing"
    scaled = value * _SCALE[unit]
    if not math.isfinite(scaled):
        return "∞"
    text = f"{scaled:.0f}" if abs(scaled) >= 100 or scaled == int(scaled) else f"{scaled:.3g}"
    return text + _SUFFIX[unit]
