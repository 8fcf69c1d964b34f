"""JSONPath in files: against the library's own query, and against a plain walk."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.spec import jsonpath

NAMES = st.sampled_from(["a", "b", "c d", "ä", "0", "*"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each, max_size=3),
    max_leaves=12,
)
STEPS = st.lists(NAMES | st.integers(-3, 3), max_size=4)


def walked(document: Any, steps: Sequence[Any]) -> list[Any]:
    for step in steps:
        kind = list if isinstance(step, int) else dict
        if not isinstance(document, kind):
            return []
        try:
            document = document[step]
        except (KeyError, IndexError):
            return []
    return [document]


def written(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"[{step!r}]" for step in steps)


@given(DOCUMENTS, STEPS)
def test_a_path_to_one_value_is_a_plain_walk(document: Any, steps: list[str | int]) -> None:
    path = written(steps)
    assert list(jsonpath.finder(path)(document)) == walked(document, steps)
    assert walked(document, steps) == jsonpath_rfc9535.find(path, document).values()


@given(DOCUMENTS, st.sampled_from(["$..a", "$[*]", "$.a[*].b", "$[?@.a == 1]", "$.a[0:2]", "$['a','b']"]))
def test_any_other_path_is_the_librarys(document: Any, path: str) -> None:
    assert list(jsonpath.finder(path)(document)) == jsonpath_rfc9535.find(path, document).values()


@pytest.mark.parametrize(
    "path", ["", "a", "$.", "$.a[", "$.a-b", "$..", "$" + ".a" * 600, "$[" * 300, "$.a | $.b"]
)
def test_what_is_no_path_is_refused_in_our_own_words(path: str) -> None:
    with pytest.raises(ValueError, match=r"must be a JSONPath such as \$\.items\[0\]\.id"):
        jsonpath.finder(path)


def test_a_query_leaves_no_cycles_behind() -> None:
    """The garbage collector of the load process is off."""
    document = {"items": [{"id": n, "tags": ["a"]} for n in range(20)]}
    finders = [jsonpath.finder(path) for path in ("$.items[3].id", "$.items[*].id", "$..tags[?@ == 'a']")]
    gc.collect()
    gc.disable()
    try:
        for find in finders:
            assert len(find(document)) >= 1
        assert gc.collect() == 0
    finally:
        gc.enable()


PARTS = st.lists(st.sampled_from([".a", "._b1", ".A9", "[0]", "[12]", "[*]"]), max_size=5)


@given(DOCUMENTS, PARTS)
def test_a_path_that_needs_no_parser_means_what_the_parser_says(document: Any, parts: list[str]) -> None:
    path = "$" + "".join(parts)
    query = jsonpath_rfc9535.compile(path)
    assert jsonpath.segments(path) == [str(segment) for segment in query.segments]
    assert jsonpath.is_single(path) is query.singular_query()
    assert list(jsonpath.finder(path)(document)) == query.find(document).values()


@pytest.mark.parametrize(
    ("path", "single"), [("$..a", False), ("$.a[0:2]", False), ("$['a']", True), ("$[-1]", True)]
)
def test_any_other_path_is_parsed(path: str, single: bool) -> None:
    assert jsonpath.is_single(path) is single
    assert jsonpath.segments(path) == [str(each) for each in jsonpath_rfc9535.compile(path).segments]
