"""What a good answer is, part by part."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.load.expectations import Answer, Bad, Expectation, same_as
from chaos.load.values import Row, Values
from chaos.record.hits import UNEXPECTED, Outcome
from chaos.spec.expect import Expect

ROW = Row(12345, 7, {"name": "Zoë", "n": 3})
KINDS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.5, "1", "", "true"])
DOCUMENTS = st.recursive(
    KINDS, lambda each: st.lists(each, max_size=2) | st.dictionaries(st.sampled_from("ab"), each, max_size=2)
)


def broken(body: str | bytes, answer: dict[str, Any] | None = None, **expect: Any) -> Bad | None:
    raw = body.encode() if isinstance(body, str) else body
    known = Values({"token": "t-1", "id": 9})
    written = Expect.model_validate(expect, context={"written": True})
    again = Expect.model_validate_json(written.model_dump_json())  # as the load process reads it
    given = Answer(200, raw)._replace(**answer or {})
    found = Expectation(written, known).broken(given, ROW)
    assert found == Expectation(again, known).broken(given, ROW)
    return found


def outcome(*args: Any, **kwargs: Any) -> Outcome:
    bad = broken(*args, **kwargs)
    assert bad is None or (bad.outcome in UNEXPECTED and bad.why)
    return Outcome.GOOD if bad is None else bad.outcome


ANSWER = (
    '{"id": 12345, "who": "Zoë", "n": 3, "none": null, "list": [1, 2], "errors": [], "deep": {"a": true}}'
)


@pytest.mark.parametrize(
    ("rules", "good"),
    [
        ({"$.id": "{seq}"}, True),
        ({"$.id": 12345}, True),
        ({"$.id": "12345"}, False),
        ({"$.id": {"at_least": 12345, "at_most": 12345}}, True),
        ({"$.id": {"at_least": 12346}}, False),
        ({"$.who": {"at_least": 1}}, False),
        ({"$.who": "{row.name}"}, True),
        ({"$.who": "{row.name}!"}, False),
        ({"$.who": {"matches": "^Z.."}}, True),
        ({"$.n": "{row.n}"}, True),
        ({"$.n": {"matches": "^3$"}}, True),
        ({"$.none": "absent", "$.nowhere": "absent"}, True),
        ({"$.none": "present"}, False),
        ({"$.none": None}, True),
        ({"$.nowhere": None}, False),
        ({"$.errors": "absent"}, False),
        ({"$.errors": "present"}, True),
        ({"$.errors": {"equals": []}}, True),
        ({"$.list": [1, 2]}, True),
        ({"$.list": [1, 2, 3]}, False),
        ({"$.list[*]": {"at_least": 1}}, True),
        ({"$.list[*]": {"at_least": 2}}, False),
        ({"$.deep": {"equals": {"a": True}}}, True),
        ({"$.deep": {"equals": {"a": 1}}}, False),
        ({"$.deep.a": True}, True),
        ({"$.deep.a": {"equals": "present"}}, False),
        ({"$..a": "present"}, True),
    ],
)
def test_a_value_of_a_json_answer(rules: dict[str, Any], good: bool) -> None:
    assert outcome(ANSWER, json=rules) is (Outcome.GOOD if good else Outcome.BAD_JSON)


def test_a_number_that_is_filled_in_may_be_answered_as_text() -> None:
    assert outcome('{"id": "12345"}', json={"$.id": "{seq}"}) is Outcome.GOOD
    assert outcome('{"id": "12345"}', json={"$.id": "{seq:text}"}) is Outcome.GOOD
    assert outcome('{"id": 12345}', json={"$.id": "{seq:text}"}) is Outcome.BAD_JSON
    assert outcome('{"id": true}', json={"$.id": "{item}"}) is Outcome.BAD_JSON
    assert outcome('{"id": 9, "t": "t-1"}', json={"$.id": "{id}", "$.t": "{token}"}) is Outcome.GOOD


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_are_the_same_if_their_canonical_text_is(wanted: Any, found: Any) -> None:
    def canonical(node: Any) -> str:
        if isinstance(node, dict):
            return "{" + ",".join(f"{key}:{canonical(node[key])}" for key in sorted(node)) + "}"
        if isinstance(node, list):
            return "[" + ",".join(map(canonical, node)) + "]"
        return json.dumps(float(node) if type(node) is int else node)

    assert same_as(wanted, Values())(found, ROW) == (canonical(wanted) == canonical(found))


@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\xfe", b"[" * 100_000, b'{"a": 1'])
def test_a_body_that_is_no_json_is_bad(body: bytes) -> None:
    assert outcome(body, json={"$.a": "absent"}) is Outcome.BAD_JSON


def test_a_body_with_a_mark_of_its_order_is_read() -> None:
    assert outcome("\ufeff{}".encode(), json={"$.a": "absent"}) is Outcome.GOOD


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ({}, Outcome.GOOD),
        ({"status": [200, 404]}, Outcome.GOOD),
        ({"status": 201}, Outcome.BAD_STATUS),
        ({"contains": "{row.name}"}, Outcome.GOOD),
        ({"contains": ["Zoë", "{seq}"]}, Outcome.BAD_BODY),
        ({"lacks": "{item}"}, Outcome.GOOD),
        ({"lacks": ["x", "Zo"]}, Outcome.BAD_BODY),
        ({"matches": r"^H\w+, Z.ë$"}, Outcome.GOOD),
        ({"matches": [r"^H", r"[0-9]{2}"]}, Outcome.BAD_BODY),
        ({"min_size": "10B", "max_size": "12B"}, Outcome.GOOD),
        ({"min_size": "13B"}, Outcome.BAD_SIZE),
        ({"max_size": "10B"}, Outcome.BAD_SIZE),
        ({"first_byte": "500ms"}, Outcome.GOOD),
        ({"first_byte": "400ms"}, Outcome.LATE_BEGIN),
        ({"headers": {"Content-Type": "Text/Plain", "X-Id": "{row.n}"}}, Outcome.GOOD),
        ({"headers": {"content-type": "json"}}, Outcome.BAD_HEADER),
        ({"headers": {"x-id": {"matches": "^[0-9]$"}}}, Outcome.GOOD),
        ({"headers": {"x-id": {"equals": "3"}}}, Outcome.GOOD),
        ({"headers": {"x-id": {"equals": ""}}}, Outcome.BAD_HEADER),
        ({"headers": {"x-id": "present", "x-none": "absent"}}, Outcome.GOOD),
        ({"headers": {"x-none": "present"}}, Outcome.BAD_HEADER),
        ({"headers": {"x-id": "absent"}}, Outcome.BAD_HEADER),
        ({"sse": None}, Outcome.BAD_STREAM),
    ],
)
def test_each_part_has_an_outcome_of_its_own(expect: dict[str, Any], found: Outcome) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-id", b"33"), (b"x-id", b"3")]
    assert outcome("Hallo, Zoë", {"headers": headers, "first_byte": 0.45}, **expect) is found


def test_the_reason_names_the_part_and_is_short() -> None:
    bad = broken(json.dumps({"errors": [{"message": "x" * 500}]}), json={"$.errors": "absent"})
    assert bad is not None and bad.why.startswith('$.errors is [{"message": "xxx') and len(bad.why) < 130
    bad = broken("", {"status": 503}, json={"$.a": 1})
    assert bad == Bad(Outcome.BAD_STATUS, "it was answered with 503")


GZIP = b"\x1f\x8b\x08\x00"


@pytest.mark.parametrize(
    "rule",
    [{"lacks": "error"}, {"contains": "a"}, {"matches": "a"}, {"json": {"$.a": "absent"}}, {"sse": {}}],
)
@pytest.mark.parametrize("packed", [b"gzip", b"BR", b"identity, zstd"])
def test_a_compressed_body_meets_no_rule_about_its_text(rule: dict[str, Any], packed: bytes) -> None:
    bad = broken(GZIP, {"headers": [(b"content-encoding", packed)]}, **rule)
    assert bad is not None and bad.outcome is Outcome.BAD_BODY
    assert f"its body is compressed ({packed.decode()})" in bad.why


def test_what_is_not_about_its_text_holds_of_a_compressed_body() -> None:
    there = {"headers": [(b"content-encoding", b"gzip")]}
    assert broken(GZIP, there, min_size="4B", max_size="4B") is None
    assert broken("fine", {"headers": [(b"content-encoding", b"identity")]}, lacks="error") is None


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({"lacks": ["error"]}, {b"content-encoding"}),
        ({"headers": {"ETag": "present"}}, {b"etag"}),
        ({"headers": {"ETag": "present"}, "sse": {}}, {b"etag", b"content-encoding"}),
        ({"min_size": "3B"}, set()),
    ],
)
def test_of_the_header_only_those_fields_are_needed_that_a_rule_looks_at(
    rule: dict[str, Any], names: set[bytes]
) -> None:
    assert Expectation(Expect.model_validate(rule, context={"written": True}), Values()).headers == names


@settings(max_examples=300)
@given(
    st.binary(max_size=60) | DOCUMENTS.map(lambda each: json.dumps(each).encode()),
    st.sampled_from(
        [
            {"json": {"$": "present"}},
            {"json": {"$[0]": "present", "$[*].a": 1}},
            {"json": {"$..a": {"at_least": 1}, "$.a.b": "absent"}},
            {"json": {"$[-1]": {"matches": "^a"}}},
            {"contains": "ß"},
            {"lacks": "\ufffd"},
            {"matches": "(?s)^.{0,3}$"},
            {"sse": {}},
            {"sse": {"done": ["end"], "error": []}},
        ]
    ),
)
def test_any_answer_is_good_or_bad_with_a_reason(body: bytes, expect: dict[str, Any]) -> None:
    outcome(body, **expect)
    outcome(b"data: " + body + b"\n\n", **expect)
