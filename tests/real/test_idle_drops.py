"""Every way of losing idle connections is proven by what it did, and leaves the proxy as it was."""

from __future__ import annotations

import pytest

from tests.midnight import Midnight
from tests.real import broken

pytestmark = [pytest.mark.real, pytest.mark.full]


@pytest.mark.parametrize("by", ["black_hole", "reset"])
def test_connections_are_spoilt_without_being_closed(midnight: Midnight, by: str) -> None:
    step = f"{{name: drop, fault: idle_drop, at: 1s, hold: 2s, with: {{by: {by}, min_closed: 1}}}}"
    limits = "limits: {recovery: 3s, lost_writes: 0}"

    done = midnight("run", broken.experiment(midnight.place, step, play=9.0, extra=limits))

    assert done.code in (0, 1), (midnight.outcomes(), done.err)
    assert midnight.outcomes()["effect: drop"] == "pass"
    (held,) = (event for event in midnight.events() if event.phase == "held")
    assert held.detail["evidence"]["own_connections"] >= 1
    (undone,) = (event for event in midnight.events() if event.source == "step" and event.phase == "undone")
    assert len(undone.detail["evidence"]["toxics_removed"]) == 2
