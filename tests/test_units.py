"""What people write as a time is what they read as one."""

from __future__ import annotations

import math

import pytest

from chaos.units import seconds, show_seconds


@pytest.mark.parametrize("value", [0.25, 5.0, 90.0, 0.0])
def test_a_time_that_is_shown_reads_back_as_itself(value: float) -> None:
    assert seconds(show_seconds(value)) == value


def test_what_never_ended_is_shown_as_infinite() -> None:
    assert show_seconds(math.inf) == "∞"
