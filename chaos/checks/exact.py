"""Ratios and percentiles without rounding: 990 of 1000 is 99 %, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


def fraction(number: float) -> Fraction:
    """The number as it was written in a file: 99.9 / 100 is not the float 0.999."""
    return Fraction(number).limit_denominator(1_000_000)


def meets(good: Counts, total: Counts, ratio: float) -> Flags:
    """Return where good / total >= ratio, exactly; 0 of 0 meets any ratio."""
    wanted = fraction(ratio)
    return good * wanted.denominator >= total * wanted.numerator


def reaches(good: int, total: int, ratio: float) -> bool:
    return bool(meets(np.array([good], np.int64), np.array([total], np.int64), ratio)[0])


def percentile(values: Times, percent: float) -> float | None:
    """Nearest rank: the smallest value that at least `percent` % of the values do not exceed. None without values.

    Always one of the values, so an infinity is never averaged away.
    """
    return percentiles(values.copy(), percent)[0]


def percentiles(values: Times, *percents: float) -> list[float | None]:
    """The same for several percentiles at once, without a copy: reorders `values`."""
    if len(values) == 0:
        return [None] * len(percents)
    ranks = [max(1, math.ceil(fraction(percent) * len(values) / 100)) - 1 for percent in percents]
    values.partition(sorted(set(ranks)))
    return [float(values[rank]) for rank in ranks]
