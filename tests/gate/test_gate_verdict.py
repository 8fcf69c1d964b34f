"""The gate's verdict is the worst of all it asked for, by the exit codes of the design."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaos.gate.baseline import Baseline
from chaos.gate.case import Case
from chaos.gate.drill import judge_drill
from chaos.gate.tolerance import tolerances
from chaos.gate.verdict import GateRun, judge_run
from chaos.history.entry import Entry, read_entry
from tests.gate.planted import gate, judged, played
from tests.history.stored import SOUND, Stored

DAY = 86400.0
PART = ("pass", "pass", "pass", "not exercised")


def test_a_passing_run_passes() -> None:
    found = gate(judged(played()))
    assert (found.exit_code, found.headline) == (0, "PASS: midnight")


def test_a_violated_objective_is_1_and_says_which() -> None:
    found = gate(judged(played(verdict="fail")))
    assert (found.exit_code, found.headline) == (1, "FAIL: midnight: availability as planted")


def test_an_unknown_is_3_and_gives_the_runs_own_reason() -> None:
    found = gate(judged(played(verdict="unknown")))
    assert (found.exit_code, found.headline) == (3, "UNKNOWN: midnight: UNKNOWN: availability as planted")


def test_a_pass_in_part_is_refused_with_3_unless_it_is_allowed() -> None:
    refused = gate(judged(played(effects=PART)))
    assert refused.exit_code == 3
    assert "PARTIAL, 3 of 4 links exercised" in refused.headline
    assert gate(judged(played(effects=PART), allow_partial=True)).exit_code == 0


def test_a_violation_in_part_stays_a_violation() -> None:
    assert gate(judged(played(verdict="fail", effects=PART))).exit_code == 1


@pytest.mark.parametrize(
    ("exit_code", "verdict", "expected"),
    [(4, "pass", 4), (5, "pass", 5), (6, "fail", 6), (5, None, 5), (3, None, 3), (2, None, 5), (0, None, 5)],
)
def test_the_end_of_a_run_counts_regardless_of_its_verdict(
    exit_code: int, verdict: str | None, expected: int
) -> None:
    run = judged(played(exit_code, ("it said why",), verdict=verdict))
    assert run.exit_code == expected
    assert run.reasons
    assert "it said why" in run.reasons[0] or verdict == "fail"


def test_the_worst_of_several_runs_counts_and_each_is_named() -> None:
    runs = [judged(played()), judged(played(experiment="smoke", verdict="fail"))]
    found = gate(*runs, judged(played(experiment="third", effects=PART)))
    assert found.exit_code == 1
    assert "smoke: availability" in found.headline
    assert "third: PARTIAL, 3 of 4" in found.headline


def test_a_run_that_was_not_played_says_so_and_saves_nothing() -> None:
    left = judged(GateRun("later", "embedded", None, exit_code=None))
    found = gate(judged(played(4, ("stopped by SIGTERM",))), left)
    assert found.exit_code == 4
    assert left.cases[0].outcome == "not exercised"


def baseline(**figures: float) -> Baseline:
    planted: dict[str, float | None] = {"rto": 0.0, **SOUND, **figures}
    return Baseline("run x", "midnight", (planted,))


def test_a_figure_worse_than_the_baseline_fails_a_run_that_passes() -> None:
    run = judge_run(
        played(figures={"p99": 1.4}),
        baseline(p99=0.2),
        tolerances(["p99=20%"]),
        allow_partial=False,
        strict=True,
    )
    assert run.exit_code == 1
    assert run.reasons == ["p99 1.4 s, baseline 200 ms: worse by 1.2 s, 40 ms allowed"]


def test_a_run_without_a_verdict_is_not_compared() -> None:
    run = judge_run(
        played(verdict="unknown", figures={"p99": 9.0}), baseline(), tolerances(()), allow_partial=False
    )
    assert (run.exit_code, [case for case in run.cases if case.check == "baseline"]) == (3, [])


def test_the_document_is_json_and_holds_every_case() -> None:
    run = judge_run(played(figures={"p99": None}), baseline(), tolerances(()), allow_partial=False)
    drill = Case("drill", "last_passing_drill", "fail", "no drill", unit="s")
    document = json.loads(json.dumps(gate(run, drill=drill).to_json(), allow_nan=False))
    assert (document["kind"], document["verdict"], document["exit_code"]) == ("gate", "fail", 1)
    assert document["drill"]["outcome"] == "fail"
    (told,) = document["runs"]
    assert {case["check"] for case in told["cases"]} == {"run", "availability", "effect", "baseline"}
    assert told["verdict"]["figures"]["p99"] is None


def drills(tmp_path: Path, *runs: Stored) -> list[Entry]:
    return [read_entry(run.write(tmp_path)) for run in runs]


NOW = datetime(2026, 10, 1, tzinfo=UTC)  # the 30th night


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        (Stored(5, experiment="dr-drill"), "pass"),
        (Stored(1, experiment="dr-drill"), "fail"),
        (Stored(20, experiment="dr-drill", verdict="fail"), "fail"),
        (Stored(20, experiment="dr-drill", verdict="unknown"), "fail"),
        (Stored(20, experiment="dr-drill", exit_code=6), "fail"),
        (Stored(20, experiment="dr-drill", effects=PART), "fail"),
        (Stored(20, experiment="dr-drill", target="other"), "fail"),
        (Stored(20, experiment="midnight"), "fail"),
        (Stored(20, experiment="failover", about={"drill": True}), "pass"),
        (Stored(20, experiment="failover", about={"drill": True, "part_of": "a drill that failed"}), "fail"),
    ],
)
def test_a_drill_counts_only_if_it_passed_whole_recently_and_on_the_target(
    tmp_path: Path, run: Stored, outcome: str
) -> None:
    found = judge_drill(drills(tmp_path, run), "embedded", NOW, 28 * DAY, allow_partial=False)
    assert found.outcome == outcome


def test_the_newest_passing_drill_counts_though_a_later_one_failed(tmp_path: Path) -> None:
    runs = drills(
        tmp_path, *(Stored(n, experiment="dr-drill", verdict=v) for n, v in ((25, "pass"), (28, "fail")))
    )
    found = judge_drill(runs, "embedded", NOW, 31 * DAY, allow_partial=False)
    assert (found.outcome, found.measured) == ("pass", 5 * DAY)
    assert "is 5d old; required within 31d" in found.because


def test_a_release_without_a_recent_drill_is_refused_with_1() -> None:
    missing = judge_drill([], "embedded", NOW, 31 * DAY, allow_partial=False)
    found = gate(judged(played()), drill=missing)
    assert found.exit_code == 1
    assert found.headline == "FAIL: no passing drill on embedded; required within 31d"
