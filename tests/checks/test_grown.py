"""What grew between two censuses is told by the application's own frames, largest first."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.checks.leaks.grown import grown

ROUTE, HELPER = "/srv/shop/app.py:12 in route", "/srv/shop/client.py:4 in ask"
LIBRARY = "/venv/lib/python3.11/site-packages/httpx/_client.py:900 in get"
STDLIB = "/usr/lib/python3.11/socket.py:830 in create_connection"
FROZEN = "<frozen importlib._bootstrap>:1 in _load"


def census(counter: int = 1, **lists: Any) -> dict[str, Any]:
    names = ("descriptors", "sockets", "sessions", "greenlets", "tasks", "threads", "forgotten", "containers")
    return {"counter": counter, "library": ["/usr/lib/python3.11/"], **dict.fromkeys(names, ()), **lists}


def group(count: int, *stack: str, kind: str = "file", **more: Any) -> dict[str, Any]:
    return {"count": count, "kind": kind, "stack": list(stack), **more}


def container(length: int, was: dict[str, int], **more: Any) -> dict[str, Any]:
    kept = {
        "id": 1,
        "type": "dict",
        "holder": "app.KEPT",
        "writers": [],
        "takers": [],
        "most": None,
        "ordered": False,
    }
    return {**kept, "length": length, "was": was, **more}


def test_the_place_is_the_innermost_frame_of_the_application() -> None:
    after = census(2, sockets=[group(30, STDLIB, LIBRARY, HELPER, FROZEN, ROUTE, kind="socket")])
    (found,) = grown(census(), after, 60)
    assert (found.resource, found.count, found.per_request) == ("sockets", 30, 0.5)
    assert (found.place, found.stack) == (HELPER, (HELPER, ROUTE))


def test_at_most_three_frames_are_shown() -> None:
    stack = [f"/srv/shop/app.py:{line} in step" for line in range(9)]
    (found,) = grown(census(), census(2, descriptors=[group(1, *stack)]), 1)
    assert found.stack == tuple(stack[:3])


def test_what_did_not_grow_or_shrank_is_left_out() -> None:
    held = [group(5, ROUTE), group(3, HELPER)]
    assert (
        grown(census(descriptors=held), census(2, descriptors=[group(5, ROUTE), group(1, HELPER)]), 10) == []
    )


def test_two_ways_through_a_library_to_one_line_are_one_place() -> None:
    before = census(sockets=[group(1, STDLIB, ROUTE)])
    after = census(2, sockets=[group(2, STDLIB, ROUTE), group(4, LIBRARY, ROUTE)])
    assert [(each.place, each.count) for each in grown(before, after, 5)] == [(ROUTE, 5)]


def test_kinds_from_one_place_are_told_apart_and_the_largest_is_first() -> None:
    after = census(
        2, descriptors=[group(2, ROUTE), group(3, ROUTE, kind="deleted file", what="/tmp/x (deleted)")]
    )
    assert [(each.count, each.kind) for each in grown(census(), after, 1)] == [
        (3, "deleted file, such as /tmp/x (deleted)"),
        (2, "file"),
    ]


def test_without_a_frame_of_the_application_the_innermost_is_the_place() -> None:
    (found,) = grown(census(), census(2, threads=[group(1, STDLIB, LIBRARY, kind="thread")]), 1)
    assert (found.place, found.stack) == (STDLIB, ())


def test_what_nothing_is_known_of_has_no_place() -> None:
    (found,) = grown(census(), census(2, descriptors=[group(1, kind="eventpoll")]), 1)
    assert (found.place, found.kind) == ("", "eventpoll")


def test_a_spawned_greenlet_names_its_current_line() -> None:
    spawned = group(1, ROUTE, kind="Greenlet", current=[LIBRARY, HELPER])
    (found,) = grown(census(), census(2, greenlets=[spawned]), 1)
    assert (found.place, found.kind) == (ROUTE, f"Greenlet, now at {HELPER}")


def test_a_path_that_several_places_open_says_so() -> None:
    (found,) = grown(census(), census(2, descriptors=[group(1, ROUTE, what="/srv/a", others=2)]), 1)
    assert found.kind == "file, such as /srv/a; also opened by that name at 2 other places"


def test_a_container_grows_from_what_it_was_at_the_earlier_census() -> None:
    after = census(3, containers=[container(40, {"1": 3, "2": 10}, writers=[ROUTE])])
    for counter, count in ((1, 37), (2, 30)):
        (found,) = grown(census(counter), after, 30)
        assert (found.resource, found.count, found.holder, found.place) == (
            "entries",
            count,
            "app.KEPT",
            ROUTE,
        )
        assert found.bounded == ""


def test_a_container_whose_earlier_length_is_not_known_is_left_out() -> None:
    assert grown(census(1), census(9, containers=[container(40, {"8": 3})]), 30) == []


def test_a_container_that_did_not_grow_since_is_left_out() -> None:
    assert grown(census(2), census(3, containers=[container(40, {"1": 3, "2": 40})]), 30) == []


def test_known_bounds_are_told() -> None:
    after = census(
        2,
        containers=[
            container(4, {"1": 0}, holder="app.RECENT", most=5),
            container(3, {"1": 0}, holder="app.LRU", ordered=True, takers=[HELPER]),
            container(2, {"1": 0}, holder="app.POPPED", takers=[HELPER]),
            container(1, {"1": 0}, holder="app.ORDERED", ordered=True),
        ],
        sessions=[group(9, ROUTE, kind="session", pool="QueuePool", most=15)],
    )
    assert {each.holder: each.bounded for each in grown(census(), after, 9)} == {
        "": "may be bounded: QueuePool hands out at most 15 in each process",
        "app.RECENT": "may be bounded: at most 5 entries in each process",
        "app.LRU": f"may be bounded: entries are taken out at {HELPER}",
        "app.POPPED": "",
        "app.ORDERED": "",
    }


def test_a_round_of_no_requests_is_no_division_by_zero() -> None:
    (found,) = grown(census(), census(2, descriptors=[group(2, ROUTE)]), 0)
    assert found.per_request == 2


@pytest.mark.parametrize("resource", ["threads", "tasks"])
def test_what_moved_to_another_line_has_not_grown(resource: str) -> None:
    before = census(1, **{resource: [group(4, ROUTE, kind="thread"), group(1, HELPER, kind="thread")]})
    moved = census(2, **{resource: [group(2, ROUTE, kind="thread"), group(3, HELPER, kind="thread")]})
    assert grown(before, moved, 10) == []
    more = census(2, **{resource: [group(3, ROUTE, kind="thread"), group(4, HELPER, kind="thread")]})
    (found,) = grown(before, more, 10)
    assert (found.place, found.count, found.held) == (HELPER, 2, 4)
    assert found.per_request == pytest.approx(0.2)
