"""Units in files: times like `1m30s`, sizes like `512MB`, ratios like `99%`.

A number written by a person without a unit is refused: `300` may be 300 ms or 300 s. Midnight's own records are in
seconds, bytes and ratios from 0 to 1, without units. `WRITTEN` distinguishes the two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from chaos.errors import UsageError, got_instead

WRITTEN: Mapping[str, bool] = {"written": True}
"""pydantic's context for values written by a person: units are required."""

_TIME = re.compile(
    r"(-?)" + "".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in ("d", "h", "m", "s", "ms"))
)
_IN_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(B|kB|MB|GB|TB)(?:/s)?")
_IN_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_CLOCK = re.compile(r"([0-9]+):([0-5][0-9])")

TIME_RULE = "must be a time such as 90s, 500ms or 1m30s (units d, h, m, s, ms, in this order)"
SIZE_RULE = "must be a size such as 512MB (units B, kB, MB, GB, TB)"
RATIO_RULE = "must be a percentage such as 99.5% or a number from 0 to 1"
PERCENTILE_RULE = "must be over 1 and under 100, such as 99 or 99.9"


class Exact(float):
    """A number with a known unit, such as seconds translated from another format."""


def seconds(value: object, *, written: bool = True, readings: tuple[str, str] | None = None) -> float:
    """Parse text such as `500ms` or `1m30s`, or zero, into finite seconds. Raises ValueError.

    If not `written`, any number is valid. `readings`: the two units to suggest if there is none.
    """
    number = _number(value, TIME_RULE)
    if number is None:
        return _seconds_of(str(value))
    if not math.isfinite(number):
        raise ValueError("must be a finite time")
    if (written or isinstance(value, str)) and number and not isinstance(value, Exact):
        raise _unitless(number, readings or (("ms", "s") if abs(number) >= 1 else ("s", "m")))
    return number


def _seconds_of(text: str) -> float:
    match = _TIME.fullmatch(text.replace(" ", ""))
    if match is None or not is_time(text):
        clock = _CLOCK.fullmatch(text)
        raise ValueError(f"{TIME_RULE}; did you mean {clock[1]}m{clock[2]}s?" if clock else TIME_RULE)
    parts = zip(match.groups()[1:], _IN_SECONDS, strict=True)
    result = sum(float(number) * unit for number, unit in parts if number is not None)
    if not math.isfinite(result):
        raise ValueError("must be a finite time")
    return -result if match[1] else result


def size(value: object, *, written: bool = True) -> int:
    """Parse text such as `512MB` (powers of ten), or zero, into bytes. Raises ValueError.

    If not `written`, any number is valid.
    """
    number = _number(value, SIZE_RULE)
    if number is None:
        match = _SIZE.fullmatch(str(value).strip())
        if match is None or not math.isfinite(float(match[1])):
            raise ValueError(SIZE_RULE)
        return int(Decimal(match[1]) * _IN_BYTES[match[2]])  # exactly: a float loses a byte of 2129164.053kB
    if not math.isfinite(number):
        raise ValueError(SIZE_RULE)
    if number < 0:
        raise ValueError("must not be negative")
    if (written or isinstance(value, str)) and number:
        raise _unitless(number, ("MB", "B") if number < 100_000 else ("B", "kB"))
    return int(number)


def ratio(value: object, *, written: bool = True) -> float:
    """Parse text such as `99.5%`, or a number from 0 to 1, into a ratio. Raises ValueError.

    If `written`, the number 1 is refused: it may mean 1 % or 100 %.
    """
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?%", value.strip()):
            number = _number(value, RATIO_RULE)
            if number is not None and 0 <= number <= 1:
                raise ValueError(f"needs a unit: {number:g}% or {number * 100:g}%?")
            raise ValueError(_percent_meant(number))
        result = float(value.strip()[:-1]) / 100
        if not result <= 1:
            raise ValueError(RATIO_RULE)
        return result
    given = _number(value, RATIO_RULE)
    if given is None or not 0 <= given <= 1:
        raise ValueError(_percent_meant(given))
    if written and given == 1 and not isinstance(value, Exact):
        raise ValueError("needs a unit: 1% or 100%?")
    return given


def goal(value: object, *, written: bool = True) -> float:
    """Parse a ratio to be reached. Raises ValueError; if `written`, also for 0.99%."""
    reached = ratio(value, written=written)
    if written and 0 < reached < 0.01:
        raise ValueError(f"is less than 1%; did you mean {reached * 1e4:g}%?")
    return reached


def percentile(value: object, *, written: bool = True) -> float:
    """Parse a percentile such as 99 or 99.9. Raises ValueError; if `written`, also for 0.99."""
    given = _number(value, PERCENTILE_RULE)
    if given is None or not 0 < given < 100:
        raise ValueError(PERCENTILE_RULE)
    if written and given < 1:
        raise ValueError(f"is the {given:g}th percentile; did you mean {given * 100:g}?")
    if written and given == 1:
        raise ValueError(PERCENTILE_RULE)
    return given


def is_written(info: ValidationInfo) -> bool:
    """Return True if the validated value was written by a person."""
    return bool(info.context and info.context.get("written"))


