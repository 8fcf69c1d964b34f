"""The load of the last seconds, from the table while it is written: what counts, and where there are no figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.load.live import live
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome


@pytest.fixture
def table(tmp_path: Path) -> HitTable:
    """Ten hits a second for 20 s, each answered well after 10 ms, up to second 10; the rest unsent."""
    due = np.arange(200) / 10
    none = np.full(200, -1, dtype=np.int64)
    made = hits.create(tmp_path / "hits.npy", due, np.zeros(200, np.uint8), none)
    made["sent"][:100] = due[:100]
    made["done"][:100] = due[:100] + 0.01
    made["outcome"][:100] = Outcome.GOOD
    return made


def test_only_the_last_seconds_count(table: HitTable) -> None:
    table["outcome"][:49] = Outcome.RESET
    figures = live(table, 10.0, longest=5.0)
    assert (figures.rate, figures.ok_ratio, figures.in_flight) == (10.0, 1.0, 0)
    assert figures.p99 == pytest.approx(0.01)


def test_a_bad_hit_lowers_the_ratio(table: HitTable) -> None:
    table["outcome"][90:95] = Outcome.BAD_STATUS
    assert live(table, 10.0, longest=5.0).ok_ratio == pytest.approx(0.9)


def test_a_hanging_hit_counts_by_its_age_and_is_in_flight_beyond_the_window(table: HitTable) -> None:
    table["outcome"][40] = Outcome.PENDING  # due 6 s ago, outside the window
    table["outcome"][60] = Outcome.PENDING  # due 4 s ago
    figures = live(table, 10.0, longest=5.0)
    assert figures.in_flight == 2
    assert figures.p99 == pytest.approx(4.0)
    assert figures.ok_ratio == 1.0


def test_a_window_without_hits_has_no_ratio(table: HitTable) -> None:
    figures = live(table, 30.0, longest=5.0)
    assert (figures.rate, figures.ok_ratio, figures.p99, figures.in_flight) == (0.0, None, None, 0)


def test_an_empty_table_has_no_figures(tmp_path: Path) -> None:
    figures = live(hits.open_table(tmp_path / "absent.npy"), 1.0, longest=5.0)
    assert (figures.ok_ratio, figures.p99) == (None, None)
