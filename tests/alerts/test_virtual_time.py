"""Samples on the grid of scrapes: gaps stay gaps, and the worst moment lasts as long as asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.alerts import virtual
from chaos.alerts.series import Sampled
from tests.alerts import planted


def sampled(values: list[float], *, counter: bool = False) -> Sampled:
    return Sampled("a", {}, np.arange(len(values), dtype=float), np.array(values), counter)


def test_a_scrape_finds_the_last_sample_or_nothing(tmp_path: Path) -> None:
    grid = virtual.grid_of(planted.run(tmp_path, {}, length=30), 5.0)
    found = grid.values(sampled([float(at) for at in range(12)]))
    assert found == [0.0, 5.0, 10.0, 11.0, None, None, None]
    assert virtual.written(found) == "0 5 10 11 _ _ _"


def test_the_worst_moment_is_that_of_the_most_bad_requests(tmp_path: Path) -> None:
    grid = virtual.grid_of(planted.run(tmp_path, {}, bad=(20.0, 21.0)), 1.0, hold=10.0)
    assert (grid.held_from, grid.held) == (21, 10)
    assert grid.virtual(10.0) == 10.0
    assert grid.virtual(30.0) == 40.0


@pytest.mark.parametrize("counter", [False, True])
def test_a_gauge_stays_and_a_counter_goes_on_at_its_rate(tmp_path: Path, counter: bool) -> None:
    grid = virtual.grid_of(planted.run(tmp_path, {}, bad=(20.0, 21.0)), 1.0, hold=3.0)
    found = grid.values(sampled([2.0 * at for at in range(61)], counter=counter))
    assert found[:22] == [2.0 * at for at in range(22)]
    assert found[22:25] == ([44.0, 46.0, 48.0] if counter else [42.0] * 3)
    assert found[25] == (50.0 if counter else 44.0)


def test_what_a_scrape_did_not_find_is_not_made_up_by_the_stretch(tmp_path: Path) -> None:
    grid = virtual.grid_of(planted.run(tmp_path, {}, bad=(20.0, 21.0)), 1.0, hold=3.0)
    assert grid.values(sampled([1.0] * 5))[21:26] == [None] * 5


def test_numbers_are_written_as_promtool_reads_them() -> None:
    numbers = [1.0, 0.1, float("nan"), float("inf"), -float("inf"), 1e9]
    assert virtual.written(numbers) == "1 0.1 NaN Inf -Inf 1000000000"
