"""An expectation that no answer can meet, or a write that no answer acknowledges, is refused in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.spec import target as targets

HEAD = """\
name: mine
driver: attach
consent: {owner: The tests, until: 2999-12-31}
options: {base_url: "http://127.0.0.1:9"}
"""
WRITE = 'method: POST, path: /a, json: {id: "{uuid}"}'
LEDGER = 'ledger: {key: "{uuid}", read: {get: "/a/{key}"}'


def load(tmp_path: Path, route: str, top: str = "") -> targets.Target:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}{top}routes:\n  only: {route}\n")
    return targets.load(path)


def because(tmp_path: Path, route: str, top: str = "") -> str:
    with pytest.raises(FileError) as refused:
        load(tmp_path, route, top)
    return str(refused.value)


@pytest.mark.parametrize(
    ("expected", "acknowledged"),
    [
        ("expect: 200", "[201]"),
        ("expect: [200, 404]", "202"),
        ("timeout: 2s", "404"),
        ("expect: 404", "{json: {$.id: present}}"),
    ],
)
def test_a_write_that_no_good_answer_acknowledges_is_refused(
    tmp_path: Path, expected: str, acknowledged: str
) -> None:
    said = because(tmp_path, f"{{{WRITE}, {expected}, {LEDGER}, acknowledged: {acknowledged}}}}}")
    assert "ledger: acknowledged: no good answer acknowledges a write, because the route expects" in said


@pytest.mark.parametrize(
    ("expected", "acknowledged"),
    [
        ("expect: [201, 202]", "[201]"),
        ("timeout: 2s", "201"),
        ("expect: [200, 404]", "{json: {$.id: present}}"),
        ("expect: {contains: x}", "[201, 404]"),
    ],
)
def test_a_write_that_some_good_answers_acknowledge_is_valid(
    tmp_path: Path, expected: str, acknowledged: str
) -> None:
    assert load(tmp_path, f"{{{WRITE}, {expected}, {LEDGER}, acknowledged: {acknowledged}}}}}")


GZIP = "headers: {accept-encoding: gzip}\n"


def test_a_body_that_the_targets_headers_compress_is_not_looked_into(tmp_path: Path) -> None:
    said = because(tmp_path, "{path: /a, expect: {contains: x}}", GZIP)
    assert "routes: only: expect: contains: the target's `headers` ask for a compressed body" in said
    session = "session: [{path: /b, expect: {json: {$.a: present}}}]\n"
    assert "session[0]: expect: json: the target's" in because(tmp_path, "{path: /a}", GZIP + session)


@pytest.mark.parametrize(
    ("route", "top"),
    [
        ("{path: /a, expect: {max_size: 1MB}}", GZIP),
        ("{path: /a, headers: {Accept-Encoding: identity}, expect: {contains: x}}", GZIP),
        ("{path: /a, expect: {contains: x}}", "headers: {Accept-Encoding: identity}\n"),
    ],
)
def test_a_compressed_body_may_be_measured_and_another_one_read(tmp_path: Path, route: str, top: str) -> None:
    assert load(tmp_path, route, top)


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("json: {$.n: {at_least: 3, at_most: 2}}", "at_least: must be at most `at_most`"),
        ("json: {$.n: {absent: true, at_least: 2}}", "at_least: nothing that is absent keeps this rule"),
        ("json: {$.n: {absent: true, equals: x}}", "equals: nothing that is absent keeps this rule"),
        ("json: {$.n: {absent: true, present: true}}", "present: nothing that is absent keeps this rule"),
        ("json: {$.n: {present: true, equals: null}}", "present: null counts as absent"),
        ("headers: {etag: {absent: true, contains: x}}", "contains: nothing that is absent keeps this rule"),
        ("contains: ok, lacks: ok", "lacks: is in a text under `contains`: remove one of them"),
        ("contains: [a, booked], lacks: [x, book]", "is in a text under `contains`"),
        ("contains: '{uuid}', lacks: '{uuid}'", "is in a text under `contains`"),
        ("status: 204, json: {$.n: 1}", "json: the answer with status 204 has no body"),
        ("status: [204, 304], contains: x", "contains: the answer with status 204 has no body"),
        ("status: 304, min_size: 1B", "min_size: the answer with status 304 has no body"),
        ("status: 204, sse: ", "sse: the answer with status 204 has no body"),
    ],
)
def test_rules_that_no_answer_keeps_together_are_refused(tmp_path: Path, expect: str, words: str) -> None:
    assert words in because(tmp_path, f"{{path: /a, expect: {{{expect}}}}}")


@pytest.mark.parametrize(
    "expect",
    [
        "json: {$.n: {at_least: 2, at_most: 2}, $.m: absent, $.o: {absent: true, equals: null}}",
        "json: {$.n: {present: true, at_least: 2, matches: x}}",
        "headers: {etag: absent, x-a: {present: true, contains: x}}",
        "contains: ok, lacks: okay",
        "contains: 'a{item}', lacks: 'a{'",
        "status: [200, 204], json: {$.n: 1}",
        "status: 204, lacks: x, max_size: 1kB, min_size: 0B, matches: '^$', first_byte: 1s",
    ],
)
def test_rules_that_some_answer_keeps_are_valid(tmp_path: Path, expect: str) -> None:
    assert load(tmp_path, f"{{path: /a, expect: {{{expect}}}}}")


SESSION = "session: [{path: /b, take: {token: $.t}}]\n"


@pytest.mark.parametrize(
    ("document", "place", "name"),
    [
        ("{n: {uuid}, m: 1}", "json: n", "uuid"),
        ("{m: [1, {item}]}", "json: m[1]", "item"),
        ("{n: {seq:text}}", "json: n", "seq:text"),
        ("{n: {row.user}}", "json: n", "row.user"),
        ("{n: {token}}", "json: n", "token"),
    ],
)
def test_a_name_without_quotes_is_not_sent_as_a_document(
    tmp_path: Path, document: str, place: str, name: str
) -> None:
    said = because(tmp_path, f"{{method: POST, path: /a, json: {document}}}", SESSION)
    assert f"routes: only: {place}: must be in quotes: '{{{name}}}'" in said


@pytest.mark.parametrize(
    "document",
    ["{n: {uuid: null}, m: {item: ~}}", "{n: {item: }}", "{n: {'uuid'}}", "{n: {other}, m: {uuid, item}}"],
)
def test_a_document_that_is_meant_is_sent(tmp_path: Path, document: str) -> None:
    assert load(tmp_path, f"{{method: POST, path: /a, json: {document}}}", SESSION)
