"""An abort condition ends a run early once it is proven, and leaves a healthy run alone."""

from __future__ import annotations

import pytest

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight

pytestmark = pytest.mark.real


def longer(midnight: Midnight, seconds: int, more: str = "") -> str:
    """The tiny experiment with a longer play, and an objective that a service down half the time meets."""
    path = experiment(midnight, more)
    text = (midnight.place / "tiny.yaml").read_text()
    text = text.replace("for: 2s", f"for: {seconds}s").replace("availability: 99%", "availability: 1%")
    midnight.file("tiny.yaml", text)
    return path


def test_a_service_of_somebody_elses_that_goes_down_is_left_alone_after_ten_seconds(
    midnight: Midnight, service: Service
) -> None:
    service.bad_after = 60
    done = midnight("run", longer(midnight, 40), "--target", target(midnight, service.url))

    assert done.code == 4, done.err + done.out
    assert "abort condition 'target-down'" in midnight.verdict["headline"]
    (fired,) = (event for event in midnight.events() if event.source == "abort")
    assert (fired.name, fired.phase) == ("target-down", "fired")


def test_switched_off_by_name_it_does_not_fire(midnight: Midnight, service: Service) -> None:
    service.bad_after = 60
    file = longer(midnight, 14, "abort: [{name: target-down, off: true}, {check: effect}]\n")
    done = midnight("run", file, "--target", target(midnight, service.url))
    assert done.code == 1, "it never recovered, and that is a violation"
    assert [event for event in midnight.events() if event.source == "abort"] == []
