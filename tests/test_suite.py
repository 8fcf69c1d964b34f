"""A suite is the worst of its scenarios, and one that was not played makes it unknown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from chaos.checks import suite
from chaos.checks.finding import Outcome
from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.record.hits import Outcome as Hit
from chaos.record.store import RunDir
from chaos.reports.drill_page import write_suite_report
from tests.checks.drills import BACK, LOSS, drill, night, step, write_at
from tests.checks.synthetic import Night, experiment_file


def stored(tmp_path: Path, **nights: Night) -> RunDir:
    """A suite's own run, with one part for each night."""
    parts = []
    for name, one in nights.items():
        place = tmp_path / "reports" / name / f"{name}-1"
        one.write(place)
        about = json.loads((place / "run.json").read_text())
        (place / "run.json").write_text(json.dumps({**about, "id": f"{name}-1"}))
        parts.append({"title": name, "run": f"{name}-1", "path": str(place), "exit_code": 0})
    run = RunDir(tmp_path / "reports" / "all" / "all-1")
    run.path.mkdir(parents=True)
    document: dict[str, Any] = {
        "id": "all-1",
        "experiment": {"name": "all", "title": "All", "scenarios": [{}] * len(nights)},
        "target": {"name": "embedded"},
        "profile": "hardened",
        "seed": 1,
        "started": "2026-11-25T02:00:00+00:00",
        "started_by": "ops",
        "command": "midnight run all",
        "parts": parts,
    }
    run.run_file.write_text(json.dumps(document))
    return run


def judged(run: RunDir) -> tuple[Verdict, list[RunResult]]:
    parts = suite.parts(run)
    assert parts is not None
    return suite.judge(run, parts), parts


def failing() -> Night:
    return night(experiment={"limits": {"rto": 3, "lost_writes": 0}})


def test_a_suite_whose_scenarios_all_pass_passes_with_the_worst_times(tmp_path: Path) -> None:
    short = night()
    short.bad = [(LOSS[0], BACK - 2, Hit.BAD_STATUS)]
    verdict, _ = judged(stored(tmp_path, one=night(), two=short))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.PASS, 0)
    assert verdict.headline.startswith("PASS: 2 of 2 scenarios passed; worst technical RTO 7 s (one)")
    assert verdict.figures["rto"] == 7.0
    assert {finding.name.partition(":")[0] for finding in verdict.findings} == {"one", "two"}


def cut_off() -> Night:
    """An RTO of 7 s, of which midnight held 6 s."""
    plan = drill(runbook=[{"name": "detect", "at": 0}, {"name": "verify", "after": "loss"}])
    return night(step("detect", 0.0, 24.0), step("verify", 26.0, 26.5), plan=plan)


def test_the_worst_time_is_the_figure_and_says_beside_it_what_midnight_held(tmp_path: Path) -> None:
    short = night()
    short.bad = [(LOSS[0], BACK - 2, Hit.BAD_STATUS)]
    verdict, _ = judged(stored(tmp_path, short=short, cut_off=cut_off()))
    assert "; worst technical RTO 7 s (cut_off, of which 6 s held by midnight)" in verdict.headline
    assert verdict.figures["rto"] == 7.0


def test_the_lost_writes_of_the_whole_are_those_of_its_scenarios(tmp_path: Path) -> None:
    before, after = tuple(map(write_at, (18.0, 19.0, 19.5))), (write_at(30.0),)
    run = stored(tmp_path, one=night(missing=before), two=night(missing=before[:2] + after), three=night())
    verdict, parts = judged(run)
    of_parts = [part.verdict.figures for part in parts if part.verdict]
    assert [each["lost_writes"] for each in of_parts] == [0, 1, 0]
    assert (verdict.figures["lost_writes"], verdict.figures["lost_with_the_loss"]) == (1, 5)
    written = sum(each["acknowledged_writes"] or 0 for each in of_parts)
    assert (
        verdict.reasons[-1]
        == f"6 of {written:,.0f} acknowledged writes were lost (5 with the loss, 1 otherwise)"
    )


def test_a_scenario_that_fails_fails_the_whole_suite_and_is_named(tmp_path: Path) -> None:
    verdict, _ = judged(stored(tmp_path, one=night(), two=failing()))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.FAIL, 1)
    assert verdict.headline.startswith("FAIL: 1 of 2 scenarios passed; two: FAIL: ")
    assert verdict.reasons[1].startswith("two: FAIL: ")


def test_a_scenario_that_was_never_played_makes_the_suite_unknown(tmp_path: Path) -> None:
    run = stored(tmp_path, one=night(), two=night())
    document = json.loads(run.run_file.read_text())
    run.run_file.write_text(json.dumps({**document, "parts": document["parts"][:1]}))
    verdict, _ = judged(run)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.UNKNOWN, 3)
    assert verdict.findings[-1].because == "1 of 2 scenarios not played, or not judged"


