"""Every report is for everybody: axe-core finds nothing, and Tab reaches what a pointer can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run
from chaos.history.entry import Entry, read_entry
from chaos.history.trend import trends
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.reports import html
from chaos.reports.drill_page import render_suite
from chaos.reports.trend_html import render
from chaos.survey import page as survey_page
from tests.accessibility import axe
from tests.checks.drills import night as drill_night
from tests.history.stored import Stored
from tests.reports.stored_run import write_run
from tests.survey.surveying import surveyed
from tests.test_suite import failing, judged
from tests.test_suite import stored as stored_suite

pytestmark = [pytest.mark.real, pytest.mark.wide]


@pytest.fixture(autouse=True)
def _needed() -> None:
    axe.needed()


def report(run: RunDir) -> tuple[str, str]:
    verdict = judge_run(run)
    return verdict.headline, html.render(Journal(run), verdict)


def nights(reports: Path) -> list[Entry]:
    """A dozen nights, one of them failed, with an infinite figure, and a figure that becomes worse."""
    found = []
    for number in range(12):
        figures: dict[str, float | None] = {
            "p99": 0.1 if number < 6 else 0.9,
            "recovery": float("inf") if number == 3 else 1.0,
        }
        verdict = "fail" if number == 3 else "pass"
        found.append(read_entry(Stored(number, verdict=verdict, figures=figures).write(reports)))
    return found


def test_no_report_of_a_run_has_a_barrier(tmp_path: Path) -> None:
    failed = write_run(tmp_path / "failed")
    passed = write_run(tmp_path / "passed", pain=0.0)
    unknown = write_run(tmp_path / "unknown", pain=0.0, disk=False)
    unknown.readback.unlink()
    files = []
    for run, word in ((failed, "FAIL"), (passed, "PASS"), (unknown, "UNKNOWN")):
        headline, text = report(run)
        assert headline.startswith(word)
        files.append(tmp_path / f"{word}.html")
        files[-1].write_text(text)
    assert axe.told(axe.check_files(tmp_path / "browser", files)) == ""


def test_no_page_of_a_drill_or_a_trend_has_a_barrier(own_place: Path) -> None:
    drill, suite, trend = (own_place / f"{name}.html" for name in ("drill", "suite", "trend"))
    drill_night(experiment={"limits": {"rto": 3, "lost_writes": 0}}).write(own_place / "night")
    drill.write_text(report(RunDir(own_place / "night"))[1])
    whole = stored_suite(own_place, one=drill_night(), two=failing())
    suite.write_text(render_suite(whole, *judged(whole), ()))
    trend.write_text(render(trends(nights(own_place / "nights"), 30)))
    found = axe.check_files(own_place / "browser", [drill, suite, trend])
    assert axe.told(found) == ""


def backup_check(place: Path) -> RunDir:
    """A restore with a query, as a backup check stores it."""
    run = RunDir(place)
    run.path.mkdir()
    queries = [{"name": "orders", "sql": "select count(*) from orders", "at_least": 100}]
    document = {
        "id": run.id,
        "experiment": {"name": "restore-mine", "title": "Last night's backup", "restore": {}},
        "target": {"name": "backup", "driver": "backup"},
        "options": {"queries": queries, "path": "/backups"},
        "command": "midnight run restore-mine",
        "started": "2026-11-23T23:59:00+00:00",
        "started_by": "ops",
        "host": {"cpus": 2},
    }
    run.run_file.write_text(json.dumps(document))
    writer = Writer(run.events)
    for event in (
        Event(0.0, "run", "run", "begun"),
        Event(1.0, "restore", "backup", "chosen", {"path": "/backups/a.dump", "size": 10**9}),
        Event(2.0, "restore", "restore", "begun", {"utc": "2026-11-24T00:00:00+00:00"}),
        Event(7.0, "restore", "restore", "ended", {"seconds": 5.0, "bytes": 10**9, "server": "17.2"}),
        Event(8.0, "query", "orders", "answered", {"value": 7, "rows": 1, "seconds": 0.5}),
        Event(9.0, "run", "run", "ended", {"reason": "completed", "because": ""}),
    ):
        writer.event(event)
    writer.close()
    return run


def test_no_report_of_a_backup_check_has_a_barrier(tmp_path: Path) -> None:
    page = tmp_path / "restored.html"
    headline, text = report(backup_check(tmp_path / "run"))
    page.write_text(text)
    assert headline.startswith("FAIL") and "<svg" in text
    assert axe.told(axe.check_files(tmp_path / "browser", [page])) == ""


def test_no_page_of_a_survey_has_a_barrier(tmp_path: Path) -> None:
    jobs = "0 1 * * * root pg_dump shop\n0 1 * * * root /opt/report\n*/20 * * * * root /opt/poll\n"
    page = tmp_path / "survey.html"
    page.write_text(survey_page.render(surveyed(tmp_path / "machine", {"/etc/crontab": jobs})))
    assert axe.told(axe.check_files(tmp_path / "browser", [page])) == ""


def test_a_planted_barrier_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "planted.html"
    text = report(write_run(tmp_path / "failed"))[1]
    bad = '<p style="color: #bbb; background: #fff">pale</p><svg role="img"></svg><a href="#" tabindex="-1">away</a>'
    bad += '<p style="width: 700px">wide</p>'
    planted.write_text(text.replace("</body>", f"{bad}</body>"))
    found = axe.told(axe.check_files(tmp_path / "browser", [planted]))
    for barrier in ("color-contrast", "svg-img-alt", "not reached by Tab: <a", "400 px: wider than"):
        assert barrier in found
