"""Lists whose records do not all have a key: each counts as a record of its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.load import asker, readback
from chaos.load.keys import key_text
from chaos.load.ledger import State
from tests.load.holding import Answer, Holding
from tests.load.planting import BASE, plant, read, writes
from tests.load.readback_rules import listed

BY_OFFSET = {"list": "/offset?offset={offset}&limit={limit}", "page": {"offset": 3}}
BY_PAGE = {"list": "/paged?page={page}&limit={limit}", "page": {"offset": 3}}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(asker, "PAUSE", 0.0)


def items(*keys: Any) -> Answer:
    return 200, {"items": [{"id": key} for key in keys]}, {}


@pytest.mark.parametrize(
    ("way", "asked"),
    [
        (BY_OFFSET, ["offset=0", "offset=3", "offset=6", "offset=9"]),
        (BY_PAGE, ["page=1", "page=2", "page=3"]),
    ],
)
def test_a_page_of_null_keys_is_neither_the_end_nor_short(
    holding: Holding, tmp_path: Path, way: dict[str, Any], asked: list[str]
) -> None:
    mine = {place: key_text("{uuid}", BASE + seq) for seq, place in enumerate((0, 2, 8, 10), 1)}
    holding.records = [(mine.get(place), str(place)) for place in range(12)]
    rule = listed(**way)
    found = read(rule, writes(rule, tmp_path / "hits.npy", 4), holding.url)
    assert (found.complete, found.rows["state"].tolist()) == (True, [State.PRESENT] * 4), found.because
    requested = [path.partition("?")[2].partition("&")[0] for path in holding.asked]
    assert requested[: len(asked)] == asked


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_is_lost_or_doubled_wherever_records_without_keys_are(
    holding: Holding, tmp_path: Path, data: st.DataObject
) -> None:
    truth = plant(["kept", "lost", "doubled", "kept"], "{uuid}")
    nulls = [(None, f"n{n}") for n in range(data.draw(st.integers(0, 9)))]
    holding.records = data.draw(st.permutations(truth.rows + nulls))
    rule = listed(**data.draw(st.sampled_from([BY_OFFSET, BY_PAGE])))
    found = read(rule, writes(rule, tmp_path / "hits.npy", 4), holding.url)
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


@pytest.mark.parametrize(
    ("way", "answer", "because"),
    [
        ({"list": "/a?n={limit}", "limit": 3}, items(None, 1, None), "as many records as the limit, 3"),
        ({"list": "/a?o={offset}", "page": {"offset": 3}}, items(None, None), "repeats the one before"),
        (
            {"list": "/a?k={after}", "page": {"after": "key"}},
            items(None, None),
            "no key after which to go on",
        ),
    ],
)
def test_a_list_of_null_keys_that_could_have_more_is_not_taken_for_whole(
    holding: Holding, tmp_path: Path, way: dict[str, Any], answer: Answer, because: str
) -> None:
    holding.first = lambda _: answer
    rule = listed(**way)
    found = read(rule, writes(rule, tmp_path / "hits.npy", 2), holding.url)
    assert not found.complete and because in found.because


def test_a_list_by_key_goes_on_after_the_last_key_of_a_page(holding: Holding, tmp_path: Path) -> None:
    mine = [key_text("{uuid}", BASE + seq) for seq in (1, 2)]
    answers = {"/a": items(mine[0], None), f"/a?k={mine[0]}": items(mine[1])}
    holding.first = lambda path: answers.get(path, items())
    rule = listed(list="/a?k={after}", page={"after": "key"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 2), holding.url)
    assert (found.complete, found.rows["state"].tolist()) == (True, [State.PRESENT] * 2), found.because
