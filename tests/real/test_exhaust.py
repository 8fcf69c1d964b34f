"""The shipped experiment exhaust: the leaky profile runs out of descriptors, the hardened one does not."""

from __future__ import annotations

import pytest

from tests.midnight import Midnight

pytestmark = [pytest.mark.real, pytest.mark.full]


def test_leaky_runs_out_of_descriptors_fails_and_recovers(midnight: Midnight) -> None:
    done = midnight("run", "exhaust", "--profile", "leaky")
    outcomes = midnight.outcomes()
    assert (done.code, outcomes["effect: exhaust"]) == (1, "pass"), done.printed
    assert (outcomes["availability: availability"], outcomes["recovery: recovery"]) == ("fail", "pass")
    (held,) = [each for each in midnight.events() if each.name == "exhaust" and each.phase == "held"]
    assert held.detail["dose"]["errors_logged"] > 0


def test_hardened_does_not_reach_the_limit_so_nothing_is_proven(midnight: Midnight) -> None:
    done = midnight("run", "exhaust", "--profile", "hardened")
    outcomes = midnight.outcomes()
    assert (done.code, outcomes["effect: exhaust"]) == (3, "unknown"), done.printed
    assert outcomes["availability: availability"] == "pass"
