"""The first screen: plain words, figures that agree wherever they appear, and cards only for what was measured."""

from __future__ import annotations

import json
import math
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict, judge
from chaos.play import stored
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal, Series
from chaos.record.store import RunDir
from chaos.reports.cards import key_figures
from chaos.reports.explain import explain
from chaos.reports.html import render
from chaos.reports.panels import plateaus
from chaos.reports.timeline import in_doubt
from tests.checks.synthetic import PLAY, Night, approx
from tests.reports.stored_run import write_run

JARGON = re.compile(r"\bhits?\b|∞|not good|indeterminate|not exercised")
CURE = {
    "setting": "volumes.layout",
    "value": "shared",
    "because": "logs and database on one disk",
    "cure": "apart",
    "why": "logs on their own volume",
}


def text_of(html: str) -> str:
    body = html.split("<body>")[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def above_the_fold(html: str) -> str:
    """From the first line to the end of the reasons."""
    return text_of("<body>" + html.split("<body>")[1].partition("<h2>Chain")[0])


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdict, str]:
    run = write_run(tmp_path_factory.mktemp("runs") / "fragile")
    about = json.loads(run.run_file.read_text())
    run.run_file.write_text(json.dumps({**about, "cures": [CURE]}))
    verdict = judge_run(run)
    return verdict, render(Journal(run), verdict)


def test_the_first_screen_needs_no_glossary(fragile: tuple[Verdict, str]) -> None:
    verdict, html = fragile
    shown = above_the_fold(html)
    assert verdict.headline in shown
    assert not JARGON.search(shown), JARGON.search(shown)
    assert all(reason in shown for reason in verdict.reasons)
    assert "indeterminate, in doubt" in text_of(html), "explained below"


def test_what_to_fix_has_the_profiles_reason_and_the_gauge(fragile: tuple[Verdict, str]) -> None:
    verdict, html = fragile
    assert 1 <= len(verdict.fixes) <= 3
    fix = next(each for each in verdict.fixes if each.of_profile)
    assert fix.what == "volumes.layout: shared → apart"
    assert "logs on their own volume" in fix.why
    assert "a sync on volume:data" in fix.evidence
    assert fix.what in above_the_fold(html)


