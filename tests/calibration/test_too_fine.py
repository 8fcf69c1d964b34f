"""An objective that the machine cannot be held to stops the run before anything is injected."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calibration.files import arguments, load, tell
from tests.calibration.truth import truth
from tests.midnight import Midnight

pytestmark = pytest.mark.real


@pytest.mark.full
def test_an_objective_too_fine_for_the_machine_is_unknown_before_the_play(tmp_path: Path) -> None:
    midnight = Midnight(tmp_path)
    with truth() as server:
        fine = "slos: [{name: p99, latency: {percentile: 99, below: 0.01ms}}]"  # a quarter of it is 2.5 µs
        parts = (load(2), f"steps:\n{tell(server, 0.5)}", fine)
        done = midnight(*arguments(midnight, server, *parts))
    assert done.code == 3, done.err + done.out
    assert (
        "this machine is too slow for what is to be judged: midnight itself sent up to"
        in midnight.verdict["reasons"][0]
    )
    assert "that the 0.01 ms of p99 allow" in midnight.verdict["reasons"][0]
    assert "this machine is too slow" in midnight.verdict["headline"]
    assert [event for event in midnight.events() if event.phase == "injecting"] == []
