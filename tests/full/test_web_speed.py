"""The morning page over ten thousand runs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chaos.web.front import front
from chaos.web.memory import Memory
from chaos.web.timetable import Timetable
from tests.history import stored
from tests.history.stored import Stored

pytestmark = pytest.mark.full

RUNS = 10_000


def test_ten_thousand_runs_make_no_slow_first_page(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = datetime.now(UTC) - timedelta(days=80)
    for night in range(RUNS):  # all of them within the weeks of the calendar
        monkeypatch.setattr(stored, "FIRST", begun + timedelta(minutes=10 * night) - timedelta(days=night))
        Stored(night, target=f"target{night % 12}").write(own_place / "reports")
    memory, timetable = Memory(lambda _: None), Timetable(own_place / "none.yaml")
    front(memory, timetable)
    took = []
    for _ in range(5):
        before = time.process_time()
        assert front(memory, timetable).status_code == 200
        took.append(time.process_time() - before)
    assert min(took) < 0.3  # seconds of CPU, so that other processes do not count
