"""Invariants: planted answers before and after a night, and what is exactly lost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks import invariants
from chaos.checks.counted import Expected, number, shown, total
from chaos.checks.finding import Finding, Outcome
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import LENGTH, PLAY, Night, step_events

BEFORE, AFTER = PLAY - 2, PLAY + LENGTH + 8.5  # run clock
WRITES = 120  # acknowledged in the play of a healthy night
PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
SQL = {"name": "stock", "sql": "select sum(n) from stock"}
WRITTEN = {"acknowledged": "write"}
JOB = {**WRITTEN, "reported": {"twice": "updates"}}


def answer(at: float, phase: str, value: Any, **detail: Any) -> Event:
    """`value` is what was answered; None: the question was not answered."""
    told = {
        "value": value,
        "because": "" if value is not None else "no such table",
        "settled": True,
        "times": 2,
    }
    return Event(at, "invariant", "stock", phase, {**told, **detail})


def runs(*reports: dict[str, Any] | None, ended: str = "completed") -> list[Event]:
    told = [{"run": 1 + place, "ended": ended, "report": each} for place, each in enumerate(reports)]
    return step_events("twice", 20, 30, evidence={"runs": told})


def judged(
    place: Path,
    rules: dict[str, Any],
    before: Any,
    after: Any,
    *,
    steps: tuple[Event, ...] = (),
    **night: Any,
) -> Finding:
    events = [answer(BEFORE, "before", before), answer(AFTER, "after", after), *steps]
    written = Night(changed={"invariants": [{**SQL, **rules}]}, steps=events, **night)
    return written.findings(place, invariants.check)["stock"]


@pytest.mark.parametrize(
    ("rules", "before", "after", "outcome", "words"),
    [
        ({"equals": 0}, 5, 0, PASS, "0 as expected"),
        ({"equals": 0}, 0, 3, FAIL, "expected 0, found 3"),
        ({"equals": 0}, 0, "gone", FAIL, "expected 0, found 'gone'"),
        ({"equals": 0}, None, 0, PASS, "0 as expected"),
        ({"equals": 0}, 0, None, UNKNOWN, "no answer: no such table (after the play)"),
        ({"equals": "ok"}, "ok", "ok", PASS, "'ok' as expected"),
        ({"equals": "ok"}, "ok", "no", FAIL, "expected 'ok', found 'no'"),
        ({"equals": True}, True, True, PASS, "true as expected"),
        ({"equals": True}, True, 1, FAIL, "expected true, found 1"),
        ({"equals": 0.3}, 0, "0.30", PASS, "'0.30' as expected"),
        ({"at_most": 3}, 0, 3, PASS, "3, at most 3 allowed"),
        ({"at_most": 3}, 0, 4, FAIL, "4, at most 3 allowed"),
        ({"at_least": 3}, 0, 2, FAIL, "2, at least 3 allowed"),
        ({"at_least": 3}, 0, "many", UNKNOWN, "the answer is not a number: 'many'"),
        ({"at_least": 1, "at_most": 3}, 0, 2, PASS, "2, at most 3 allowed; 2, at least 1 allowed"),
        ({"delta": 0}, 97, 97, PASS, "none lost: 97 as expected (97 before)"),
        ({"delta": 0}, 97, 94, FAIL, "3 lost: expected 97, found 94 (97 before)"),
        ({"delta": 0}, 97, 99, FAIL, "2 too many: expected 97, found 99 (97 before)"),
        ({"delta": -2}, 1234, 1232, PASS, "none lost: 1,232 as expected (1,234 before, -2)"),
        ({"delta": 0}, 0.1, 0.30000000000000004, FAIL, "0.20000000000000004 too many: expected 0.1"),
        ({"delta": 0}, None, 97, UNKNOWN, "no answer: no such table (before the play)"),
        ({"delta": 0}, "many", 97, UNKNOWN, "not a number: 'many'"),
        (
            {"delta": WRITTEN},
            100,
            100 + WRITES,
            PASS,
            "none lost: 220 as expected (100 before, 120 acknowledged",
        ),
        (
            {"delta": WRITTEN},
            100,
            203,
            FAIL,
            "17 lost: expected 220, found 203 (100 before, 120 acknowledged by write)",
        ),
        (
            {"delta": {**WRITTEN, "plus": 5}},
            0,
            125,
            PASS,
            "none lost: 125 as expected (0 before, +5, 120 ack",
        ),
        ({"delta": {"acknowledged": "read"}}, 0, 480, PASS, "none lost: 480"),
    ],
)
def test_each_rule_passes_fails_and_is_unknown(
    tmp_path: Path, rules: dict[str, Any], before: Any, after: Any, outcome: Outcome, words: str
) -> None:
    found = judged(tmp_path, rules, before, after)
    assert (found.outcome, words in found.because) == (outcome, True), found
    assert (found.evidence["before"], found.evidence["after"]) == (before, after)


@pytest.mark.parametrize(
    ("rules", "after", "measured", "allowed"),
    [
        ({"equals": 5}, 3, 2, 0),
        ({"equals": "ok"}, "no", None, None),
        ({"at_most": 3}, 4, 4, 3),
        ({"at_least": 3}, 1, 2, 0),
        ({"at_least": 3}, 9, 0, 0),
        ({"delta": 0}, 9, 2, 0),
    ],
)
def test_what_is_measured_exceeds_what_is_allowed_exactly_if_the_rule_is_broken(
    tmp_path: Path, rules: dict[str, Any], after: Any, measured: float | None, allowed: float | None
) -> None:
    found = judged(tmp_path, rules, 7, after)
    assert (found.measured, found.allowed) == (measured, allowed)
    if measured is not None and allowed is not None:
        assert (found.outcome is FAIL) == (measured > allowed)


def test_the_numbers_of_a_loss_are_in_the_finding(tmp_path: Path) -> None:
    found = judged(tmp_path, {"delta": WRITTEN}, 100, 203)
    assert (found.measured, found.allowed, found.unit) == (17, 0, "count")
    assert found.evidence["expected"] == "220" and found.evidence["acknowledged"] == WRITES


@pytest.mark.parametrize(
    ("reports", "after", "outcome", "words"),
    [
        (({"updates": 60}, {"updates": 40}), 220, PASS, "100 updates reported by twice"),
        (({"updates": 60}, {"updates": 40}), 203, FAIL, "17 lost: expected 220, found 203"),
        (
            ({"updates": 60}, {"rows": 40}),
            220,
            UNKNOWN,
            "the last report of run 2 of 'twice' has no number 'updates'",
        ),
        (({"updates": 60}, None), 220, UNKNOWN, "run 2 of 'twice' has no number"),
        ((), 220, UNKNOWN, "step 'twice' has no report of a job"),
    ],
)
def test_what_the_runs_of_a_job_report_is_expected_too(
    tmp_path: Path, reports: tuple[dict[str, Any] | None, ...], after: int, outcome: Outcome, words: str
) -> None:
    found = _with_job(tmp_path, runs(*reports), after)
    assert (found.outcome, words in found.because) == (outcome, True), found


def test_a_run_that_was_cut_short_reports_nothing_exact(tmp_path: Path) -> None:
    found = _with_job(tmp_path, runs({"updates": 9}, ended="still running when the hold ended"), 129)
    assert found.outcome is UNKNOWN
    assert "run 1 of 'twice' did not complete: still running when the hold ended" in found.because


def test_the_report_of_a_batch_job_counts_as_well(tmp_path: Path) -> None:
    evidence = {"ended": "completed", "job": {"phase": "done", "updates": 30}}
    found = _with_job(tmp_path, step_events("twice", 20, 30, evidence=evidence), WRITES + 30)
    assert found.outcome is PASS, found


def _with_job(place: Path, steps: list[Event], after: int) -> Finding:
    events = [answer(BEFORE, "before", 0), answer(AFTER, "after", after), *steps]
    overlap = {"name": "twice", "fault": "overlap", "at": 20, "hold": 20}
    changed = {"invariants": [{**SQL, "delta": JOB}], "steps": [overlap]}
    return Night(changed=changed, steps=events).findings(place, invariants.check)["stock"]


@pytest.mark.parametrize(
    ("after", "outcome", "words"),
    [
        (99, FAIL, "1 lost: expected 100 to 120, found 99"),
        (100, PASS, "none lost"),
        (120, PASS, "20 requests without an answer, which may count"),
        (121, FAIL, "1 too many: expected 100 to 120, found 121"),
    ],
)
def test_a_request_without_an_answer_may_count_or_not(
    tmp_path: Path, after: int, outcome: Outcome, words: str
) -> None:
    found = judged(tmp_path, {"delta": WRITTEN}, 0, after, bad=[(10, 20, Hit.TIMEOUT)])
    assert (found.outcome, words in found.because) == (outcome, True), found
    assert found.evidence["unsure"] == 20


def test_a_request_that_never_arrived_does_not_count(tmp_path: Path) -> None:
    bad = [(10.0, 20.0, Hit.REFUSED), (20.0, 30.0, Hit.UNSENT)]
    assert judged(tmp_path, {"delta": WRITTEN}, 0, 80, bad=bad).outcome is PASS
    assert judged(tmp_path, {"delta": WRITTEN}, 0, 81, bad=bad).outcome is FAIL


@pytest.mark.parametrize("rules", [{"delta": 0}, {"equals": 7}])
def test_a_target_that_is_still_changing_has_no_exact_answer(tmp_path: Path, rules: dict[str, Any]) -> None:
    events = [answer(BEFORE, "before", 7), answer(AFTER, "after", 7, settled=False)]
    night = Night(changed={"invariants": [{**SQL, **rules}]}, steps=events)
    found = night.findings(tmp_path, invariants.check)["stock"]
    assert (found.outcome, "still changing when queried after the play, last 7" in found.because) == (
        UNKNOWN,
        True,
    )


def test_a_bound_holds_or_not_though_the_target_is_still_changing(tmp_path: Path) -> None:
    events = [answer(AFTER, "after", 7, settled=False)]
    night = Night(changed={"invariants": [{**SQL, "at_most": 6}]}, steps=events)
    assert night.findings(tmp_path, invariants.check)["stock"].outcome is FAIL


@pytest.mark.parametrize(
    ("question", "value", "outcome"),
    [
        ({"http": "/x"}, 204, PASS),
        ({"http": "/x"}, 500, FAIL),
        ({"http": "/x", "status": 404}, 404, PASS),
        ({"http": "/x", "status": 404}, 200, FAIL),
        ({"command": ["x"]}, 0, PASS),
        ({"command": ["x"]}, 3, FAIL),
    ],
)
def test_without_a_rule_the_status_or_the_exit_code_is_judged(
    tmp_path: Path, question: dict[str, Any], value: int, outcome: Outcome
) -> None:
    target = {"name": "reference", "invariants": [{"name": "stock", **question}]}
    night = Night(steps=[answer(AFTER, "after", value)], target=target)
    assert night.findings(tmp_path, invariants.check)["stock"].outcome is outcome


def test_a_run_that_asked_nothing_is_unknown_and_one_without_invariants_has_no_finding(
    tmp_path: Path,
) -> None:
    night = Night(changed={"invariants": [{**SQL, "delta": 0}]})
    found = night.findings(tmp_path / "unasked", invariants.check)["stock"]
    assert (found.outcome, "it was not queried (after the play)" in found.because) == (UNKNOWN, True)
    assert Night().findings(tmp_path / "none", invariants.check) == {}


COUNTS = st.integers(0, 10**30)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=9)


@given(before=NUMBERS, counted=st.lists(COUNTS, max_size=4), lost=NUMBERS)
def test_what_is_lost_is_exactly_expected_less_found(
    before: Decimal, counted: list[int], lost: Decimal
) -> None:
    expected = total(before, *counted)
    found = total(expected, lost.copy_negate())
    assert Expected(expected, expected).missed_by(found) == lost
    assert total(found, lost) == expected


@given(least=NUMBERS, unsure=COUNTS, found=NUMBERS)
def test_an_answer_misses_the_nearest_bound_or_none(least: Decimal, unsure: int, found: Decimal) -> None:
    expected = Expected(least, total(least, unsure))
    missed = expected.missed_by(found)
    assert (missed == 0) == (expected.least <= found <= expected.most)
    if missed:
        assert total(found, missed) == (expected.least if missed > 0 else expected.most)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, "3"), (0.1, "0.1"), ("12.50", "12.5"), (" 7 \n", "7"), ("-3", "-3"), (1e6, "1,000,000")],
)
def test_a_number_is_read_as_it_was_written(value: Any, expected: str) -> None:
    found = number(value)
    assert found is not None and shown(found) == expected


@pytest.mark.parametrize(
    "value", [True, None, [1], "", "1e9", "NaN", "0x1", float("inf"), float("nan"), 10**40]
)
def test_anything_else_is_no_number(value: Any) -> None:
    assert number(value) is None
