"""Rows of the witness have the names of level 1, and say who holds what grew."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.census.levels import levels
from chaos.checks.leaks import grown
from chaos.cli import leaks_shown

(WITNESS,) = (each for each in levels() if each.number == 3)


def census(counter: int, **lists: Any) -> dict[str, Any]:
    return {"counter": counter, "library": [], "containers": [], **dict.fromkeys(grown._LISTS, ()), **lists}


def group(kind: str, count: int = 3) -> dict[str, Any]:
    return {"count": count, "kind": kind, "stack": [f"/srv/app.py:7 in {kind}"], "what": "/srv/data"}


@pytest.mark.parametrize(
    ("listed", "kind", "resource"),
    [
        ("descriptors", "file", "descriptors:file"),
        ("descriptors", "deleted file", "descriptors:deleted"),
        ("descriptors", "pipe", "descriptors:pipe"),
        ("descriptors", "eventpoll", "descriptors"),
        ("sockets", "socket", "descriptors:socket"),
        ("greenlets", "", "greenlets"),
    ],
)
def test_a_resource_has_one_name_at_each_level(listed: str, kind: str, resource: str) -> None:
    (row,) = WITNESS.grown(census(1), census(2, **{listed: [group(kind)]}))
    assert (row["resource"], row["count"], row["held"]) == (resource, 3, 3)


def test_the_holder_and_a_possible_bound_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    container = {
        "id": 1,
        "type": "deque",
        "holder": "app.RECENT",
        "writers": ["/srv/app.py:9 in keep"],
        "takers": [],
        "most": 1000,
        "ordered": False,
        "length": 30,
        "was": {"1": 10},
    }
    rows = WITNESS.grown(census(1), census(2, containers=[container]))
    leaks_shown._show_rows("grown", [{**row, "pid": 7, "level": 3} for row in rows], "+")
    printed = capsys.readouterr().out
    assert "held by app.RECENT" in printed and "may be bounded: at most 1000 entries" in printed
