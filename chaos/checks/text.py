"""Format numbers in a finding's sentence."""

from __future__ import annotations

import math


def percent(ratio: float) -> str:
    """Format `0.98999` as `98.999 %`: truncated, never rounded up to a threshold it did not reach; and a little as
    `< 0.001 %`, since 0 % means none."""
    if not math.isfinite(ratio):
        return "∞"
    if 0 < ratio < 1e-5 - 1e-11:
        return "< 0.001 %"
    return f"{math.floor(ratio * 1e5 + 1e-6) / 1e3:g} %"


def as_bound(shown: str, unit: str, *, lower_bound: bool) -> str:
    """Format a measured value that may be larger: a time as `> 51.79 s`, a count as `≥ 53`."""
    return f"{'≥' if unit == 'count' else '>'} {shown}" if lower_bound else shown


def amount(value: float) -> str:
    """Format `400313755.0` as `400,313,755`, `0.1057` unchanged."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def many(number: int, thing: str) -> str:
    """`1 hit`, `3 hits`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
