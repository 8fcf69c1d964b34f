"""The units people write in files: seconds as `1m30s`, ratios as `99%`."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(value: object) -> float:
    """Seconds, finite, of a number or of a text like `90`, `500ms`, `1m30s`. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a time such as 90, 500ms or 1m30s")
    result = (
        _as_float(value) if isinstance(value, int | float) else _seconds_of(value.strip().replace(" ", ""))
    )
    if not math.isfinite(result):
        raise ValueError("must be a finite time")
    return result


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf


def _seconds_of(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    sign = -1.0 if text.startswith("-") else 1.0
    text = text.removeprefix("-")
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("must be a time such as 90, 500ms or 1m30s (units ms, s, m, h, d)")
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


def ratio(value: object) -> float:
    """A ratio between 0 and 1 of a number in that range or of a text like `99.5%`. Raises ValueError."""
    rule = "must be a percentage such as 99.5% or a number from 0 to 1"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(rule)
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"\d+(\.\d+)?%", text):
            raise ValueError(rule)
        result = float(text[:-1]) / 100
    else:
        result = _as_float(value)
    if not 0 <= result <= 1:
        raise ValueError(rule)
    return result


def size(value: object) -> int:
    """Bytes of a finite number or of a text like `512MB` (powers of ten). Raises ValueError."""
    rule = "must be a size such as 512MB or a number of bytes (units kB, MB, GB, TB)"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(rule)
    if isinstance(value, int | float):
        if not math.isfinite(_as_float(value)):
            raise ValueError(rule)
        if value < 0:
            raise ValueError("must not be negative")
        return int(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)(?:/s)?", value.strip())
    if match is None:
        raise ValueError(rule)
    return int(float(match[1]) * {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[match[2]])


Size = Annotated[int, BeforeValidator(size)]
Seconds = Annotated[float, BeforeValidator(seconds)]
Ratio = Annotated[float, BeforeValidator(ratio)]
Positive = Annotated[Seconds, Field(gt=0)]
NotNegative = Annotated[Seconds, Field(ge=0)]


def show_seconds(value: float) -> str:
    """`90` as `1m30s`, `0.25` as `250ms`: what `seconds` reads back; `∞` for infinity."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if 0 < abs(value) < 1:
        return f"{value * 1000:.0f}ms"
    if abs(value) < 60:
        return f"{value:.1f}s".replace(".0s", "s")
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m" if rest == 0 else f"{minutes}m{rest}s"
