"""What a witness did not list at the point before is known only if it was asked there."""

from __future__ import annotations

import os
from typing import Any

import pytest

from chaos.census.witness.ask import NoAnswer
from chaos.checks.leaks import grown
from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles
from chaos.record.gauges import Source
from chaos.run import quiet
from chaos.spec.rounds import Round, Rounds
from chaos.spec.target import Target

PLACE = "entries:at /srv/app.py:2 in keep, held by app.KEPT"


def census(counter: int, *lengths: int) -> dict[str, Any]:
    """Containers of one place, by their order; each had ten entries less at each census before."""
    containers = [
        {
            "id": number,
            "length": length,
            "was": {str(each): length - 10 * (counter - each) for each in range(1, counter)},
            "writers": ["/srv/app.py:2 in keep"],
            "takers": [],
            "holder": "app.KEPT",
            "most": None,
            "ordered": False,
        }
        for number, length in enumerate(lengths)
    ]
    nothing: dict[str, Any] = {each: [] for each in grown._PLACED}
    return {"counter": counter, "counts": {}, "library": [], "containers": containers, **nothing}


@pytest.mark.parametrize("answered", [True, False])
def test_the_length_before_is_that_of_the_point_before(
    answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = ref_of(os.getpid())
    answers: list[dict[str, Any] | None] = [census(1, 100), census(2, 110) if answered else None]
    answers.append(census(3, 120, 50))

    def ask(pid: int) -> dict[str, Any]:
        if (answer := answers.pop(0)) is None:
            raise NoAnswer(pid, "it is busy")
        return answer

    monkeypatch.setattr(quiet, "listens", lambda _: True)
    monkeypatch.setattr(quiet, "ask", ask)
    monkeypatch.setattr("chaos.census.processes.tree", lambda ref: [ref])
    handles = Handles(base_url="http://127.0.0.1:1", processes={"api": (me,)})
    target = Target.model_validate({"name": "shop", "driver": "embedded", "title": "A shop"})
    reads = quiet.Quiet(Rounds(), handles, target, lambda _: {})
    points = [reads.point(Round(f"round {number}", 0, 0.0, 0.0), 0.0) for number in range(3)]
    (last,) = points[2].processes
    assert last["counts"][PLACE] == 170
    assert last["earlier"] == ({PLACE: 40} if answered else {})


def test_a_gauge_that_is_shown_no_longer_is_not_counted_by_its_last_value() -> None:
    entries = (str(Source.API), str(quiet.ENTRIES[0]))
    shown: list[dict[tuple[str, str], float]] = [{entries: 7.0}, {}, {entries: 9.0}]
    target = Target.model_validate({"name": "shop", "driver": "embedded", "title": "A shop"})
    reads = quiet.Quiet(Rounds(), Handles(base_url="http://127.0.0.1:1"), target, lambda _: shown.pop(0))
    points = [reads.point(Round(f"round {number}", 0, 0.0, 6.0), 0.0) for number in range(3)]
    name = f"entries:{quiet.ENTRIES[0]}"
    assert [point.shared.get(name) for point in points] == [7.0, None, 9.0]
    assert [point.unread for point in points] == [
        (),
        (f"{quiet.ENTRIES[0]} was shown before, and is no longer",),
        (),
    ]
