"""The verdict on leaks: a leak fails, what may be bounded is unknown, a steady service passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks import leaks
from chaos.checks.leaks.points import Points
from chaos.record.events import Grown
from chaos.record.journal import Event
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import Held, quiet_points
from tests.checks.synthetic import Night

ROUNDS = Rounds(idle=2.0)
FILES = "descriptors:file"


def found(
    path: Path, points: Points, *grown: Grown, limits: dict[str, Any] | None = None
) -> dict[str, Finding]:
    changed: dict[str, Any] = {
        "load": {
            "timeout": 5,
            "mix": {"read": 1},
            "baseline": {"for": 10, "rate": 10},
            "rounds": {"usual": 0.7},
        },
        "steps": [],
        "slos": [],
        "limits": {"leaks": limits} if limits is not None else {},
    }
    events: list[Event] = [each.event() for each in (*points.all, *grown)]
    return Night(changed=changed, steps=events).findings(path, leaks.check)


def leaking(every: int, resource: str = FILES) -> Held:
    return lambda sent, _: {resource: 7 + sent["read"] // every, "threads": 4}


def test_two_files_left_by_each_request_are_told_as_several(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: 2 * sent["read"]})
    because = found(tmp_path, points)[f"{FILES} of read"].because
    assert because.startswith("2 open files per request of read are left behind (+100, +200, +300)")


def test_a_file_left_by_every_fourth_request_fails_with_the_time_until_the_limit(tmp_path: Path) -> None:
    finding = found(tmp_path, quiet_points(ROUNDS, leaking(4)))[f"{FILES} of read"]
    assert finding.outcome is Outcome.FAIL and finding.measured == pytest.approx(0.25, rel=0.05)
    assert finding.because.startswith("1 open file per 4 requests of read is left behind (+13, +25, +37)")
    # 1024 - (7 + 850 / 4) are left
    assert (
        "the limit of 1,024 is reached after another 3,220 requests, 1h 16m 40s at 0.7/s" in finding.because
    )


def test_a_limit_that_is_reached_already_is_said_to_be(tmp_path: Path) -> None:
    full = quiet_points(ROUNDS, lambda sent, _: {FILES: 174 + sent["read"]})
    assert found(tmp_path, full)[f"{FILES} of read"].because.endswith("; the limit of 1,024 is reached")


def test_a_limit_that_is_one_request_away_is_told_so(tmp_path: Path) -> None:
    almost = quiet_points(ROUNDS, lambda sent, _: {FILES: 173 + sent["read"]})
    because = found(tmp_path, almost)[f"{FILES} of read"].because
    assert "; the limit of 1,024 is reached after another 1 request, " in because


def test_a_steady_service_passes_and_says_what_was_counted(tmp_path: Path) -> None:
    every = found(tmp_path, quiet_points(ROUNDS, leaking(10**9)))
    assert set(every) == {"rounds"} and every["rounds"].outcome is Outcome.PASS
    assert "nothing grew in 850 requests of each of read: descriptors, threads" in every["rounds"].because


def test_what_did_not_grow_is_named_beside_what_did_and_beside_what_only_moved(tmp_path: Path) -> None:
    heights = {0: 0, 550: 0, 600: 20, 700: 30, 850: 36}

    def held(sent: Mapping[str, int], _: float) -> dict[str, float]:
        return {
            FILES: 7 + sent["read"] // 4,
            "descriptors:pipe": 3,
            "sessions:idle": heights[sent["read"]],
            "threads": 4,
            "memory:uss": 60e6 + (5e6 if sent["read"] == 700 else 0),
        }

    because = found(tmp_path, quiet_points(ROUNDS, held))["rounds"].because
    assert because == (
        "none of these grew in 850 requests of each of read: pipes, threads; "
        "grew less with each round, as what fills does: sessions; "
        "moved, but not by the requests: memory"
    )


def test_growth_within_its_limit_passes(tmp_path: Path) -> None:
    finding = found(tmp_path, quiet_points(ROUNDS, leaking(4)), limits={"descriptors": 0.5})[
        f"{FILES} of read"
    ]
    assert finding.outcome is Outcome.PASS and finding.allowed == 0.5


def test_a_cache_that_may_still_be_filling_is_unknown_never_a_leak(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, leaking(50, "entries:cache"), again=("read",))
    finding = found(tmp_path, points)["entries:cache of read"]
    assert finding.outcome is Outcome.UNKNOWN
    assert "no bound seen up to 3,850 requests" in finding.because


def test_what_rises_irregularly_is_a_warning(tmp_path: Path) -> None:
    heights = {0: 0, 550: 0, 600: 5, 700: 4, 850: 8}
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: heights[sent["read"]]})
    assert found(tmp_path, points)[f"{FILES} of read"].outcome is Outcome.WARNING


def test_a_restarted_worker_makes_the_verdict_unknown(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, leaking(1))
    last = points.all[-1]
    changed = replace(last, processes=tuple({**each, "created": 99.0} for each in last.processes))
    finding = found(tmp_path, Points([*points.all[:-1], changed]))[f"{FILES} of read"]
    assert finding.outcome is Outcome.UNKNOWN and "in the round 'read 3'" in finding.because


def test_rounds_whose_requests_fail_are_unknown_never_a_pass(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, leaking(10**9))
    last = replace(points.all[-1], good=100)
    every = found(tmp_path / "failing", Points([*points.all[:-1], last]))
    assert {name: each.outcome for name, each in every.items()} == {"good requests": Outcome.UNKNOWN}
    assert "100 of 150 of read 3" in every["good requests"].because
    most = Points([*points.all[:-1], replace(last, good=140)])
    assert found(tmp_path / "most", most)["rounds"].outcome is Outcome.PASS


def test_what_is_left_is_counted_by_the_requests_that_were_answered(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"] - sent["read"] // 10})
    answered = [replace(each, good=each.requests - each.requests // 10) for each in points.all]
    assert found(tmp_path, Points(answered))[f"{FILES} of read"].measured == pytest.approx(1.0, rel=0.02)


def test_memory_is_shown_and_never_fails_by_itself(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {"memory:uss": 60e6 + 40_000 * sent["read"]})
    shown = found(tmp_path / "shown", points)["memory:uss of read"]
    assert shown.outcome is Outcome.WARNING and "grows by 40.0 kB per request" in shown.because
    judged = found(tmp_path / "judged", points, limits={"memory": 1500})["memory:uss of read"]
    assert judged.outcome is Outcome.UNKNOWN


def test_no_quiet_point_is_unknown_and_without_rounds_nothing_is_said(tmp_path: Path) -> None:
    assert found(tmp_path / "none", Points([]))["rounds"].outcome is Outcome.UNKNOWN
    assert Night().findings(tmp_path / "phases", leaks.check) == {}


def test_the_place_of_the_strongest_level_is_named(tmp_path: Path) -> None:
    weak = Grown(99.0, "read", level=1, found=({"resource": FILES, "count": 75, "what": "/tmp/*.pdf"},))
    strong = Grown(99.0, "read", level=3, found=({"resource": "descriptors", "count": 75, "place": "app.py:41 in read",
                                                 "holder": "app.HANDLES"},))  # fmt: skip
    finding = found(tmp_path, quiet_points(ROUNDS, leaking(4)), weak, strong)[f"{FILES} of read"]
    assert "at app.py:41 in read, held by app.HANDLES" in finding.because
    assert [each["level"] for each in finding.evidence["places"]] == [3]


def test_what_one_place_leaves_is_said_once(tmp_path: Path) -> None:
    place = "descriptors:at /srv/app.py:41 in read"
    entries = "entries:at /srv/app.py:41 in read, held by app.KEPT"
    points = quiet_points(
        ROUNDS, lambda sent, _: {FILES: sent["read"], place: sent["read"], entries: sent["read"]}
    )
    row = {"resource": "descriptors", "count": 300, "place": "/srv/app.py:41 in read"}
    named = Grown(99.0, "read", level=3, found=(row,))
    every = found(tmp_path / "both", points, named)
    assert [name for name, each in every.items() if each.outcome is not Outcome.PASS] == [f"{FILES} of read"]
    hidden = quiet_points(ROUNDS, lambda sent, _: {place: sent["read"]}, again=("read",))
    alone = found(tmp_path / "alone", hidden)["descriptors at app.py:41 in read of read"]
    assert (
        alone.outcome is Outcome.FAIL
        and "is left behind (+500, +1000, +1500), at app.py:41 in read" in alone.because
    )


def test_a_place_that_is_proven_decides_what_its_kind_leaves_in_doubt(tmp_path: Path) -> None:
    place, sockets = "sockets:at /srv/app.py:52 in ask", "descriptors:socket"
    points = quiet_points(
        ROUNDS, lambda sent, _: {place: sent["read"] // 50, sockets: sent["read"] // 50}, again=("read",)
    )
    row = {"resource": "sockets", "count": 60, "place": "/srv/app.py:52 in ask"}
    every = found(tmp_path, points, Grown(99.0, "read", times=10, level=3, found=(row,)))
    told = {name: each.outcome for name, each in every.items() if each.outcome is not Outcome.PASS}
    assert told == {"sockets at app.py:52 in ask of read": Outcome.FAIL}


def test_objects_of_a_proven_leak_are_no_doubt_of_their_own(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"], "objects": 4 * sent["read"]})
    assert "objects of read" not in found(tmp_path, points)
    alone = quiet_points(ROUNDS, lambda sent, _: {"objects": 4 * sent["read"]})
    assert found(tmp_path / "alone", alone)["objects of read"].outcome is Outcome.UNKNOWN


def test_what_a_silent_witness_did_not_count_once_is_unknown_and_named(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, lambda *_: {"greenlets": 500, "objects": 90_000, "threads": 4}, workers=2)
    all_, quiet = [*points.all], points.all[3]
    (*others, one) = quiet.processes
    silent = {**one, "counts": {"threads": 4}}
    all_[3] = replace(quiet, processes=(*others, silent), unread=("the witness in process 9 gave no answer",))
    finding = found(tmp_path, Points(all_))["counted"]
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.because == (
        "not counted at every quiet point, so not judged: greenlets, objects (the witness in process 9 gave no answer)"
    )
    assert "counted" not in found(tmp_path / "whole", points)


def test_what_could_never_be_read_is_unknown_with_its_reasons(tmp_path: Path) -> None:
    points = quiet_points(ROUNDS, leaking(10**9))
    reasons = ("api: process 9 belongs to www-data: run midnight as root", "database: connection refused")
    finding = found(tmp_path, Points([replace(each, unread=reasons) for each in points.all]))["counted"]
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.because == f"not counted at every quiet point, so not judged: {'; '.join(reasons)}"


def test_what_is_held_is_counted_once_though_the_witness_counts_it_by_place_too(tmp_path: Path) -> None:
    place = "descriptors:at /srv/app.py:7 in read"
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"] // 2, place: sent["read"] // 2})
    because = found(tmp_path, points)[f"{FILES} of read"].because
    assert "the limit of 1,024 is reached after another 1,198 requests" in because  # 425 are held
