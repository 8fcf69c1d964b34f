"""Names in braces: what is one, what stays as it is, and how each place quotes what is filled in."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.load import ledger, values
from chaos.load.ledger import LOWEST
from chaos.load.values import Row, Values, number_of
from chaos.spec import templates

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BRACES = st.text(st.sampled_from('{}"a.: e'), max_size=14)
VALUES = Values({"token": "t"})
NUMBER = 3_000_000_000_000_123


def filled(template: str, value: str = "", place: values.Place | None = None) -> str:
    return VALUES.text(template, place).text(Row(NUMBER, 7, {"x": value}, 1_795_000_000.25))


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("{item}", "7"),
        ("{seq}-{item}", f"{NUMBER}-7"),
        ("{now}", "2026-11-18T11:06:40.250Z"),
        ("a{token}b", "atb"),
        ("{{item}}", "{item}"),
        ("{{{item}}}", "{7}"),
        ('{"a": {"b": {item}}}', '{"a": {"b": 7}}'),
        ('{{"a": {{"b": {item}}}}}', '{"a": {"b": 7}}'),
        ('{{"a": {"b": {item}}}}', '{"a": {"b": 7}}'),
        ("query { me { name } }", "query { me { name } }"),
        ("{me{{name}}}", "{me{name}}"),
        ("a{2,3}", "a{2,3}"),
        ("{}", "{}"),
        ("{{", "{"),
        ("}}", "}}"),
        ("{ item }", "{ item }"),
    ],
)
def test_a_name_in_braces_is_filled_in_and_other_braces_stay(template: str, sent: str) -> None:
    assert filled(template) == sent


@given(BRACES | TEXT)
def test_an_escaped_text_is_sent_as_it_is(text: str) -> None:
    assert filled(templates.escaped(text)) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | BRACES,
        lambda each: st.lists(each) | st.dictionaries(BRACES, each),
    )
)
def test_the_braces_of_any_json_text_stay(document: object) -> None:
    """Unless the text has a doubled one, which only a string of it can have."""
    text = json.dumps(document)
    names = list(templates.names(text))
    if "{{" not in text and not names:
        assert filled(text) == text


@given(TEXT)
def test_a_value_stays_within_its_place(value: str) -> None:
    path = filled("/a/{row.x}/b?q={row.x}", value, values.PATH)
    parts = urlsplit(path)
    assert [unquote(each) for each in parts.path.split("/")[1:]] == ["a", value, "b"] and path.isascii()
    assert unquote(parts.query.removeprefix("q=")) == value
    form = values.encoded(VALUES, {"{row.x}": ["{row.x}", "b&c"]}).text(Row(1, row={"x": value}))
    assert parse_qsl(form, keep_blank_values=True) == [(value, value), (value, "b&c")]
    held = VALUES.json({"k {row.x}": ["{row.x}", "<{row.x}>"]}).text(Row(1, row={"x": value}))
    assert json.loads(held) == {f"k {value}": [value, f"<{value}>"]}
    for place in (values.HEADER, values.COOKIE, values.MULTIPART):
        assert not re.search(r"[\r\n]", filled("{row.x}", value, place))
    assert not re.search(r"[\x00-\x1f\x7f]", filled("{row.x}", value, values.HEADER))
    assert not re.search(r"[;, \\\x00-\x20]", filled("{row.x}", value, values.COOKIE))
    assert '"' not in filled("{row.x}", value, values.MULTIPART)


def test_a_cookie_is_sent_back_as_the_service_wrote_it() -> None:
    for value in ("s%2Fid=1", '"quoted"', "a+b/c==", "eyJ.x-y_z"):
        assert filled("{row.x}", value, values.COOKIE) == value
        assert SimpleCookie(f"sid={filled('{row.x}', value, values.COOKIE)}")["sid"].coded_value == value


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("{seq}", NUMBER),
        ("{item}", 7),
        ("{seq:text}", str(NUMBER)),
        ("n{seq}", f"n{NUMBER}"),
        ("{seq} ", f"{NUMBER} "),
        ("{row.n}", 12.5),
        ("{row.n:text}", "12.5"),
        ("{row.list}", [1, None]),
        ("{row.list:text}", "[1, null]"),
        ("{row.none}", None),
        ("<{row.none}>", "<>"),
        ("{row.yes}", True),
        ("{row.digits}", "12"),
        ("{id}", 5),
        ("{id:text}", "5"),
        (["{item}", {"{item}": None}], [7, {"7": None}]),
        ("{{item}}", "{item}"),
    ],
)
def test_what_is_exactly_one_name_of_a_number_is_a_number_in_json(written: object, sent: object) -> None:
    row = {"n": 12.5, "list": [1, None], "none": None, "yes": True, "digits": "12"}
    found = Values({"id": 5}).json(written).text(Row(NUMBER, 7, row))
    assert json.loads(found) == sent and (json.loads(found) is True) == (sent is True)


def test_what_follows_from_a_number_is_the_same_for_the_same_number_only() -> None:
    names = "{seq} {uuid} {payload} {checksum}"
    one, again, other = (VALUES.text(names).text(Row(number)) for number in (NUMBER, NUMBER, NUMBER + 1))
    assert one == again and not set(one.split()) & set(other.split()) - {"midnight", ledger.marker(NUMBER)}
    assert UUID(one.split()[1]).version == 4
    assert (
        filled("{payload}") == ledger.record(NUMBER)[0] and filled("{checksum}") == ledger.record(NUMBER)[1]
    )


def test_requests_that_are_no_ledger_writes_have_numbers_of_their_own() -> None:
    base = ledger.base_of("20261126T235900Z-a1b2c3")
    assert number_of(base, 5, 17) == base + 5
    number = number_of(base, -1, 17)
    assert 0 < number < LOWEST and number != number_of(base, -1, 18)
    payload = VALUES.text("{payload}").text(Row(number))
    assert payload.startswith("midnight 20261126-a1b2c ") and payload != ledger.record(number + LOWEST)[0]
    assert VALUES.text("{checksum}").text(Row(number)) == ledger.checksum(payload)


def test_a_template_without_names_is_one_constant() -> None:
    assert VALUES.text("a {token}").constant == b"a t"
    assert VALUES.json({"a": [1, "{token}"]}).constant == b'{"a": [1, "t"]}'
    assert VALUES.text("a {seq}").constant is None