def test_a_scenario_that_was_stopped_is_said_first(tmp_path: Path) -> None:
    stopped = night()
    stopped.ended = {"reason": "aborted", "because": "stopped by SIGINT"}
    verdict, _ = judged(stored(tmp_path / "one", one=night(), two=stopped))
    assert verdict.headline.startswith(
        "ABORTED: 1 of 2 scenarios passed; two: ABORTED: the play was stopped by"
    )
    verdict, _ = judged(stored(tmp_path / "other", one=failing(), two=stopped))
    assert verdict.headline.startswith("FAIL, ABORTED: 0 of 2 scenarios passed; one: FAIL: ")


def test_a_scenario_whose_run_is_gone_makes_the_suite_unknown(tmp_path: Path) -> None:
    run = stored(tmp_path, one=night(), two=night())
    (tmp_path / "reports/two/two-1/run.json").unlink()
    assert judged(run)[0].outcome is Outcome.UNKNOWN


def test_reports_that_were_moved_as_a_whole_are_found(tmp_path: Path) -> None:
    stored(tmp_path, one=night())
    (tmp_path / "reports").rename(tmp_path / "elsewhere")
    verdict, _ = judged(RunDir(tmp_path / "elsewhere/all/all-1"))
    assert verdict.outcome is Outcome.PASS


def test_a_run_that_is_not_a_suite_has_no_parts(tmp_path: Path) -> None:
    Night().write(tmp_path / "night")
    assert suite.parts(RunDir(tmp_path / "night")) is None
    assert "scenarios" not in experiment_file()


def test_the_suites_page_has_every_scenario_with_its_spans_and_the_budget_left(tmp_path: Path) -> None:
    run = stored(tmp_path, one=night(), two=failing())
    verdict, parts = judged(run)
    text = write_suite_report(run, verdict, parts, ()).read_text()
    assert text.count("Time to recover") == 2
    assert ">ops<" in text and "14m 53s" in text  # of fifteen minutes, seven seconds are gone
    assert "clients come back" in text and "<script" not in text


def test_a_runbook_step_tells_its_times_with_units_and_its_backup_once(tmp_path: Path) -> None:
    backup = {"label": "nightly", "bytes": 56_294_802, "started": "2026-11-27T17:24:00+00:00"}
    promoted = {"promoted": 0.118, "timeline": 2, "write": "refused"}
    restored = {"backup": backup, "target": "lsn 0/280B3F0", "copying_seconds": 0.18}
    one = night(
        step("detect", 0.0, 24.0, evidence=promoted),
        step("promote", 24.0, 25.5, evidence=restored),
    )
    run = stored(tmp_path, one=one)
    verdict, parts = judged(run)
    text = write_suite_report(run, verdict, parts, ()).read_text()
    assert "promoted: 118 ms; timeline: 2; write: refused" in text
    assert "from backup nightly, to lsn 0/280B3F0" in text
    assert "2026-11-27 17:24:00 UTC" in text and "56.3 MB" in text
    assert text.count("<dt>copying</dt><dd>180 ms</dd>") == 1


def test_what_a_detector_saw_is_told_without_the_name_of_its_field(tmp_path: Path) -> None:
    seen = {"probe": "rows", "probes": 12, "failing_seconds": 1.0, "said": "168 rows (243 before)"}
    run = stored(tmp_path, one=night(step("detect", 0.0, 24.0, evidence=seen)))
    verdict, parts = judged(run)
    text = write_suite_report(run, verdict, parts, ()).read_text()
    assert "probe: rows; probes: 12; failing: 1 s; 168 rows (243 before)<" in text


def test_the_suites_page_says_once_where_and_when_it_was_played(tmp_path: Path) -> None:
    run = stored(tmp_path, one=night(), two=night())
    verdict, parts = judged(run)
    text = write_suite_report(run, verdict, parts, ()).read_text()
    assert text.count(">started by<") == 1
    assert text.count(">host<") <= 1
    assert "Run one-1" in text and "Run two-1" in text


def test_on_paper_the_checks_that_passed_are_names_and_the_others_rows(tmp_path: Path) -> None:
    run = stored(tmp_path, one=failing())
    verdict, parts = judged(run)
    text = write_suite_report(run, verdict, parts, ()).read_text()
    (passed,) = re.findall(r'<p class="note printed">Passed: ([^<]+)</p>', text)
    (left,) = re.findall(r'<table class="checks printed">(.*?)</table>', text, re.DOTALL)
    assert "loss: lost writes" in passed and "recovery: rto" not in passed
    assert "recovery: rto" in left and "loss: lost writes" not in left
    (everything,) = re.findall(r'<table class="checks again">(.*?)</table>', text, re.DOTALL)
    assert "loss: lost writes" in everything and "recovery: rto" in everything
