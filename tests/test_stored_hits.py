"""Hits are read piece by piece: what is found does not depend on where the pieces end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.record import hits, stored_hits
from chaos.record.stored_hits import StoredHits

DUE = np.array([0.0, 0.25, 0.5, 1.0, 1.0, 1.5, 3.0, 3.25, 3.5, 7.0])


@pytest.fixture(params=[1, 2, 3, 100], ids=lambda rows: f"{rows} rows at once")
def stored(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredHits:
    monkeypatch.setattr(stored_hits, "PIECE", request.param)
    route = np.arange(len(DUE), dtype=np.uint8)
    hits.create(tmp_path / "hits.npy", DUE, route, np.full(len(DUE), -1, np.int64))
    return StoredHits(tmp_path / "hits.npy")


def test_the_pieces_are_the_rows_in_order(stored: StoredHits) -> None:
    rows = np.concatenate(list(stored.pieces(2, 9)))
    assert rows["due"].tolist() == DUE[2:9].tolist()
    assert rows["n"].tolist() == list(range(2, 9))
    assert list(stored.pieces(5, 5)) == []


def test_a_column_is_made_of_every_requested_row(stored: StoredHits) -> None:
    doubled = stored.column(lambda rows: rows["due"] * 2, np.float64, 1, 8)
    assert doubled.tolist() == (DUE[1:8] * 2).tolist()


def test_each_group_is_returned_once_and_whole(stored: StoredHits) -> None:
    groups = stored.groups(lambda due: due.astype(np.int64), 0, len(stored))
    found = {second: rows["route"].tolist() for second, rows in groups}
    assert found == {0: [0, 1, 2], 1: [3, 4, 5], 3: [6, 7, 8], 7: [9]}


@pytest.mark.parametrize("at", [-1.0, 0.0, 0.3, 1.0, 1.1, 7.0, 8.0])
def test_the_number_of_hits_due_before_an_instant_is_counted(stored: StoredHits, at: float) -> None:
    assert stored.first_due(at) == int((at > DUE).sum())


def test_an_absent_file_holds_no_hits(tmp_path: Path) -> None:
    absent = StoredHits(tmp_path / "hits.npy")
    assert len(absent) == 0
    assert list(absent.pieces()) == []


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hits.npy"
    hits.create(path, DUE, np.zeros(len(DUE), np.uint8), np.zeros(len(DUE), np.int64))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not contain the 10 hits"):
        StoredHits(path)
