"""A bad answer leaves one harmless, masked line of its body: whatever a service answers, terminal and page stay as they
are."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.load.bad_answers import LOOKED, MOST_KINDS, BadAnswers
from chaos.load.body_text import MOST_READ, MOST_SHOWN, line
from chaos.load.failures import ConnectFailed, Disconnected, Malformed, reason_of
from chaos.record.hits import Outcome
from chaos.record.journal import read_lines
from chaos.record.redact import MASK, Redactor
from chaos.spec.routes import Route
from tests.load.playing import Playing, outcomes

JSON, HTML, TEXT = b"application/json", b"text/html; charset=utf-8", b"text/plain"
PLAIN = Redactor()


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (JSON, b'{"errors": [\n  "title is missing"]}', '{"errors": [ "title is missing"]}'),
        (TEXT, b"", ""),
        (TEXT, "Grüße".encode(), "Grüße"),
        (TEXT, b"\x1b[2J\x1b]0;owned\x07 done", r"\x1b[2J\x1b]0;owned\x07 done"),
        (TEXT, "abc \u202e txt \u2066 x".encode(), r"abc \u202e txt \u2066 x"),
        (TEXT, b"nearly utf-8 \xff but mostly text", "nearly utf-8 \ufffd but mostly text"),
        (b"image/png", b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
        (TEXT, b"\xff\xfe\xfd", "binary"),
        (HTML, b"<html><head><title>502 Bad\nGateway</title></head><body>x</body>", "HTML page: 502 Bad"),
        (HTML, b"<style>a{}</style><script>alert(1)</script><h1>Oops</h1>", "HTML page: Oops"),
        (HTML, b"<p>first line</p><p>second</p>", "HTML page: first line"),
        (HTML, b"<script>alert(1)</script>", "HTML page: without text"),
        (HTML, b"<title><script>alert(1)</script></title>", "HTML page: without text"),
        (JSON, b"<!DOCTYPE html><title>Not JSON at all</title>", "HTML page: Not JSON at all"),
        (HTML, b"<![if lt IE 9]><h1>old</h1>", "HTML page: old"),
        (HTML, b"<![what<h1>x", "HTML page: without text"),
    ],
)
def test_a_body_becomes_one_line(kind: bytes, body: bytes, expected: str) -> None:
    assert line(kind, body, PLAIN) == expected


def test_a_long_body_is_cut() -> None:
    found = line(TEXT, b"x" * 10_000_000, PLAIN)
    assert found == "x" * (MOST_SHOWN - 3) + "..."


@pytest.mark.parametrize(
    "body",
    [
        b'{"detail": "bad header Authorization: Bearer s3cr3t-of-mine"}',
        b'{"access_token": "s3cr3t-of-mine"}',
        b"<title>s3cr3t-of-mine</title>",
        b"password=s3cr3t-of-mine&x=1",
        b"postgresql://app:s3cr3t-of-mine@db/app refused",
        b"s3cr3t%2Dof%2Dmine",
    ],
)
def test_a_secret_of_the_run_is_masked_in_a_body(body: bytes) -> None:
    found = line(JSON, body, Redactor(["s3cr3t-of-mine"]))
    assert MASK in found
    assert "s3cr3t" not in found


def test_what_looks_like_a_secret_is_masked_though_the_run_does_not_know_it() -> None:
    token = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh"
    for body in (b'{"jwt": "' + token + b'"}', b'{"password": "hunter2hunter2"}', b"api_key=hunter2hunter2"):
        found = line(JSON, body, PLAIN)
        assert MASK in found
        assert "hunter2" not in found and "eyJ" not in found


@given(
    st.binary(max_size=2 * MOST_READ), st.sampled_from([JSON, HTML, TEXT, b"", b"application/octet-stream"])
)
def test_no_body_moves_the_cursor_or_is_too_long(body: bytes, kind: bytes) -> None:
    found = line(kind, body, PLAIN)
    assert len(found) <= MOST_SHOWN
    assert all(each == " " or unicodedata.category(each)[0] not in "CZ" for each in found)


def test_a_connection_error_is_described_in_a_few_words() -> None:
    assert reason_of(ConnectFailed(111, "Connection refused")) == "refused"
    assert reason_of(ConnectFailed(113, "No route to host")) == "No route to host"
    assert reason_of(Disconnected(None, "closed before the answer was complete")) == (
        "closed before the answer was complete"
    )
    assert reason_of(Malformed("Expected HTTP/")) == "Expected HTTP/"
    assert reason_of(TimeoutError()) == ""


def seen(path: Path, *answers: tuple[Any, ...]) -> list[dict[str, Any]]:
    found = BadAnswers(path, PLAIN)
    for at, (kind, why, *body) in enumerate(answers):
        found.see(kind, float(at), why, *body)
    found.flush()
    return list(read_lines(path))


BAD = (0, Outcome.BAD_STATUS, 400)


def test_only_the_first_of_each_kind_is_kept(tmp_path: Path) -> None:
    again = [(BAD, None, JSON, b"%d" % number) for number in range(50)]
    other = [
        ((1, Outcome.BAD_STATUS, 400), None, JSON, b"other route"),
        ((0, Outcome.TIMEOUT, 0), TimeoutError()),
    ]
    found = seen(tmp_path / "bad", *again, *other)
    assert [(each["route"], each["outcome"], each["status"], each["sample"]) for each in found] == [
        (0, "bad_status", 400, "0"),
        (1, "bad_status", 400, "other route"),
        (0, "timeout", 0, ""),
    ]
    assert (found[0]["at"], found[0]["type"], found[0]["length"]) == (0.0, "application/json", 1)


def test_different_reasons_of_one_kind_are_kept_up_to_a_bound(tmp_path: Path) -> None:
    kind = (0, Outcome.REFUSED, 0)
    found = seen(tmp_path / "bad", *[(kind, f"reason {number}") for number in range(LOOKED)])
    assert [each["reason"] for each in found] == [f"reason {number}" for number in range(MOST_KINDS)]
    late = seen(tmp_path / "late", *[(kind, "same")] * LOOKED, (kind, "another, too late"))
    assert [each["reason"] for each in late] == ["same"]


def test_a_second_process_of_a_run_continues_the_file(tmp_path: Path) -> None:
    seen(tmp_path / "bad", (BAD, None, JSON, b"first"))
    both = seen(tmp_path / "bad", (BAD, None, JSON, b"second"))
    assert [each["sample"] for each in both] == ["first", "second"]


def test_the_load_process_keeps_the_body_of_a_bad_answer_and_the_reason_of_an_error(playing: Playing) -> None:
    routes = [Route(path="/error"), Route(path="/garbage"), Route(path="/hang-up"), Route(path="/ok")]
    table = playing.whole(routes, [0.05 * number for number in range(8)])
    assert outcomes(table)[:3] == [Outcome.BAD_STATUS, Outcome.BAD_BODY, Outcome.RESET]
    found = list(read_lines(playing.bad_answers))
    assert [(each["route"], each["outcome"], each["status"]) for each in found] == [
        (0, "bad_status", 500),
        (1, "bad_body", 0),
        (2, "reset", 0),
    ]
    assert found[2]["reason"] == "closed before the answer was complete"
    assert found[1]["reason"]
