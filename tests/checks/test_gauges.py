"""The gauges made from hits, against the same in plain loops over all of them, however small the pieces."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from chaos.checks import gauges
from chaos.checks.exact import percentile
from chaos.record import hits, stored_hits
from chaos.record.hits import HitTable, Outcome
from chaos.record.journal import Journal
from chaos.record.store import RunDir


@pytest.fixture(params=[7, 1 << 16], ids=["small pieces", "one piece"])
def journal(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Two hundred hits of every outcome, some never sent, some never done."""
    monkeypatch.setattr(stored_hits, "PIECE", request.param)
    rng = np.random.default_rng(5)
    due = np.sort(3 + rng.random(200) * 9)
    table = hits.create(tmp_path / "hits.npy", due, np.zeros(200, np.uint8), np.full(200, -1, dtype=np.int64))
    table["outcome"] = rng.choice(list(Outcome), 200)
    table["outcome"][0] = Outcome.GOOD
    sent = table["outcome"] != Outcome.UNSENT
    table["sent"][sent] = due[sent] + rng.random(int(sent.sum())) / 10
    table["sent"][0] = due[0]  # at the very instant at which those in flight are counted first
    ended = sent & (table["outcome"] != Outcome.PENDING)
    table["done"][ended] = table["sent"][ended] + rng.random(int(ended.sum())) * 4
    return Journal(RunDir(tmp_path))


@pytest.fixture
def table(journal: Journal) -> HitTable:
    return np.array(hits.open_table(journal.run.hits))


def test_the_p95_of_each_second_is_that_of_the_hits_due_in_it(journal: Journal, table: HitTable) -> None:
    found = gauges.p95_by_second(journal)
    ended = table[~np.isnan(table["done"])]
    for second, value in zip(found.at, found.value, strict=True):
        rows = ended[np.floor(ended["due"]) == second]
        assert value == percentile(rows["done"] - rows["due"], 95)
    assert found.at.tolist() == sorted(set(np.floor(ended["due"])))


def test_the_share_of_bad_hits_is_that_of_those_that_ended_in_a_second(
    journal: Journal, table: HitTable
) -> None:
    found = gauges.bad_by_second(journal)
    for second, value in zip(found.at, found.value, strict=True):
        ended = [row for row in table if row["outcome"] != Outcome.UNSENT and math.floor(_end(row)) == second]
        assert value == sum(row["outcome"] != Outcome.GOOD for row in ended) / len(ended)


def test_the_in_flight_gauge_counts_hits_sent_and_not_done(journal: Journal, table: HitTable) -> None:
    found = gauges.in_flight(journal)
    for at, value in zip(found.at, found.value, strict=True):
        assert value == int((table["sent"] < at).sum()) - int((table["done"] < at).sum())
    assert found.at[0] == table["due"][0]


def test_the_first_slow_and_the_first_bad_hit_are_found(journal: Journal, table: HitTable) -> None:
    slow = [row["due"] for row in table if 5 <= row["due"] < 9 and row["done"] - row["due"] > 2.5]
    assert gauges.first_slow(journal, 5, 9, 2.5) == min(slow)
    bad = [_end(row) for row in table if row["outcome"] not in (Outcome.GOOD, Outcome.UNSENT)]
    assert gauges.first_bad(journal, 5, 9, 0.5) == min(at for at in bad if 5 <= at < 9)


def _end(row: np.void) -> float:
    return float(row["due"] if np.isnan(row["done"]) else row["done"])
