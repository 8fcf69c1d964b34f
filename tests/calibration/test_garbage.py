"""A route that expects no more than a 200 takes garbage for good: the report says that the answers changed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.calibration.files import arguments, load, tell
from tests.calibration.future import Event
from tests.calibration.truth import truth
from tests.midnight import Midnight

pytestmark = pytest.mark.real
SLOS = "slos: [{name: availability, availability: 99%}]"


@pytest.mark.parametrize("garbage", [True, pytest.param(False, marks=pytest.mark.full)])
def test_answers_that_changed_in_the_play_are_a_warning(garbage: bool, tmp_path: Path) -> None:
    midnight = Midnight(tmp_path)
    future = [Event("garbage", 0.0, math.inf, route="/items")] if garbage else []
    with truth(*future) as server:
        parts = (load(3, mix="read: 1", timeout="8s"), f"steps:\n{tell(server, 0.5)}", SLOS)
        done = midnight(*arguments(midnight, server, *parts, instrument="{lag: 5s, run_delay: 100%}"))
    assert done.code == 0, done.err + done.out
    assert ("Warning: the answers: read" in midnight.verdict["reasons"]) is garbage
    assert (midnight.outcomes().get("answers: read") == "warning") is garbage
