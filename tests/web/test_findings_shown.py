"""The page of a run says whether a value had to reach or to stay within what is allowed."""

from __future__ import annotations

import pytest

from chaos.web import stored


@pytest.mark.parametrize(
    ("check", "unit", "allowed", "shown"),
    [
        ("effect", "ratio", 1.0, "≥ 100 %"),
        ("exposure", "s", 0.5, "≥ 500 ms"),
        ("latency", "s", 2.0, "≤ 2 s"),
        ("latency", "ratio", 0.95, "≥ 95 %"),
        ("a plug-in that is gone", "count", 3.0, "≤ 3"),
        ("effect", "ratio", None, ""),
    ],
)
def test_what_is_allowed_has_its_direction(check: str, unit: str, allowed: float | None, shown: str) -> None:
    found = stored._finding({"check": check, "name": "x", "unit": unit, "measured": 1.0, "allowed": allowed})
    assert found["allowed"] == shown
