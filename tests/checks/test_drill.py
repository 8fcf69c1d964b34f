"""A drill counts from its loss: the RTO and where it went, what the loss excuses, and what its operators did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks import loss, recovery
from chaos.checks.drill import bounded_answers, exposure, fencing, recovered, rto, runbook
from chaos.checks.figures import bounds_of_suite, lower_bounds
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.verdict import judge
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import PLAY, Night, approx, experiment_file

PASS, FAIL, UNKNOWN, IDLE = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED
LOSS = (20.0, 20.2)  # seconds of the play at which the act begins and ends
BACK = 27.0

Evidence = dict[str, Any]


def step(name: str, begun: float, ended: float, phase: str = "ended", **detail: Any) -> list[Event]:
    """A step of the runbook, in seconds of the play."""
    return [
        Event(PLAY + begun, "runbook", name, "begun", {"by": "midnight"}),
        Event(PLAY + ended, "runbook", name, phase, {"seconds": ended - begun, **detail}),
    ]


def drill(**changed: Any) -> dict[str, Any]:
    return {
        "scenario": "Primary lost",
        "loss": "loss",
        "runbook": [{"name": "detect", "at": 0}, {"name": "promote", "after": "detect"}],
        **changed,
    }


def night(
    *runbook_steps: list[Event],
    evidence: Evidence | None = None,
    out: bool = True,
    plan: Any = None,
    **changed: Any,
) -> Night:
    """A loss at 20 s, felt until 27 s, with a runbook of two steps."""
    instant = {"begun": PLAY + LOSS[0], "ended": PLAY + LOSS[1]}
    told = {"instant": instant, **(evidence or {})}
    steps = [
        Event(PLAY + 20.0, "step", "loss", "injecting", {"undo": {}}),
        Event(PLAY + 20.3, "step", "loss", "injected", {"evidence": told}),
        Event(PLAY + 25.9, "step", "loss", "held", {"dose": {"lost": 1.0}, "floor": {"lost": 1.0}}),
        Event(PLAY + 26.0, "step", "loss", "undone", {}),
    ]
    usual = [step("detect", 0.0, 24.0), step("promote", 24.0, 25.5)]
    return Night(
        changed={
            "steps": [{"name": "loss", "fault": "lose_primary", "at": 20, "hold": 5}],
            "slos": [],
            "limits": {"rto": 15, "rpo": 10, "lost_writes": 0},
            "drill": plan or drill(),
            **changed.pop("experiment", {}),
        },
        steps=[*steps, *(event for some in (runbook_steps or usual) for event in some)],
        bad=[(LOSS[0], BACK, Hit.BAD_STATUS)] if out else [],
        **changed,
    )


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


# the baseline's hundred hits hold twenty writes, and then every fifth of ten hits a second is one
def write_at(seconds: float) -> int:
    return 21 + round(seconds * 2)


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


def lagging(since: float) -> Night:
    """A standby that has flushed nothing more since then; a byte a second is written."""
    one = night(evidence={"standby": "streaming, async", "unflushed_bytes": 17_512}, plan=drill(exposure=2))
    written = [(float(at), at + 1.0, 100.0 + at) for at in range(60)]
    one.gauges = {
        ("replication", "lsn"): written,
        ("replication", "flushed"): [(0.0, 60.0, 100.0 + int(since) - 1)],
    }
    return one


def test_the_exposure_is_the_age_of_what_the_standby_lacked(tmp_path: Path) -> None:
    found = lagging(15.0).findings(tmp_path, exposure.check)["exposure"]
    assert (found.outcome, found.measured) == (PASS, approx(5.0, abs=0.3))
    assert found.because.endswith("of writes were unprotected (17.5 kB not flushed by the standby)")


def test_a_loss_that_finds_everything_protected_hardly_tested_rpo(tmp_path: Path) -> None:
    found = lagging(19.0).findings(tmp_path, exposure.check)["exposure"]
    assert (found.outcome, "hardly tested" in found.because) == (IDLE, True)


def test_a_synchronous_standby_leaves_nothing_unprotected(tmp_path: Path) -> None:
    one = night(evidence={"standby": "streaming, sync", "unflushed_bytes": 0}, plan=drill(exposure=2))
    assert one.findings(tmp_path, exposure.check)["exposure"].outcome is PASS


def test_without_a_standby_the_exposure_is_the_age_of_the_archive(tmp_path: Path) -> None:
    seen = {"archive_age_seconds": 3.5, "last_archived": "000000010000000000000029"}
    one = night(evidence=seen, plan=drill(exposure=2))
    assert one.findings(tmp_path, exposure.check)["exposure"].measured == approx(3.5)


def ready(within: float | None) -> Event:
    return Event(1.0, "target", "reference", "ready", {"answers_within": within})


def test_a_request_cut_off_by_the_end_of_the_play_is_not_unanswered(tmp_path: Path) -> None:
    """Stopped a second after the loss: what was under way then had not waited for as long as is promised."""
    one = night(plan=drill(answered=True), instrument_until=21.5, played=21.5)
    one.bad = [(LOSS[0], 21.5, Hit.PENDING), (21.5, 60, Hit.UNSENT)]
    one.steps.append(Event(1.0, "target", "reference", "ready", {"answers_within": 3.0}))
    assert one.findings(tmp_path, bounded_answers.check)["answered"].outcome is UNKNOWN


def test_requests_during_the_loss_are_answered_in_time(tmp_path: Path) -> None:
    one = night(plan=drill(answered=True))
    one.steps.append(ready(2.0))
    assert one.findings(tmp_path / "in time", bounded_answers.check)["answered"].outcome is PASS
    one.bad = [(LOSS[0], BACK, Hit.TIMEOUT)]
    found = one.findings(tmp_path / "late", bounded_answers.check)["answered"]
    assert (found.outcome, found.measured) == (FAIL, float("inf"))


def test_a_target_that_promises_no_deadline_fails(tmp_path: Path) -> None:
    one = night(plan=drill(answered=True))
    one.steps.append(ready(None))
    assert one.findings(tmp_path, bounded_answers.check)["answered"].outcome is FAIL


def rows_recovered(tmp_path: Path, rows: list[int]) -> Finding:
    evidence = {"seq": rows, "rows": len(rows), "put_back": 3}
    one = night(step("detect", 0.0, 24.0), step("promote", 24.0, 25.5, evidence=evidence))
    return one.findings(tmp_path, recovered.check)["recovered_rows"]


def test_exactly_the_promised_rows_are_recovered(tmp_path: Path) -> None:
    promised = list(range(1, write_at(LOSS[0])))
    assert rows_recovered(tmp_path / "exact", promised).outcome is PASS
    few, many = (
        rows_recovered(tmp_path / "few", promised[:-2]),
        rows_recovered(tmp_path / "many", [*promised, 100]),
    )
    assert (few.outcome, few.measured, few.evidence["missing"]) == (FAIL, 2, promised[-2:])
    assert (many.outcome, many.measured, many.evidence["surplus"]) == (FAIL, 1, [100])


def test_a_night_that_is_not_a_drill_has_none_of_these_findings(tmp_path: Path) -> None:
    checks = (exposure.check, bounded_answers.check, fencing.check, recovered.check, runbook.check)
    assert [finding for check in checks for finding in check(Judged(*Night().write(tmp_path)))] == []
    assert "drill" not in experiment_file()
