"""A drill's figures are the same wherever they appear: verdict, page, explanation, and the first page of its suite."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.checks.figures import recalled
from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports.drill import DrillSection, section
from chaos.reports.drill_page import render_suite
from chaos.reports.explain import explain
from chaos.reports.html import render
from chaos.reports.verdict_json import write_verdict
from chaos.spec.experiment import Experiment
from chaos.spec.units import show_seconds
from tests.checks.drills import LOSS, drill, night, step, write_at
from tests.checks.synthetic import Night, approx
from tests.reports.test_first_screen import text_of
from tests.test_suite import judged, stored

HELD_UNTIL = 26.0  # seconds of the play: the fault's undo


@st.composite
def nights(draw: st.DrawFn) -> Night:
    """Drills with and without a hold or an outage, with a runbook step that is not over yet when the service is back,
    and with writes lost or changed before and after the loss."""
    waits, out = draw(st.booleans()), draw(st.booleans())
    detected = draw(st.floats(20.5, 24.0))
    begun = HELD_UNTIL if waits else detected + draw(st.floats(0.0, 0.3))
    ended = begun + draw(st.floats(0.1, 3.0))
    steps = [{"name": "detect", "at": 0}, {"name": "promote", "after": "loss" if waits else "detect"}]
    lost = draw(st.lists(st.integers(0, 30), max_size=6, unique=True))
    plan = drill(runbook=steps, outage=out, **({} if out else {"until": "promote"}))
    one = night(
        step("detect", 0.0, detected),
        step("promote", begun, ended, evidence={"by": "midnight", "seconds": 0.1234}),
        plan=plan,
        out=out,
        missing=tuple(write_at(LOSS[0] - 5 + each) for each in lost[:4]),
        different=tuple(write_at(LOSS[0] - 5 + each) for each in lost[4:]),
        experiment={"limits": {"rto": 15, "rpo": 10, "lost_writes": 0}},
    )
    if out:
        one.bad = [(LOSS[0], begun + draw(st.floats(0.0, 4.0)), Hit.BAD_STATUS)]
    return one


def page_of(run: RunDir, verdict: Verdict) -> DrillSection:
    journal = Journal(run)
    found = section(Experiment.model_validate(journal.manifest.experiment), journal, verdict)
    assert found is not None
    return found


def check_a_drill(run: RunDir) -> Verdict:
    verdict = judge_run(run)
    page, journal = page_of(run, verdict), Journal(run)
    findings = {each.name: each for each in verdict.findings}
    rto, rpo, otherwise = (findings[name] for name in ("rto", "rpo", "lost_writes"))
    html = text_of(render(journal, verdict))

    spans = rto.evidence["spans"]
    assert verdict.figures["rto"] == rto.measured == approx(sum(each["seconds"] for each in spans))
    assert rto.measured is not None
    shown = show_seconds(rto.measured)
    assert set(re.findall(r"\bRTO (\d[\d.]* m?s)", f"{html} {rto.because}")) == {shown}
    assert page.budget[0][1].startswith(shown)
    assert verdict.outcome.value == "fail" or f"{shown} after the loss" in verdict.headline
    held = [each["seconds"] for each in spans if each["name"] == "held by midnight"]
    for told in re.findall(
        r"of which (\S+ m?s) held by midnight", f"{html} {rto.because} {page.budget[0][1]}"
    ):
        assert told == show_seconds(held[0])

    whole = {each["name"]: show_seconds(each["seconds"]) for each in spans if "note" not in each}
    story = " ".join(moment.said for moment in explain(journal, verdict).moments)
    for name, _, took, done, *_ in page.runbook:
        assert whole.get(name, took) == took == show_seconds(findings[name].measured or 0.0)
        assert f"{name} was done, {done.removeprefix('+')} after the loss" in story
        assert (
            findings[name].because.split(": done ")[1].split(", by")[0].removeprefix("in ").startswith(took)
        )

    lost = {key: rpo.evidence[key] for key in ("lost_in_all", "lost_with_it", "lost_writes", "different")}
    acknowledged = rpo.evidence["account"][0]
    assert lost["lost_in_all"] == lost["lost_with_it"] + lost["lost_writes"]
    assert acknowledged["missing"] + lost["different"] == lost["lost_in_all"]
    assert verdict.figures["lost_writes"] == otherwise.measured == lost["lost_writes"]
    assert verdict.figures["lost_with_the_loss"] == lost["lost_with_it"]
    assert acknowledged["writes"] == verdict.figures["acknowledged_writes"]
    assert (
        f"{lost['lost_in_all']} acknowledged writes lost; {lost['lost_with_it']} of them with the loss"
        in html
    )
    assert ("the service was back" in html) == bool(rto.evidence["out"])
    write_verdict(run, verdict)
    remembered = recalled(json.loads(run.verdict.read_text()))
    assert all(remembered[name] == verdict.figures[name] for name in ("rto", "rpo", "lost_writes"))
    return verdict


@settings(max_examples=8)
@given(one=nights())
def test_the_figures_of_a_drill_are_the_same_everywhere(
    tmp_path_factory: pytest.TempPathFactory, one: Night
) -> None:
    place = tmp_path_factory.mktemp("drill") / "run"
    one.write(place)
    check_a_drill(RunDir(place))


@settings(max_examples=3)
@given(one=nights(), two=nights())
def test_the_first_page_of_a_suite_adds_up_with_its_scenarios(
    tmp_path_factory: pytest.TempPathFactory, one: Night, two: Night
) -> None:
    run = stored(tmp_path_factory.mktemp("suite"), one=one, two=two)
    verdict, parts = judged(run)
    of_parts = [part.verdict for part in parts if part.verdict]
    html = render_suite(run, verdict, parts, ())
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row) for row in html.split("<h2>Scenarios")[1].split("<tr>")[2:5]
    ]
    *rows, whole = ([re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells)
    for part, row in zip(of_parts, rows, strict=True):
        assert row[2].startswith(show_seconds(part.figures["rto"] or 0.0))
        assert row[4] == f"{part.figures['acknowledged_writes']:,}"
        assert int(row[5]) == part.figures["lost_with_the_loss"]
        assert int(row[6]) == part.figures["lost_writes"]
    assert whole[2] == show_seconds(max(part.figures["rto"] or 0.0 for part in of_parts))
    assert verdict.figures["rto"] == max(part.figures["rto"] or 0.0 for part in of_parts)
    assert [int(n) for n in whole[4:7]] == [sum(int(row[n]) for row in rows) for n in (4, 5, 6)]
    assert int(whole[6]) == verdict.figures["lost_writes"]
    (told,) = set(re.findall(r"worst technical RTO (\S+ m?s)", html))
    assert told == whole[2]


def test_a_drill_without_an_outage_never_says_that_the_service_was_back(tmp_path: Path) -> None:
    plan = drill(outage=False, until="promote")
    night(plan=plan, out=False).write(tmp_path / "run")
    verdict = judge_run(RunDir(tmp_path / "run"))
    html = text_of(render(Journal(RunDir(tmp_path / "run")), verdict))
    assert "Time to recover from the loss until promote was done" in html
    assert "the service was back" not in html
    night().write(tmp_path / "out")
    run = RunDir(tmp_path / "out")
    assert "Time to recover from the loss until the service was back" in text_of(
        render(Journal(run), judge_run(run))
    )
