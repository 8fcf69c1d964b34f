"""The night that is made has what was planted in it, and judging finds exactly that."""

from __future__ import annotations

import numpy as np
import pytest

from bench import night as nights
from bench import ten_million
from bench.night import Night
from chaos.checks.rejudge import judge_run
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.record.store import RunDir


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return Night(60_000).write(tmp_path_factory.mktemp("reports") / "night")


@pytest.fixture(scope="module")
def table(run: RunDir) -> HitTable:
    return np.array(hits.open_table(run.hits))


def test_the_generated_night_has_about_the_wanted_number_of_hits_in_order(table: HitTable) -> None:
    assert 55_000 < len(table) < 65_000
    assert (np.diff(table["due"]) >= 0).all()
    assert table["n"].tolist() == list(range(len(table)))


def test_judging_counts_what_was_planted(run: RunDir, table: HitTable) -> None:
    verdict = judge_run(run)
    played = table[table["due"] >= nights.PLAY]
    writes = table[(table["seq"] >= 0) & (table["outcome"] == Outcome.GOOD)]
    lost = int((writes["seq"] % nights.LOST == 0).sum())
    assert verdict.exit_code == 1
    assert verdict.figures["good"] == (played["outcome"] == Outcome.GOOD).sum()
    assert (verdict.figures["lost_writes"], verdict.figures["acknowledged_writes"]) == (lost, len(writes))
    assert lost > 0
    assert verdict.figures["outages"] == 1  # the second and third come before ten good seconds have passed


def test_the_cost_of_judging_is_measured_in_a_process_of_its_own(run: RunDir) -> None:
    cost = ten_million.cost("judge", run)
    assert cost.code == 1
    assert cost.seconds > 0
    assert 20e6 < cost.peak < 400e6
