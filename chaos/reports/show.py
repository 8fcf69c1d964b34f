"""Format numbers for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chaos.checks.text import percent
from chaos.spec.units import show_seconds

DASH = "–"
MIB = 1024.0 * 1024.0


def show_value(value: float | None, unit: str) -> str:
    """Format a value in its unit (`ratio`, `s`, `count`, or none); a missing one is a dash."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "ratio":
        return percent(value)
    if unit == "s":
        return show_seconds(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def show_dose(name: str, value: float) -> str:
    """Format a dose by the unit in its name: bytes are shown in MiB."""
    return f"{value / MIB:,.1f} MiB" if "bytes" in name else show_any(value)


def show_offset(at: float | None, zero: float | None) -> str:
    """Format an instant in seconds of play: `+51.2 s`, before the play `-3.0 s`."""
    if at is None or zero is None:
        return DASH
    return f"{at - zero:+.1f} s"


def show_any(value: Any) -> str:
    """Format one piece of evidence or one setting of any type on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return DASH
    if isinstance(value, float):
        return show_value(value, "") if abs(value) >= 0.001 or value == 0 else f"{value:.3g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{words(key)} {show_any(item)}" for key, item in value.items()) or DASH
    if isinstance(value, list | tuple):
        return ", ".join(show_any(item) for item in value) or DASH
    return str(value)


def words(name: object) -> str:
    """Split an identifier into words: `fsync_time` becomes `fsync time`."""
    return str(name).replace("_", " ")


def flatten(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Flatten nested settings into `a.b.c` keys with values, in order."""
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        found += flatten(value, f"{name}.") if isinstance(value, Mapping) and value else [(name, value)]
    return found
