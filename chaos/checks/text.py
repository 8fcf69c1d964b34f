"""How numbers are written in a finding's sentence."""

from __future__ import annotations

import math


def percent(ratio: float) -> str:
    """`0.98999` as `98.999 %`: cut off, never rounded up to a threshold it did not reach."""
    return f"{math.floor(ratio * 1e5 + 1e-6) / 1e3:g} %"


def seconds(value: float) -> str:
    """`0.0123` as `12.3 ms`, `31.24` as `31.24 s`, an infinity (a hit that was not good) as `∞`."""
    if not math.isfinite(value):
        return "∞"
    if 0 < abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.2f}".rstrip("0").rstrip(".") + " s"


def days(value: float) -> str:
    """`2592000` as `30 d`, `3600` as `1 h`; less than that as `seconds` writes it."""
    if value >= 86400:
        return f"{value / 86400:g} d"
    return f"{value / 3600:g} h" if value >= 3600 else seconds(value)


def amount(value: float) -> str:
    """`400313755.0` as `400,313,755`, `0.1057` as it is."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def many(number: int, thing: str) -> str:
    """`1 hit`, `3 hits`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
