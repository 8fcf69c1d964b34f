"""What the real load process notes of ledger writes: keys that the service chose, and answers that promise nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.load.notes import key_in
from chaos.load.written import read_notes
from chaos.record.hits import Outcome
from tests.load.playing import Playing, outcomes
from tests.load.writing import writing

READ = {"get": "/records/{key}"}


@pytest.fixture
def noting(playing: Playing, tmp_path: Path) -> Playing:
    playing.notes = tmp_path / "keys.jsonl"
    return playing


def test_a_key_that_the_service_chose_is_noted_and_an_answer_without_one_is_bad(noting: Playing) -> None:
    routes = [
        writing(key="$.seq", read=READ, expect=None),
        writing("/ok", key="$.seq", read=READ, expect=None),
        writing("/not-json", key="$.seq", read=READ, expect=None),
    ]
    table = noting.whole(routes, [0.0, 0.1, 0.2, 0.3])
    assert outcomes(table) == [Outcome.GOOD, Outcome.BAD_JSON, Outcome.BAD_JSON, Outcome.GOOD]
    assert noting.notes is not None
    assert read_notes(noting.notes) == {1: {"seq": 1, "key": 1}, 4: {"seq": 4, "key": 4}}


def test_a_good_answer_that_promises_nothing_is_noted_and_needs_no_key(noting: Playing) -> None:
    accepted = {"status": [202], "headers": {"X-Stored": "present"}}
    routes = [
        writing(key="$.seq", read=READ, acknowledged=accepted),
        writing(key="{seq}", acknowledged=[200, 201]),
        writing("/ok", key="$.seq", read=READ, acknowledged=[201], expect=None),
    ]
    table = noting.whole(routes, [0.0, 0.1, 0.2])
    assert outcomes(table) == [Outcome.GOOD] * 3
    assert noting.notes is not None
    assert read_notes(noting.notes) == {seq: {"seq": seq, "acknowledged": False} for seq in (1, 3)}


def test_notes_are_read_up_to_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "keys.jsonl"
    assert read_notes(file) == {}
    file.write_text('{"seq":1,"key":"a/\\u00e4"}\n[1]\n{"seq":"x"}\n{"seq":2,"ke')
    assert read_notes(file) == {1: {"seq": 1, "key": "a/ä"}}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"id": 7}', 7),
        (b'{"id": "7/a"}', "7/a"),
        (b'{"id": 7.0}', "7"),
        (b'{"id": null}', None),
        (b'{"id": ""}', None),
        (b'{"id": true}', None),
        (b'{"id": {"a": 1}}', None),
        (b'{"di": 7}', None),
        (b"7", None),
        (b"", None),
        (b"[" * 100_000, None),
        (b'{"id": "%s"}' % (b"x" * 2000), None),
    ],
    ids=range(12),
)
def test_a_key_is_a_text_or_a_whole_number(body: bytes, key: str | int | None) -> None:
    assert key_in("$.id", body) == key
