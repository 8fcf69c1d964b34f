"""Planted truth: what each way to read back reports as lost, different and doubled is exactly what was planted."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from chaos.load import asker, readback
from chaos.load.ledger import State
from chaos.spec.ledger import LedgerWrite
from tests.load.holding import Holding
from tests.load.planting import Fates, fates, plant, read, ways, writes

LISTS: dict[str, dict[str, Any]] = {
    "all at once": {"list": "/all"},
    "by offset": {"list": "/offset?offset={offset}&limit={limit}", "page": {"offset": 4}},
    "by page": {"list": "/paged?page={page}&limit={limit}", "page": {"offset": 4}},
    "by cursor": {"list": "/cursor?cursor={cursor}", "page": {"cursor": "$.next"}},
    "by the next address": {"list": "/following", "page": {"cursor": "$.next"}},
}
OFTEN = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(asker, "PAUSE", 0.0)


def listed(key: str, **read: Any) -> LedgerWrite:
    more = {"keys": "$.items[*].id", "payload": "$.items[*].note.text", "rate": 10_000.0}
    return ways(key=key, read={**more, **read})


@pytest.mark.parametrize("way", LISTS)
@OFTEN
@given(planted=fates())
def test_a_list_shows_exactly_what_was_lost_changed_and_doubled(
    way: str, planted: Fates, holding: Holding, tmp_path: Path
) -> None:
    truth = plant(planted, "m-{uuid}")
    holding.records = truth.rows
    rule = listed("m-{uuid}", **LISTS[way])
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), holding.url)
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


@OFTEN
@given(planted=fates())
def test_a_list_by_link_headers_shows_it_too(planted: Fates, holding: Holding, tmp_path: Path) -> None:
    truth = plant(planted, "{uuid}")
    holding.records = truth.rows
    rule = listed("{uuid}", list="/link", page={"link": True}, keys="$[*].id", payload="$[*].note.text")
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), holding.url)
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


@OFTEN
@given(planted=fates("doubled"))
def test_a_list_in_order_of_numbers_shows_it_too(planted: Fates, holding: Holding, tmp_path: Path) -> None:
    truth = plant(planted, "{seq}", number=True)
    holding.records = truth.rows
    page = {"after": "key", "last": "$.last"}
    rule = listed("{seq}", list="/after?after={after}&limit={limit}", page=page, limit=4)
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), holding.url)
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


@OFTEN
@given(planted=fates())
def test_get_by_key_shows_what_was_lost_and_changed(planted: Fates, holding: Holding, tmp_path: Path) -> None:
    truth = plant(planted, "{uuid}")
    holding.records = truth.rows
    rule = ways(key="{uuid}", payload="$.note.text", read={"get": "/items/{key}", "rate": 10_000.0})
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), holding.url)
    seen = [(seq, State.PRESENT if state == State.DOUBLED else state) for seq, state in truth.expected]
    assert (found.complete, found.rows.tolist()) == (True, seen), found.because
    assert "stored twice" in found.blind


@pytest.mark.parametrize(("key", "kind"), [("{uuid}", "text"), ("{seq}", "integer"), ("{seq}", "")])
@OFTEN
@given(planted=fates())
def test_sqlite_shows_it_too(key: str, kind: str, planted: Fates, tmp_path: Path) -> None:
    truth = plant(planted, key, number=key == "{seq}")
    file = tmp_path / "app.db"
    with sqlite3.connect(file) as made:
        made.executescript(f"drop table if exists items; create table items (id {kind}, note)")
        made.executemany("insert into items values (?, ?)", truth.rows)
    made.close()
    rule = ways(key=key, read={"sql": "select id, note from items where id = any(%s)"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), dsn=f"sqlite:///{file}")
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


@OFTEN
@given(planted=fates("doubled"))
def test_keys_that_the_service_chose_are_followed(planted: Fates, holding: Holding, tmp_path: Path) -> None:
    truth = plant(planted, "{uuid}")
    chosen = {seq: {"seq": seq, "key": 1000 + seq} for seq in range(1, len(planted) + 1)}
    numbers = iter(1000 + seq for seq, fate in enumerate(planted, 1) if fate != "lost")
    holding.records = [
        (next(numbers) if key not in ("theirs", "others") else 3, note) for key, note in truth.rows
    ]
    rule = ways(key="$.id", payload="$.note.text", read={"get": "/items/{key}", "rate": 10_000.0})
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted), chosen), holding.url)
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because
