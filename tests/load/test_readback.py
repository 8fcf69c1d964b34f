from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest

from chaos.load import ledger, pages, readback
from chaos.load.ledger import State
from chaos.load.readback import ReadbackResult, read_back
from chaos.record import hits
from chaos.record.hits import HitTable
from chaos.spec.target import Readback
from tests.load.server import Server

BASE = ledger.base_of("20261126T235900Z-a1b2c3")
LIST = Readback(path="/page?after={after}&limit={limit}", limit=2)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(pages, "PAUSE", 0.0)


@pytest.fixture
def table(tmp_path: Path) -> HitTable:
    """Five hits, of which three are writes."""
    seq = np.array([1, -1, 2, 3, -1])
    return hits.create(tmp_path / "hits.npy", np.arange(5.0), np.zeros(5, np.uint8), seq)


def _page(*seqs: int, last: bool, checksum: str | None = None) -> str:
    records = [{"seq": BASE + seq, "checksum": checksum or ledger.record(BASE + seq)[1]} for seq in seqs]
    return json.dumps({"records": records, "last": last})


def _read(server: Server, table: HitTable, pages: list[str]) -> ReadbackResult:
    server.pages = pages
    result = read_back(server.url, LIST, table, BASE, timeout=20.0)
    assert result is not None
    return result


def test_a_whole_ledger_is_read_page_by_page_until_two_reads_agree(server: Server, table: HitTable) -> None:
    whole = [_page(1, 2, last=False), _page(3, last=True)]
    result = _read(server, table, whole * 2)
    assert (result.complete, result.reads) == (True, 2)
    assert result.rows.tolist() == [(1, State.PRESENT), (2, State.PRESENT), (3, State.PRESENT)]
    asked = [request.path for request in server.requests]
    assert asked == [f"/page?after={BASE}&limit=2", f"/page?after={BASE + 2}&limit=2"] * 2


def test_missing_changed_and_foreign_records_are_distinguished(server: Server, table: HitTable) -> None:
    changed = json.loads(_page(1, 8, last=True))
    changed["records"][0]["checksum"] = "0123456789abcdef"
    result = _read(server, table, [json.dumps(changed)])
    expected = [(1, State.DIFFERS), (2, State.MISSING), (3, State.MISSING), (8, State.FOREIGN)]
    assert result.rows.tolist() == expected


def test_a_record_stored_twice_is_distinguished_too(server: Server, table: HitTable) -> None:
    result = _read(server, table, [_page(1, 2, 2, 3, last=True)])
    assert result.complete
    assert result.rows["state"].tolist() == [State.PRESENT, State.DOUBLED, State.PRESENT]


def test_a_write_that_lands_between_two_reads_calls_for_a_third(server: Server, table: HitTable) -> None:
    result = _read(server, table, [_page(1, last=True), _page(1, 2, last=True)])
    assert (result.complete, result.reads) == (True, 3)
    assert result.rows["state"].tolist() == [State.PRESENT, State.PRESENT, State.MISSING]


def test_a_list_that_never_settles_is_not_complete(server: Server, table: HitTable) -> None:
    restless = [_page(n, last=True) for n in range(1, readback.PASSES + 1)]
    result = _read(server, table, restless)
    assert (result.complete, result.reads, len(result.rows)) == (False, readback.PASSES, 0)
    assert "no two in a row agree" in result.because


def test_a_failed_page_is_requested_again(server: Server, table: HitTable) -> None:
    result = _read(server, table, ["<html>busy</html>", '{"records": 1}', _page(1, 2, 3, last=True)])
    assert (result.complete, result.reads) == (True, 2)


@pytest.mark.parametrize(
    ("page", "because"),
    [
        ("<html>", f"the page after {BASE} failed"),
        (
            _page(2, 1, last=True),
            f"the page after {BASE} is out of order: it has {BASE + 1} after {BASE + 2}",
        ),
        (_page(last=False), f"the page after {BASE} has nothing beyond that, and is not the last"),
    ],
)
def test_a_broken_list_is_not_complete_and_says_why(
    server: Server, table: HitTable, page: str, because: str
) -> None:
    result = _read(server, table, [page])
    assert (result.complete, len(result.rows)) == (False, 0)
    assert because in result.because


def test_a_target_that_is_gone_is_not_complete(table: HitTable) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = read_back(url, LIST, table, BASE, timeout=20.0)
    assert result is not None
    assert not result.complete
    assert "failed" in result.because


def test_a_list_that_is_refused_is_not_complete_and_says_so_in_one_line(
    server: Server, table: HitTable
) -> None:
    result = read_back(server.url, Readback(path="/error"), table, BASE, timeout=20.0)
    assert result is not None
    assert not result.complete
    assert result.because == f"the page after {BASE} failed 5 times: it was answered with 500"


def test_a_read_back_that_runs_out_of_time_is_not_complete(server: Server, table: HitTable) -> None:
    server.pages = [_page(1, last=True)]
    result = read_back(server.url, LIST, table, BASE, timeout=-1.0)
    assert result is not None
    assert not result.complete
    assert "time ran out" in result.because


def test_a_target_without_a_read_back_has_no_result(server: Server, table: HitTable) -> None:
    assert read_back(server.url, None, table, BASE, timeout=1.0) is None
    assert server.requests == []
