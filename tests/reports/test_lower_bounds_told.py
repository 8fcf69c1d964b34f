"""A service that was not back when the observation ended was out for more than was seen: every place says so."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict
from chaos.cli import memory
from chaos.gate.baseline import Baseline
from chaos.gate.case import of_finding
from chaos.gate.compare import compare
from chaos.history.entry import Entry, read_entry
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.history.trend import trends
from chaos.record.hits import Outcome as Hit
from chaos.reports.cards import key_figures
from chaos.reports.markdown import render
from chaos.reports.rows import finding_row
from chaos.reports.trend_rows import extent, rows
from chaos.web.plots import plots
from chaos.web.rendering import figures_of
from chaos.web.stored import _finding
from tests.checks.synthetic import LENGTH, Night
from tests.gate.planted import gate, judged, played
from tests.history.stored import SOUND, Stored


def never_back(path: Path, until: float = LENGTH) -> Verdict:
    """Out from second 20 of the play, in whose first two seconds a fault acts."""
    _, journal = Night(bad=[(20, until, Hit.TIMEOUT)]).write(path)
    return judge_run(journal.run)


def kept(reports: Path, verdict: Verdict) -> Entry:
    """The entry of a run with this verdict."""
    run = Stored(3, verdict="fail").write(reports)
    document = verdict.to_json() | {"verdict": "fail", "exit_code": 1}
    run.verdict.write_text(json.dumps(document))
    return read_entry(run)


def test_a_verdict_names_the_figures_that_may_be_larger(tmp_path: Path) -> None:
    assert never_back(tmp_path / "out").lower_bounds == ("worst_outage", "recovery", "rto")
    assert never_back(tmp_path / "back", 40).lower_bounds == ()


def test_the_findings_and_the_tiles_of_a_report_show_them(tmp_path: Path) -> None:
    verdict = never_back(tmp_path)
    shown = {each.name: finding_row(each).measured for each in verdict.findings if each.check == "recovery"}
    assert shown == {"recovery": "> 38 s", "rto": "> 40 s"}
    assert {"> 38 s", "> 40 s"} <= {card.value for card in key_figures(verdict.findings)}
    assert "stayed down for more than 38 s" in verdict.headline or "more than 40 s" in verdict.headline
    back = never_back(tmp_path / "back", 40)
    assert not [each for each in back.findings if finding_row(each).measured.startswith(">")]


def test_the_page_of_a_run_shows_them(tmp_path: Path) -> None:
    found = {each["name"]: _finding(each) for each in never_back(tmp_path).to_json()["findings"]}
    assert (found["recovery"]["measured"], found["rto"]["measured"]) == ("> 38 s", "> 40 s")


def test_lists_and_trends_show_them_and_the_index_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    first = read_entry(Stored(1, figures={"recovery": 2.0, "worst_outage": 3.0}).write(tmp_path / "reports"))
    entry = kept(tmp_path / "reports", never_back(tmp_path / "night"))
    index = open_index(pytest.fail)
    try:
        assert [each.lower_bounds for each in index.find(Query())] == [(), entry.lower_bounds]
    finally:
        index.close()
    told = {figure.label: value for figure, value in figures_of(entry)}
    assert (told["recovery"], told["RTO"]) == ("> 38 s", "> 40 s")
    memory.runs()
    before, now = capsys.readouterr().out.splitlines()[-2:]
    assert "> 38 s" in now and ">" not in before
    (trend,) = trends([first, entry], 30)
    (recovery,) = [each for each in trend.movements if each.figure.name == "recovery"]
    assert extent(recovery) == "2 s to > 38 s"
    assert [row.last for row in rows(trend) if row.label == "recovery"] == ["> 38 s"]
    (plot,) = [each for each in plots(trend) if each.figure.name == "recovery"]
    assert [point.shown for point in plot.points] == ["2 s", "> 38 s"]


def test_a_gate_shows_them(tmp_path: Path) -> None:
    document = never_back(tmp_path).to_json()
    cases = [of_finding(each) for each in document["findings"] if each["name"] == "recovery"]
    table = render(gate(replace(judged(played()), cases=tuple(cases))))
    assert "| recovery | \\> 38 s | ≤ 15 s |" in table
    (case,) = [
        each
        for each in compare({**SOUND, "recovery": 38.0}, [SOUND], {}, lower_bounds={"recovery"})
        if each.name == "recovery"
    ]
    assert case.lower_bound
    assert case.because == "recovery > 38 s, baseline no outage: worse by 38 s, 2 s allowed"


def test_a_percentile_of_failed_requests_is_infinite_everywhere(tmp_path: Path) -> None:
    _, journal = Night(bad=[(20, 30, Hit.TIMEOUT)]).write(tmp_path)
    verdict = judge_run(journal.run)
    (finding,) = [each for each in verdict.findings if each.name == "p99"]
    (stored,) = [each for each in verdict.to_json()["findings"] if each["name"] == "p99"]
    assert stored["measured"] is None
    assert finding_row(finding).measured == _finding(stored)["measured"] == "∞"
    table = render(gate(replace(judged(played()), cases=(of_finding(stored),))))
    assert re.search(r"\| latency: p99 \| ∞ \|", table)
    never = {**stored, "evidence": {"percentile": 99, "due": 0}}
    assert of_finding(never).measured is None


def test_a_recovery_without_an_outage_is_not_compared() -> None:
    calm = {"rto": 0.0, **SOUND}
    found = {each.name: each for each in compare(calm, Baseline("x", "m", (calm,)).past, {})}
    for name in ("recovery", "rto"):
        assert (found[name].outcome, found[name].measured) == ("not exercised", None)
        assert found[name].because == f"{name}: no outage, baseline no outage"
    held = compare({**calm, "rto": 4.0}, [{**calm, "rto": 4.0}], {})
    (recovery,) = [each for each in held if each.name == "recovery"]
    assert recovery.because == "recovery: none, baseline none"  # out only while a fault acted


def test_a_share_that_fell_is_worse_by_percentage_points() -> None:
    found = compare({**SOUND, "availability": 0.9642}, [SOUND], {})
    (case,) = [each for each in found if each.name == "availability"]
    assert case.because.endswith(": worse by 3.6 percentage points, 0.5 percentage points allowed")


def test_an_error_budget_is_called_consumed_and_a_little_of_it_is_not_none(tmp_path: Path) -> None:
    runs = [read_entry(Stored(n, budget=budget).write(tmp_path)) for n, budget in enumerate((0.0, 4e-6))]
    (trend,) = trends(runs, 30)
    assert [row.last for row in rows(trend) if row.label == "error budget consumed"] == ["< 0.001 %"]
    (budget,) = [each for each in trend.movements if each.figure.name == "budget"]
    assert extent(budget) == "0 % to < 0.001 %"