def _number(value: object, rule: str) -> float | None:
    """Return the value as a number of any size; None for text that is not a number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(rule)
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}.get(value.strip().lower())
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf


def _unitless(number: float, readings: tuple[str, str]) -> ValueError:
    if number < 0:
        return ValueError("must not be negative")
    shown = f"{number:.15g}"
    return ValueError(f"needs a unit: {shown}{readings[0]} or {shown}{readings[1]}?")


def _percent_meant(given: float | None) -> str:
    meant = given is not None and 1 < given <= 100
    return f"{RATIO_RULE}; did you mean {given:g}%?" if meant else RATIO_RULE


def _written_as(title: str, pattern: str, rule: str, *numbers: dict[str, Any]) -> WithJsonSchema:
    """A JSON schema of what a person may write: text with a unit, or one of `numbers`."""
    text = {"type": "string", "pattern": pattern}
    return WithJsonSchema({"title": title, "description": rule, "anyOf": [text, *numbers]})


_PART = r"([0-9]+(\.[0-9]+)?\s*{}\s*)?"
_TIME_PATTERN = "^(?=.*[0-9])" + "".join(map(_PART.format, ("d", "h", "m", "s", "ms"))) + "$"
_ZERO = {"const": 0}
_UNDER_ONE = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
_PERCENT_PATTERN = r"^0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"

Seconds = Annotated[
    float,
    BeforeValidator(lambda value, info: seconds(value, written=is_written(info))),
    _written_as("time", _TIME_PATTERN, TIME_RULE, _ZERO),
]
Size = Annotated[
    int,
    BeforeValidator(lambda value, info: size(value, written=is_written(info))),
    _written_as("size", r"^[0-9]+(\.[0-9]+)?\s*(B|kB|MB|GB|TB)(/s)?$", SIZE_RULE, _ZERO),
]
Ratio = Annotated[
    float,
    BeforeValidator(lambda value, info: ratio(value, written=is_written(info))),
    _written_as("ratio", _PERCENT_PATTERN, RATIO_RULE, _UNDER_ONE),
]
Goal = Annotated[
    float,
    BeforeValidator(lambda value, info: goal(value, written=is_written(info))),
    _written_as("goal", _PERCENT_PATTERN, RATIO_RULE, _ZERO, _UNDER_ONE | {"minimum": 0.01}),
]
Some = Annotated[Goal, Field(gt=0)]
"""A ratio that can be missed: not 0."""
Percentile = Annotated[
    float,
    BeforeValidator(lambda value, info: percentile(value, written=is_written(info))),
    WithJsonSchema(
        {
            "title": "percentile",
            "description": PERCENTILE_RULE,
            "type": "number",
            "exclusiveMinimum": 1,
            "exclusiveMaximum": 100,
        }
    ),
]
Positive = Annotated[
    Seconds,
    Field(gt=0),
    _written_as("positive time", _TIME_PATTERN.replace("[0-9])", "[1-9])", 1), TIME_RULE),
]
NotNegative = Annotated[Seconds, Field(ge=0)]

InItsName = BeforeValidator(lambda value: seconds(value, written=False))
"""For a key whose name states its unit: `cpu_seconds: 20`."""

_FINEST = 1e-5  # seconds


def show_seconds(value: float) -> str:
    """Format `0.0123` as `12.3 ms`, `31.24` as `31.24 s`, `72.43` as `1m 12.43s`; `seconds` parses each.
    The one notation of times for people. Infinity, such as the latency of a bad hit, is `∞`; of a time that no clock
    here measures well, it only says `under 0.01 ms`."""
    if not math.isfinite(value):
        return "-∞" if value < 0 else "∞"
    if 0 < abs(value) < _FINEST:
        return f"under {_FINEST * 1000:g} ms"
    if abs(value) < 0.001 and value:
        return f"{_plain(value * 1000)} ms"
    if 0 < abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    left = round(abs(value), 2)
    if left < 60:
        return f"{_plain(value)} s"
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        count, left = divmod(left, length)
        parts += [f"{count:.0f}{unit}"] if count else []
    parts += [f"{_plain(left)}s"] if _plain(left) != "0" else []
    return ("-" if value < 0 else "") + " ".join(parts)


def show_signed(value: float) -> str:
    """Format a time with its sign: `+51.2 s`, `-3 s`."""
    return f"{'' if value < 0 else '+'}{show_seconds(value + 0.0)}"  # no `+-0 s`


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def show_size(value: float) -> str:
    """Format `400000000` as `400MB`: in the largest unit that needs at most three decimals; `size` parses it."""
    for unit, factor in reversed(_IN_BYTES.items()):
        if value >= factor and value * 1000 % factor == 0:
            return f"{value / factor:.15g}{unit}"
    return f"{value:.15g}B"


def in_unit_of(given: object, bound: float) -> str:
    """Format a bound in the unit of the value that breaks it: `60 s` beside `2m`, `80%` beside `99%`."""
    text = given.strip() if isinstance(given, str) else ""
    if text.endswith("%"):
        return f"{bound * 100:g}%"
    if _SIZE.fullmatch(text):
        return show_size(bound)
    return show_seconds(bound) if is_time(text) else f"{bound:.15g}"


def is_time(text: str) -> bool:
    """Return True for text such as `1m30s`, with its unit."""
    match = _TIME.fullmatch(text.replace(" ", ""))
    return match is not None and any(match.groups()[1:])


def show_days(value: float) -> str:
    """Format `2592000` as `30d` and `5400` as `1h 30m`: from a day on in hours, from an hour on in minutes."""
    step = 3600 if value >= 86400 else 60 if value >= 3600 else None
    return show_seconds(value if step is None else round(value / step) * step)


def read_age(text: str) -> float:
    """Parse an age such as `90d` into seconds. Raises UsageError."""
    try:
        age = seconds(text, readings=("h", "d"))
    except ValueError as error:
        raise UsageError(f"an age {error}{got_instead(str(error), repr(text))}") from None
    if age <= 0:
        raise UsageError(f"an age must be positive, got {text!r}")
    return age
