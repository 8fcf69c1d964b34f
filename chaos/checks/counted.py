"""Exact arithmetic on answers: numbers as decimals, and how far one is from what it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

_TEXT = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_MOST = Decimal(10) ** 40
_EXACT = Context(prec=200)  # two numbers of 40 digits before and after the point, and to spare


def number(value: Any) -> Decimal | None:
    """Return the value as a number; None if it is not one, not finite, or of more than 40 digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return Decimal(value.strip()) if _TEXT.fullmatch(value.strip()) else None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < _MOST else None
    found = Decimal(repr(value))  # as it was written, not as the binary fraction nearest to it
    return found if found.is_finite() and abs(found) < _MOST else None


def total(*parts: Decimal | int) -> Decimal:
    """Return the exact sum."""
    found = Decimal(0)
    for part in parts:
        found = _EXACT.add(found, part)
    return found


def shown(value: Decimal | float) -> str:
    """Format `1234567.50` as `1,234,567.5`."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer should be, from `least` to `most`: requests without an answer count, or not."""

    least: Decimal
    most: Decimal

    def missed_by(self, found: Decimal) -> Decimal:
        """Return by how much the answer is too low (positive: lost), too high (negative), or 0."""
        if found < self.least:
            return total(self.least, found.copy_negate())
        return total(self.most, found.copy_negate()) if found > self.most else Decimal(0)

    def __str__(self) -> str:
        return shown(self.least) if self.least == self.most else f"{shown(self.least)} to {shown(self.most)}"
