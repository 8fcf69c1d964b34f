"""What a drill promises beside RTO and RPO: the exposure before the loss, answers in time, rows put back."""

from __future__ import annotations

from pathlib import Path

from chaos.checks.drill import bounded_answers, exposure, fencing, recovered, runbook
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.drills import BACK, FAIL, IDLE, LOSS, PASS, UNKNOWN, drill, night, step, write_at
from tests.checks.synthetic import Night, approx, experiment_file


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
