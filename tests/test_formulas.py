"""Formulas of gauges: cut at the right places, and computed as arithmetic is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.spec import formulas
from chaos.spec.formulas import Matcher, Path, Selector, Series, Shown

NAMES = ("a", "b_total", "c:d", "missing")
VALUES = {"a": [1.0, 2.5], "b_total": [4.0], "c:d": [8.0, 16.0, 32.0]}


def shown(selector: Selector) -> Shown:
    return [({}, value) for value in VALUES.get(selector.name, [])]


terms = st.tuples(
    st.sampled_from(["+", "-"]), st.sampled_from(["", "2 * ", "0.5 * "]), st.sampled_from([*NAMES, "3"])
)


@given(st.lists(st.lists(terms, min_size=1, max_size=4), min_size=1, max_size=3))
def test_a_formula_is_the_first_sum_of_which_everything_is_shown(
    alternatives: list[list[tuple[str, str, str]]],
) -> None:
    texts, expected = [], []
    for each in alternatives:
        given_terms = [(sign, "" if name == "3" else factor, name) for sign, factor, name in each]
        given_terms[0] = ("+", *given_terms[0][1:])
        texts.append(" ".join(f"{sign} {factor}{name}" for sign, factor, name in given_terms)[2:])
        if not any(name == "missing" for _, _, name in given_terms):
            numbers = {name: sum(values) for name, values in VALUES.items()} | {"3": 3.0}
            expected.append(
                sum(
                    (1 if sign == "+" else -1) * float(factor[:-3] or 1) * numbers[name]
                    for sign, factor, name in given_terms
                )
            )
    found = formulas.parse(" or ".join(texts), json=False).of(shown, sum)
    assert found is None if not expected else found is not None and math.isclose(found, expected[0])


def test_what_lies_in_quotes_or_brackets_is_not_cut() -> None:
    (selector,) = formulas.parse('busy{pool="a + b or c",x!~"1 - \\\\d"}', json=False).selectors
    assert selector == Series("busy", (Matcher("pool", "=", "a + b or c"), Matcher("x", "!~", "1 - \\d")))
    (path,) = formulas.parse("$.pools[?@.name == 'x - y'].busy", json=True).selectors
    assert isinstance(path, Path) and path.find({"pools": [{"name": "x - y", "busy": 3}]}) == [3]


@pytest.mark.parametrize(
    ("text", "json", "words"),
    [
        ("a b", False, "must be the name of a series or column"),
        ("", False, "must be the name of a series or column"),
        ("a{b=c}", False, 'has a label matcher that is not LABEL="VALUE"'),
        ('a{b=~"("}', False, "has a regular expression that does not parse"),
        ("rate(a[1m])", False, "must be the name of a series or column"),
        ("pool", True, "must be a JSONPath such as $.pool.active (RFC 9535); did you mean $.pool?"),
        ("$.[", True, "must be a JSONPath"),
    ],
)
def test_what_is_no_formula_is_told_with_what_to_type(text: str, json: bool, words: str) -> None:
    with pytest.raises(ValueError) as raised:
        formulas.parse(text, json=json)
    assert words in str(raised.value)
