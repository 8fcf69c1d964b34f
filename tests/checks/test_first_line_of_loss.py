"""The first line names what is lost or left behind, also beside an outage: how many, what first, and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import clauses, invariants
from chaos.checks.course import Course, Worst
from chaos.checks.finding import Finding, Outcome
from chaos.checks.headline import headline
from chaos.checks.judged import Judged
from chaos.checks.leaks import leaks
from chaos.checks.verdict import Verdict, judge
from chaos.gate.compare import compare
from chaos.record.events import Grown
from chaos.reports.cards import key_figures
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import quiet_points
from tests.checks.leaks.test_leaks_check import FILES, found
from tests.checks.synthetic import Night
from tests.checks.test_invariants import AFTER, BEFORE, SQL, WRITTEN, answer

ROUNDS = Rounds(idle=2.0)
PLACE = {"resource": "descriptors", "count": 300, "place": "/srv/leaks.py:44 in read", "holder": "leaks.OPEN"}
OUT = Course(60.0, 18.0, Worst(18.0, False, 22.0, "drop", 2.0))


def leaking(path: Path) -> Finding:
    grown = Grown(99.0, "read", level=3, found=(PLACE,))
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"], "threads": 4})
    (finding,) = (each for each in found(path, points, grown).values() if each.outcome is Outcome.FAIL)
    return replace(finding, check=leaks.NAME)


def test_leaks_are_counted_and_the_first_is_named_with_its_place(tmp_path: Path) -> None:
    one = leaking(tmp_path)
    assert headline(Outcome.FAIL, [one]) == "FAIL: 1 leak: 1 open file per request of read, at leaks.py:44."
    many = [replace(one, name=f"thing {number}") for number in range(11)]
    assert headline(Outcome.FAIL, many) == (
        "FAIL: 11 leaks; first: 1 open file per request of read, at leaks.py:44."
    )
    elsewhere = replace(one, name="other", evidence={**one.evidence, "route": "write"})
    assert headline(Outcome.FAIL, [*many, elsewhere]) == (
        "FAIL: 12 leaks on 2 routes; first: 1 open file per request of read, at leaks.py:44."
    )


def test_leaks_are_named_before_the_details_of_an_outage(tmp_path: Path) -> None:
    one = leaking(tmp_path)
    write = replace(one, evidence={**one.evidence, "route": "write"})
    slow = Finding("availability", Outcome.FAIL, 0.9, 0.99, "ratio", "90 %", check="availability")
    said = headline(Outcome.FAIL, [slow, one, write], OUT)
    assert said == (
        "FAIL: for 18 s of 1m the service did not answer as it should; 2 leaks on 2 routes; first: 1 open file per "
        "request of read, at leaks.py:44."
    )


def test_leaks_are_counted_where_the_first_does_not_fit(tmp_path: Path) -> None:
    one = leaking(tmp_path)
    place = {**PLACE, "place": f"/srv/{'long' * 15}.py:44 in read"}
    far = replace(one, evidence={**one.evidence, "places": [place]})
    slow = Finding("availability", Outcome.FAIL, 0.9, 0.99, "ratio", "90 %", check="availability")
    said = headline(Outcome.FAIL, [slow, far, far], OUT)
    assert said.startswith(
        "FAIL: for 18 s of 1m the service did not answer as it should; 2 leaks; the worst outage"
    )


@pytest.mark.parametrize(
    ("resource", "rate", "places", "said"),
    [
        ("descriptors:at /srv/a.py:4 in get", 0.25, [], "1 descriptor per 4 requests of read, at a.py:4"),
        (
            "entries:at /srv/a.py:4 in get, held by a.KEPT",
            2.0,
            [],
            "2 entries per request of read, at a.py:4",
        ),
        ("memory:uss", 40_000.0, [], "40.0 kB per request of read"),
        (FILES, 1.0, [{"what": "/tmp/*.pdf"}], "1 open file per request of read: /tmp/*.pdf"),
    ],
)
def test_a_leak_is_short(resource: str, rate: float, places: list[dict[str, Any]], said: str) -> None:
    evidence = {"resource": resource, "route": "read", "places": places}
    leak = Finding("x", Outcome.FAIL, rate, 0.0, "", "long", evidence, check=leaks.NAME)
    assert list(clauses.failed([leak])) == [f"1 leak: {said}"]


def race(path: Path, after: int, **night: Any) -> Verdict:
    asked = [answer(BEFORE, "before", 100), answer(AFTER, "after", after)]
    changed = {"invariants": [{**SQL, "delta": WRITTEN}], "limits": {}, "slos": []}
    return judge(Judged(*Night(changed=changed, steps=asked, **night).write(path)))


def test_lost_updates_are_a_figure_a_card_and_in_the_first_line(tmp_path: Path) -> None:
    verdict = race(tmp_path, 203)
    assert verdict.headline.startswith("FAIL: 17 lost updates in stock: expected 220, found 203")
    assert verdict.figures["lost_updates"] == 17
    (card,) = (each for each in key_figures(verdict.findings) if each.label == "lost updates")
    assert (card.value, card.allowed, card.outcome) == ("17", "allowed ≤ 0", Outcome.FAIL)


def test_no_lost_update_is_0_too_many_is_none_lost_and_without_a_count_there_is_no_figure(
    tmp_path: Path,
) -> None:
    assert race(tmp_path / "none", 220).figures["lost_updates"] == 0
    many = race(tmp_path / "many", 222)
    assert many.figures["lost_updates"] == 0 and "2 too many" in many.headline
    assert [each.label for each in key_figures(many.findings) if each.label == "invariant"] == ["invariant"]
    assert judge(Judged(*Night().write(tmp_path / "plain"))).figures["lost_updates"] is None


def test_what_is_lost_is_said_before_the_details_of_an_outage() -> None:
    lost = Finding(
        "stock", Outcome.FAIL, 17.0, 0.0, "count", "stock: 17 lost", {"lost": 17.0, "acknowledged": 120},
        check=invariants.NAME,
    )  # fmt: skip
    slow = Finding("availability", Outcome.FAIL, 0.7, 0.99, "ratio", "70 %", check="availability")
    assert headline(Outcome.FAIL, [slow, lost], OUT) == (
        "FAIL: for 18 s of 1m the service did not answer as it should; 17 lost updates in stock; "
        "the worst outage (18 s) began 2 s after drop started."
    )


def test_a_gate_compares_lost_updates_where_one_of_the_runs_counted_them() -> None:
    def outcome(now: float | None, before: float | None) -> list[str]:
        figures = {"hits": 600.0}
        cases = compare({**figures, "lost_updates": now}, [{**figures, "lost_updates": before}], {})
        return [each.outcome for each in cases if each.name == "lost_updates"]

    assert (outcome(3, 0), outcome(0, 3), outcome(None, None)) == (["fail"], ["pass"], [])
