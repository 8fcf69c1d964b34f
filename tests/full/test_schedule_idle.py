"""What a thousand schedules cost a machine on which none of them is due."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.full import tables
from tests.midnight import PROJECT
from tests.schedule.serving import Place, every_second

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

SCHEDULES = 1000
LOOKED_AT = 30.0  # seconds
MOST_CPU, MOST_MEMORY = 0.01, 150e6  # of one core; bytes


def test_a_thousand_schedules_cost_next_to_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, timing=(5.0, 20.0, 60.0))
    place.write(*(every_second(f"number-{n}", when=f"{n % 60} {n % 24} 29 2 *") for n in range(SCHEDULES)))
    begun = time.monotonic()
    process = psutil.Process(place.serve().pid)
    try:
        place.until(lambda: "holds the lease" in (tmp_path / "said").read_text(), patience=300)
        ready = time.monotonic() - begun
        time.sleep(5)
        before = sum(process.cpu_times()[:2])
        time.sleep(LOOKED_AT)
        cpu = (sum(process.cpu_times()[:2]) - before) / LOOKED_AT
        memory = process.memory_info().rss
    finally:
        place.stop_all()
    row = (SCHEDULES, f"{cpu:.2%} of one core", f"{memory / 1e6:.0f} MB", f"{ready:.0f} s")
    header = ("schedules", "idle", "memory", "from start to lease")
    tables.write("idle", header, [row], PROJECT / "docs/schedule.md")
    assert cpu < MOST_CPU and memory < MOST_MEMORY