def test_a_pass_has_nothing_to_fix(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", pain=0.0)
    assert judge_run(run).fixes == ()


@settings(max_examples=12)
@given(
    start=st.integers(20, 30),
    length=st.integers(1, 25),
    kind=st.sampled_from([Hit.TIMEOUT, Hit.BAD_STATUS, Hit.UNSENT, Hit.PENDING, Hit.RESET]),
    missing=st.lists(st.integers(1, 100), max_size=5, unique=True),
)
def test_the_ledger_adds_up_and_its_figures_are_the_same_everywhere(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, kind: Hit, missing: list[int]
) -> None:
    night = Night(bad=[(start, start + length, kind)], missing=tuple(missing))
    experiment, journal = night.write(tmp_path_factory.mktemp("night"))
    verdict = judge(Judged(experiment, journal))
    lost = next(each for each in verdict.findings if each.name == "lost_writes")
    *rows, planned = lost.evidence["account"]
    assert planned["what"] == "planned"
    for key in ("writes", "present", "missing"):
        assert planned[key] == sum(row[key] for row in rows)
    assert planned["writes"] == lost.evidence["due"] == 140
    assert all(row["writes"] == row["present"] + row["missing"] for row in rows)
    acknowledged = rows[0]
    assert acknowledged["writes"] == lost.evidence["acknowledged"] == verdict.figures["acknowledged_writes"]
    assert acknowledged["missing"] == lost.measured == verdict.figures["lost_writes"]
    html = text_of(render(Journal(journal.run), verdict))
    assert (
        f"acknowledged {acknowledged['writes']} {acknowledged['present']} {acknowledged['missing']}" in html
    )
    if verdict.figures["worst_outage"]:
        outages = next(each.evidence["outages"] for each in verdict.findings if each.evidence.get("outages"))
        assert max(each["length"] for each in outages) == verdict.figures["worst_outage"]
        assert all(each["held"] + each["alone"] == approx(each["length"]) for each in outages)


def finding(check: str, name: str, measured: float | None, outcome: Outcome = Outcome.FAIL) -> Finding:
    return Finding(name, outcome, measured, 10.0, "s", "because", check=check)


def test_cards_are_of_what_was_measured(fragile: tuple[Verdict, str]) -> None:
    found = [
        finding("recovery", "outage", 12.95),
        finding("recovery", "recovery", None, Outcome.NOT_EXERCISED),
        finding("recovery", "rto", 12.95, Outcome.NOT_EXERCISED),
        finding("latency", "p99", math.inf),
        finding("loss", "rpo", None, Outcome.UNKNOWN),
    ]
    cards = {card.label: (card.value, card.outcome) for card in key_figures(found)}
    assert cards == {"worst outage": ("12.95 s", Outcome.FAIL), "latency": ("> 10 s", Outcome.FAIL)}
    verdict, html = fragile
    values = re.findall(r'<div class="value">([^<]+)</div>', html)
    assert len(values) == len(key_figures(verdict.findings))
    assert not {"∞", "–"} & set(values)


def test_one_slow_sync_is_a_plateau_and_not_a_ramp() -> None:
    at = np.arange(0.0, 3.0, 0.25)
    ramp = np.array([0.001, 0.001, 0.1, 0.35, 0.6, 0.85, 0.001, 0.002, 0.001, 0.2, 0.45, 0.001])
    drawn = plateaus(Series(at, ramp)).value
    assert list(drawn) == [0.001, 0.001, 0.85, 0.85, 0.85, 0.85, 0.001, 0.002, 0.001, 0.45, 0.45, 0.001]


def test_the_timeline_marks_where_the_load_itself_was_late(tmp_path: Path) -> None:
    experiment, journal = Night(doubted=[(20, 25), (40, 41)]).write(tmp_path)
    spans = [(span.start - PLAY, span.end - PLAY) for span in in_doubt(experiment, journal)]
    assert spans == [(approx(20), approx(25)), (approx(40), approx(41))]
    verdict = judge(Judged(experiment, journal))
    assert "load in doubt" in render(Journal(journal.run), verdict)


def test_plots_have_names_and_their_own_identifiers(fragile: tuple[Verdict, str]) -> None:
    html = fragile[1]
    names = re.findall(r'<svg role="img" aria-label="([^"]+)"', html)
    assert names == ["Timeline of the play", "Timeline of the play, narrow"]
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))


def test_a_run_is_explained_in_order_with_what_to_fix(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    verdict = judge_run(run)
    story = explain(Journal(run), verdict)
    times = [moment.at for moment in story.moments if moment.at is not None]
    assert times == sorted(times)
    said = [moment.said for moment in story.moments]
    begun = [
        "Step logrotate began.",
        "Step batch (batch_job) began.",
        "The service stopped answering as it should.",
    ]
    places = [said.index(each) for each in begun]
    assert places == sorted(places)
    assert any(re.match(r"Step .* was undone; measured: \S+ .*\.$", each) for each in said)
    page = "\n".join(story.lines())
    assert page.startswith("FAIL: ")
    assert "3 of 1056 acknowledged writes lost" in page
    assert all(fix.what in " ".join(page.split()) for fix in verdict.fixes)
    assert len(page.splitlines()) <= 70
    assert not JARGON.search(page)
    document = story.to_json()
    assert [each["what"] for each in document["fixes"]] == [fix.what for fix in verdict.fixes]
    json.dumps(document, allow_nan=False)


def test_a_run_without_a_play_is_explained_too(tmp_path: Path) -> None:
    night = Night(played=None, steps=[], load=False, ended={"reason": "failed", "because": "no target"})
    experiment, journal = night.write(tmp_path)
    story = explain(journal, judge(Judged(experiment, journal)))
    assert story.moments == ()
    assert any("no target" in each for each in story.after)


def test_an_objective_of_a_file_gets_a_report_of_its_own(tmp_path: Path) -> None:
    _, journal = Night(bad=[(30, 30.3, Hit.TIMEOUT)]).write(tmp_path / "night" / "run")
    run = RunDir(journal.run.path)
    file = tmp_path / "strict slo.yaml"
    file.write_text("slos:\n  - {name: strict, availability: 99.9%}\n")
    verdict = stored.judge(run, file)
    path = stored.report_by(run, verdict, file)
    assert path.name == "report-by-strict-slo.html"
    assert "strict" in text_of(path.read_text())
    assert not run.report.exists()
