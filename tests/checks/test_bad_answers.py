"""Bad answers in words: counts and first times agree with a count by hand, and each sentence says what came."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.bad_answers import MOST_KINDS, Kind, OfRoute, causes, of_rows, sentences
from chaos.record.hits import DTYPE, HitsHeader, HitTable, Outcome

HEADER = HitsHeader(("read", "write", "add"), ("write",), (5.0, 5.0, 2.0))
ENDED = [each for each in Outcome if each not in (Outcome.UNSENT, Outcome.PENDING)]

hit = st.tuples(st.integers(0, 2), st.sampled_from(list(Outcome)), st.sampled_from([0, 200, 400, 500]))


def table(*rows: tuple[int, Outcome, int]) -> HitTable:
    found: HitTable = np.zeros(len(rows), DTYPE)
    found["due"] = np.arange(len(rows)) + 10.0
    for index, (route, outcome, status) in enumerate(rows):
        found["route"][index], found["outcome"][index], found["status"][index] = route, outcome, status
    return found


@given(st.lists(hit, max_size=40), st.integers(0, 40))
def test_counts_agree_with_counting_by_hand_however_the_rows_are_cut(
    rows: list[tuple[int, Outcome, int]], cut: int
) -> None:
    whole = table(*rows)
    found = of_rows([whole[:cut], whole[cut:]], HEADER, [], 10.0)
    bad = [each for each in rows if each[1] in ENDED and each[1] is not Outcome.GOOD]
    by_kind = Counter(bad)
    counted = {
        (HEADER.routes.index(kind.route), Outcome[kind.outcome.upper()], kind.status): kind.count
        for route in found
        for kind in route.kinds
    }
    assert counted == by_kind
    for route in found:
        code = HEADER.routes.index(route.route)
        assert route.of == sum(each[0] == code and each[1] in ENDED for each in rows)
        for kind in route.kinds:
            assert kind.first == rows.index((code, Outcome[kind.outcome.upper()], kind.status))
        assert [kind.count for kind in route.kinds] == sorted((k.count for k in route.kinds), reverse=True)


def kind(**changed: Any) -> Kind:
    given = {"route": "write", "outcome": "bad_status", "status": 400, "count": 27, "of": 53, "first": 3.21}
    return Kind(**{**given, "timeout": 5.0, **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"type": "application/json", "length": 15, "sample": '{"errors": []}'},
            '27 of 53 writes answered 400: {"errors": []}, first at +3.2 s',
        ),
        ({}, "27 of 53 writes answered 400, first at +3.2 s"),
        ({"length": 0}, "27 of 53 writes answered 400, without a body, first at +3.2 s"),
        (
            {"length": 812, "sample": "binary", "type": "image/png"},
            "27 of 53 writes answered 400, 812 bytes of image/png, first at +3.2 s",
        ),
        ({"route": "add", "status": 401}, "27 of 53 add requests answered 401, first at +3.2 s"),
        (
            {"outcome": "timeout", "status": 0},
            "27 of 53 writes timed out after 5 s, first at +3.2 s",
        ),
        (
            {"outcome": "timeout", "status": 200},
            "27 of 53 writes answered 200 later than 5 s, first at +3.2 s",
        ),
        (
            {"route": "read", "outcome": "refused", "status": 0, "reasons": ("refused",)},
            "27 of 53 reads got no connection (refused), first at +3.2 s",
        ),
        (
            {"outcome": "reset", "status": 0, "reasons": ("closed before the answer was complete",)},
            "27 of 53 writes were cut off (closed before the answer was complete), first at +3.2 s",
        ),
        (
            {"outcome": "bad_body", "status": 0, "reasons": ("Expected HTTP/",)},
            "27 of 53 writes got an answer that is not HTTP (Expected HTTP/), first at +3.2 s",
        ),
        (
            {
                "outcome": "bad_json",
                "status": 200,
                "reasons": ("$.id is absent",),
                "length": 2,
                "sample": "{}",
            },
            "27 of 53 writes answered 200, but $.id is absent: {}, first at +3.2 s",
        ),
        (
            {"outcome": "bad_body", "status": 200},
            "27 of 53 writes answered 200, but bad body, first at +3.2 s",
        ),
    ],
)
def test_a_sentence_says_what_came_how_often_and_when_first(changed: dict[str, Any], said: str) -> None:
    assert kind(**changed).said == said


def test_a_sentence_holds_the_beginning_of_a_long_body() -> None:
    said = kind(length=300, sample="x" * 300).said
    assert f"{'x' * 117}..., first" in said


def test_beyond_a_bound_kinds_are_summed_up() -> None:
    many = tuple(kind(status=400 + number, count=20 - number) for number in range(8))
    route = OfRoute("write", 500, many)
    *first, last = route.sentences()
    assert len(first) == MOST_KINDS
    assert last == "42 more of 500, of 3 other kinds"
    assert route.to_json()["of_other_kinds"] == 42
    assert len(route.to_json()["kinds"]) == MOST_KINDS


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"status": 303}, "a redirect is not followed: sign in with `session`"),
        ({"status": 401}, "401 is about credentials"),
        ({"status": 404}, "404 is about the path"),
        ({"status": 429}, "429 is a rate limit"),
        ({"outcome": "refused", "status": 0, "reasons": ("refused",)}, "nothing listens"),
    ],
)
def test_a_plain_cause_is_named_once(changed: dict[str, Any], cause: str) -> None:
    (said,) = causes([OfRoute("write", 53, (kind(**changed), kind(**changed)))])
    assert said.startswith(cause)


@pytest.mark.parametrize(
    "changed",
    [{"status": 500}, {"status": 400}, {"outcome": "refused", "status": 0, "reasons": ("no route to host",)}],
)
def test_what_is_not_plain_is_not_guessed(changed: dict[str, Any]) -> None:
    assert causes([OfRoute("write", 53, (kind(**changed),))]) == []


def test_the_sample_of_another_kind_is_not_shown() -> None:
    sample = {
        "at": 1.0,
        "route": 0,
        "outcome": "bad_status",
        "status": 500,
        "reason": "",
        "type": "text/plain",
    }
    samples = [
        {**sample, "length": 4, "sample": "oops"},
        {**sample, "route": 1, "length": 3, "sample": "bad"},
    ]
    (found,) = of_rows(
        [table((0, Outcome.BAD_STATUS, 500), (0, Outcome.BAD_STATUS, 404))], HEADER, samples, 10.0
    )
    assert [(each.status, each.sample) for each in found.kinds] == [(500, "oops"), (404, "")]


def test_equal_bodies_of_several_routes_are_told_once() -> None:
    down = {"status": 503, "length": 20, "sample": '{"error": "no pool"}'}
    late = kind(**{**down, "outcome": "timeout"})  # its sentence has no body
    read, write, add = (kind(**down, route=route) for route in ("read", "write", "add"))
    other = kind(**{**down, "sample": '{"error": "another"}'}, route="write")
    empty = kind(status=503, length=0)
    found = [
        OfRoute("read", 53, (late, read, empty)),
        OfRoute("write", 53, (write, other, empty)),
        OfRoute("add", 53, (add,)),
    ]
    assert list(sentences(found)) == [
        "27 of 53 writes answered 503 later than 5 s, first at +3.2 s",
        '27 of 53 reads answered 503: {"error": "no pool"}, first at +3.2 s',
        "27 of 53 writes answered 503, without a body, first at +3.2 s",
        "27 of 53 writes answered 503, the same body, first at +3.2 s",
        '27 of 53 writes answered 503: {"error": "another"}, first at +3.2 s',
        "27 of 53 writes answered 503, without a body, first at +3.2 s",
        "27 of 53 add requests answered 503, the same body, first at +3.2 s",
    ]
    assert all(
        '{"error": "no pool"}' in next(route.sentences()) for route in (found[1], found[2])
    )  # by itself
