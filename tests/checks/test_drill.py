"""A drill counts from its loss: the RTO and where it went, what the loss excuses, and what its operators did."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.checks import loss, recovery
from chaos.checks.drill import fencing, rto, runbook
from chaos.checks.figures import bounds_of_suite, lower_bounds
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.verdict import judge
from chaos.record.hits import Outcome as Hit
from tests.checks.drills import FAIL, LOSS, PASS, UNKNOWN, drill, night, step, write_at
from tests.checks.synthetic import approx


def test_rto_counts_from_the_instant_of_the_loss(tmp_path: Path) -> None:
    found = night().findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, found.measured) == (PASS, approx(7.0))
    assert found.because.startswith("technical RTO 7 s ≤ 15 s")


def test_every_second_of_it_belongs_to_one_span(tmp_path: Path) -> None:
    spans = night().findings(tmp_path, recovery.check)["rto"].evidence["spans"]
    assert [(each["name"], each["seconds"]) for each in spans] == [
        ("detect", approx(4.0)),
        ("promote", approx(1.5)),
        ("clients come back", approx(1.5)),
    ]


def test_a_hold_that_the_runbook_waits_for_is_a_span_of_its_own(tmp_path: Path) -> None:
    plan = drill(runbook=[{"name": "detect", "at": 0}, {"name": "verify", "after": "loss"}])
    one = night(step("detect", 0.0, 24.0), step("verify", 26.0, 26.5), plan=plan)
    found = one.findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, found.measured, found.evidence["held"]) == (PASS, approx(7.0), approx(6.0))
    spans = [(each["name"], each["seconds"]) for each in found.evidence["spans"]]
    assert spans == [
        ("held by midnight", approx(6.0)),
        ("verify", approx(0.5)),
        ("clients come back", approx(0.5)),
    ]
    assert found.because == "technical RTO 7 s ≤ 15 s, of which 6 s held by midnight"
    line = judge(Judged(*one.write(tmp_path / "judged"))).headline
    assert "the service was back 7 s after the loss, of which 6 s held by midnight" in line


def test_a_request_that_waited_for_the_end_of_the_hold_does_not_end_it(tmp_path: Path) -> None:
    plan = drill(runbook=[{"name": "detect", "at": 0}, {"name": "verify", "after": "loss"}])

    def held(place: str, back: float) -> tuple[float, list[str]]:
        one = night(step("detect", 0.0, 20.5), step("verify", 26.0, 27.0), plan=plan)
        one.bad = [(LOSS[0], back, Hit.BAD_STATUS)]
        found = one.findings(tmp_path / place, recovery.check)["rto"].evidence
        return found["held"], [each["name"] for each in found["spans"]]

    assert held("waiting", 25.4) == (approx(5.4), ["held by midnight"])
    assert held("by itself", 20.9) == (0.0, ["detect", "verify"])


def test_beyond_the_limit_it_fails(tmp_path: Path) -> None:
    tight = {"limits": {"rto": 6.9, "lost_writes": 0}}
    assert night(experiment=tight).findings(tmp_path, recovery.check)["rto"].outcome is FAIL


def test_assumed_times_count_against_the_budget(tmp_path: Path) -> None:
    def found(place: str, paging: float) -> Finding:
        target = {"name": "reference", "assumed": {"paging": paging}}
        return night(target=target).findings(tmp_path / place, recovery.check)["rto"]

    within, beyond = found("within", 600.0), found("beyond", 895.0)
    assert (within.outcome, beyond.outcome) == (PASS, FAIL)
    assert "RTO 7 s ≤ 15 s; 10m 7s with what is assumed (paging 10m) ≤ budget 15m" in within.because
    assert "technical" not in within.because


def test_a_loss_that_was_not_felt_is_unknown(tmp_path: Path) -> None:
    found = night(out=False).findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, "no outage" in found.because) == (UNKNOWN, True)


def test_without_an_outage_the_time_runs_until_the_step_that_ends_the_loss(tmp_path: Path) -> None:
    plan = drill(outage=False, until="promote")
    found = night(out=False, plan=plan).findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, found.measured) == (PASS, approx(5.5))
    line = judge(Judged(*night(out=False, plan=plan).write(tmp_path / "judged"))).headline
    assert line.startswith("PASS: there was no outage; promote was done 5.5 s after the loss; ")
    late = {"limits": {"rto": 5, "rpo": 10, "lost_writes": 0}}
    line = judge(Judged(*night(out=False, plan=plan, experiment=late).write(tmp_path / "late"))).headline
    assert line.startswith("FAIL: promote was done only 5.5 s after the loss (limit 5 s)")


def test_a_service_that_never_came_back_fails(tmp_path: Path) -> None:
    one = night()
    one.bad = [(LOSS[0], 60.0, Hit.BAD_STATUS)]
    found = one.findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, "not back" in found.because) == (FAIL, True)
    assert (found.lower_bound, rto.shown(found)[:2]) == (True, "> ")
    assert lower_bounds([found]) == ("worst_outage", "recovery", "rto")
    assert bounds_of_suite([(), ("recovery", "rto")]) == ("rto",)
    back = night().findings(tmp_path / "back", recovery.check)["rto"]
    assert (back.lower_bound, lower_bounds([back])) == (False, ())


def test_the_worst_outage_after_the_loss_counts(tmp_path: Path) -> None:
    one = night(experiment={"limits": {"rto": 8, "lost_writes": 0}})
    one.bad.append((38.0, 48.5, Hit.TIMEOUT))
    found = one.findings(tmp_path, recovery.check)["rto"]
    assert (found.outcome, found.measured) == (FAIL, approx(10.5))


def test_a_loss_that_never_happened_is_unknown(tmp_path: Path) -> None:
    one = night()
    one.steps = []
    assert one.findings(tmp_path / "rto", recovery.check)["rto"].outcome is UNKNOWN
    assert {f.outcome for f in one.findings(tmp_path / "rpo", loss.check).values()} == {UNKNOWN}


def test_writes_made_just_before_the_loss_count_as_rpo_and_not_as_lost(tmp_path: Path) -> None:
    missing = (write_at(18.0), write_at(19.0), write_at(19.5))
    found = night(missing=missing).findings(tmp_path, loss.check)
    assert (found["rpo"].outcome, found["rpo"].measured) == (PASS, approx(LOSS[1] - 18.01))
    assert (found["lost_writes"].outcome, found["lost_writes"].measured) == (PASS, 0)
    assert found["rpo"].evidence["lost_with_it"] == 3


def test_older_than_the_limit_it_fails(tmp_path: Path) -> None:
    found = night(missing=(write_at(9.0),)).findings(tmp_path, loss.check)["rpo"]
    assert (found.outcome, found.measured) == (FAIL, approx(LOSS[1] - 9.01))


def test_a_write_that_was_sent_after_the_loss_has_no_excuse(tmp_path: Path) -> None:
    found = night(missing=(write_at(30.0),)).findings(tmp_path, loss.check)
    assert (found["lost_writes"].outcome, found["lost_writes"].measured) == (FAIL, 1)
    assert (found["rpo"].outcome, found["rpo"].measured) == (PASS, 0)


def test_a_loss_without_earlier_acknowledged_writes_proves_no_rpo(tmp_path: Path) -> None:
    one = night()
    one.bad.append((-20.0, LOSS[0], Hit.TIMEOUT))
    assert one.findings(tmp_path, loss.check)["rpo"].outcome is UNKNOWN


def test_each_step_of_the_runbook_is_done_or_fails(tmp_path: Path) -> None:
    failed = step("promote", 24.0, 25.5, "failed", because="the standby is not there")
    one = night(step("detect", 0.0, 24.0), failed)
    found = one.findings(tmp_path, runbook.check)
    assert {name: each.outcome for name, each in found.items()} == {"detect": PASS, "promote": FAIL}
    assert "the standby is not there" in found["promote"].because
    assert night(step("detect", 0, 24)).findings(tmp_path / "b", runbook.check)["promote"].outcome is UNKNOWN


def test_a_step_takes_as_long_as_its_span_counted_from_the_step_before_it(tmp_path: Path) -> None:
    one = night(step("detect", 0.0, 24.0), step("promote", 24.1, 25.5))
    steps, rto = (one.findings(tmp_path, check) for check in (runbook.check, recovery.check))
    spans = {each["name"]: each for each in rto["rto"].evidence["spans"]}
    assert {name: each.measured for name, each in steps.items()} == {
        name: approx(spans[name]["seconds"]) for name in ("detect", "promote")
    }
    assert steps["detect"].because == "detect: done 4 s after the loss, by midnight"
    assert steps["promote"].because == "promote: done in 1.5 s, by midnight"


def test_a_span_that_is_not_all_of_its_step_says_so(tmp_path: Path) -> None:
    plan = drill(runbook=[{"name": "detect", "at": 0}, {"name": "verify", "at": 26}])
    one = night(step("detect", 0.0, 24.0), step("verify", 26.0, 28.5), plan=plan)
    spans = one.findings(tmp_path, recovery.check)["rto"].evidence["spans"]
    waited = ("verify", "with the wait before it")
    assert [(each["name"], each.get("note")) for each in spans] == [("detect", None), waited]
    one = night(step("detect", 0.0, 24.0), step("promote", 24.0, 28.5))
    spans = one.findings(tmp_path / "part", recovery.check)["rto"].evidence["spans"]
    assert [(each["name"], each.get("note")) for each in spans] == [("detect", None), ("promote", "part")]


@pytest.mark.parametrize(
    ("write", "took", "outcome"),
    [("refused", False, PASS), ("accepted", True, FAIL), ("unanswered", False, UNKNOWN)],
)
def test_the_old_primary_must_refuse_to_be_written_to(
    tmp_path: Path, write: str, took: bool, outcome: Outcome
) -> None:
    evidence = {"took_a_write": took, "write": write, "said": "", "only_here": 0, "only_here_seq": []}
    one = night(step("detect", 0.0, 24.0), step("promote", 24.0, 25.5, evidence=evidence))
    found = one.findings(tmp_path, fencing.check)
    assert (found["fencing"].outcome, found["split_brain"].outcome) == (outcome, PASS)


def test_writes_that_went_to_the_old_primary_alone_are_a_split_brain(tmp_path: Path) -> None:
    rows = [write_at(19.0), write_at(30.0)]  # lost with the loss; acknowledged after it
    evidence = {"took_a_write": False, "write": "refused", "said": "", "only_here_seq": rows}
    one = night(step("detect", 0.0, 24.0), step("promote", 24.0, 25.5, evidence=evidence))
    found = one.findings(tmp_path, fencing.check)["split_brain"]
    assert (found.outcome, found.measured, found.evidence["first"]) == (FAIL, 1, [write_at(30.0)])
