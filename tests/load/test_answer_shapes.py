"""What the load process says of the answers it got: a sample, and each that is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.load import answers
from chaos.load.answers import Answers, media_type, names
from chaos.record.answered import EXAMINED
from chaos.record.journal import read_lines
from chaos.record.redact import MASK, Redactor
from chaos.spec.routes import Route
from tests.load.playing import Playing
from tests.load.writing import writing

JSON = b"application/json"


def said(
    path: Path, *seen: tuple[float, bytes, bytes], secrets: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    found = Answers(path / "a", 1, Redactor(secrets))
    for at, kind, body in seen:
        found.see(0, at, kind, body)
        found.flush()
    return list(read_lines(path / "a"))


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (JSON, b'{"b": 1, "a": [1], "c": null}', ["a:array", "b:number", "c:null"]),
        (JSON, b' {"ok": true}', ["ok:boolean"]),
        (JSON, b'[{"id": "x"}, {"other": 1}]', ["[]id:string"]),
        (JSON, b"[]", []),
        (b"text/plain", b'{"a": {}}', ["a:object"]),  # whatever it is called
        (JSON, b"", None),
        (JSON, b"ok", None),
        (JSON, b'{"a": ', None),
        (JSON, b"[" * 5000, None),
        (JSON, b'{"a": "%b"}' % (b"x" * EXAMINED), None),
        (b"text/event-stream; charset=utf-8", b"data: 1\n\nevent: error\ndata: 2\n\n", ["event:error"]),
        (b"text/html", b"<html>", None),
    ],
)
def test_the_names_in_an_answer(kind: bytes, body: bytes, expected: list[str] | None) -> None:
    assert names(kind, body) == expected


def test_a_content_type_is_reported_without_its_parameters() -> None:
    assert media_type(b"Application/JSON; charset=utf-8") == "application/json"


def test_a_line_gives_the_time_the_route_and_the_look_of_an_answer(tmp_path: Path) -> None:
    (line,) = said(tmp_path, (1.5, JSON, b'{"a": 1}'))
    assert line == {"at": 1.5, "route": 0, "type": "application/json", "length": 8, "names": ["a:number"]}


def test_answers_are_sampled_and_each_of_a_new_type_or_length_is_inspected(tmp_path: Path) -> None:
    usual, html, longer = (JSON, b'{"a": 1}'), (b"text/html", b'{"a": 1}'), (JSON, b'{"a": 1000}')
    seen = [
        (0.0, *usual),
        (0.01, *usual),
        (0.02, *html),
        (0.03, *longer),
        (0.04, *longer),
        (0.2, *usual),
        (1.5, *usual),
    ]
    assert [line["at"] for line in said(tmp_path, *seen)] == [0.0, 0.02, 0.03, 1.5]


def test_a_short_baseline_has_lines_enough_and_a_long_night_not_too_many(tmp_path: Path) -> None:
    seen = [(at / 8, JSON, b'{"a": 1}') for at in range(800)]
    lines = [line["at"] for line in said(tmp_path, *seen)]
    assert len([at for at in lines if at < 2]) == 8
    assert answers.MANY + 80 <= len(lines) <= answers.MANY + 100


def test_another_answer_of_the_same_length_is_seen_within_a_moment(tmp_path: Path) -> None:
    seen = [(at / 100, JSON, b'{"a": 1}' if at < 50 else b'{"b": 1}') for at in range(100)]
    changed = next(line for line in said(tmp_path, *seen) if line["names"] == ["b:number"])
    assert changed["at"] <= 0.5 + answers.EVERY


def test_a_secret_among_the_names_is_masked(tmp_path: Path) -> None:
    (line,) = said(tmp_path, (0.0, JSON, b'{"hunter22secret": 1}'), secrets=("hunter22secret",))
    assert line["names"] == [f"{MASK}:number"]


def test_the_queue_of_answers_to_look_into_is_bounded(tmp_path: Path) -> None:
    found = Answers(tmp_path / "a", 1, Redactor(()))
    for length in range(1000):
        found.see(0, 0.0, JSON, b"x" * length)
    found.flush()
    assert len(list(read_lines(tmp_path / "a"))) == answers.MOST_WAITING


def test_the_load_process_writes_them_of_good_answers_alone(playing: Playing) -> None:
    routes = [Route(path="/ok"), Route(path="/error"), writing()]
    playing.whole(routes, [0.0, 0.05, 0.1])
    lines = list(read_lines(playing.answers))
    assert [(line["route"], line["names"]) for line in lines] == [(0, []), (2, ["seq:number"])]
    assert all(line["at"] >= 0 for line in lines)
