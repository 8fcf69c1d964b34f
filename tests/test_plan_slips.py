"""A slip of the pen is refused where nobody can mean it, and printed with the plan where somebody may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.plan import build as plans
from chaos.plan.planned import Plan
from tests.bad_files import GOOD
from tests.midnight import PROJECT
from tests.typed import typed

STEP = "  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms}\n"
SLO = "  - {name: availability, availability: 99%}\n"
LIMITS = "limits: {recovery: 5s, lost_writes: 0}\n"


def plan(tmp_path: Path, *steps: str, slos: str = SLO, old: str = "", new: str = "") -> Plan:
    lines = "".join(f"  - {step}\n" for step in steps)
    text = GOOD.replace(STEP, lines).replace(SLO, slos).replace(old, new)
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return plans.build(str(path), "docker")


def latency(name: str, at: str, hold: str, *more: str) -> str:
    return f"{{name: {name}, fault: latency, at: {at}, hold: {hold}, with: {{{', '.join(more)}}}}}"


def test_a_sound_plan_has_no_warning(tmp_path: Path) -> None:
    found = plan(tmp_path, latency("slow", "1s", "5s"))
    assert found.warnings == ()
    assert not [line for line in found.lines() if line.startswith("warning")]


@pytest.mark.parametrize("name", ["midnight", "smoke", "drill-failover", "drill-by-hand", "drill-cut-off"])
def test_shipped_experiments_have_no_warnings(name: str) -> None:
    assert plans.build(name, "embedded").warnings == ()


def test_a_hold_longer_than_the_whole_play_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r":9: step 'slow': hold: 31 s is longer than the whole play \(30 s\)"
    ):
        plan(tmp_path, latency("slow", "1s", "31s"))


def test_a_hold_that_the_end_of_the_play_cuts_short_is_a_warning(tmp_path: Path) -> None:
    # Without its limits: a recovery could not be seen.
    assert plan(tmp_path, latency("slow", "1s", "29s"), old=LIMITS).warnings == ()
    (warning,) = plan(tmp_path, latency("slow", "2s", "29s"), old=LIMITS).warnings
    assert warning.startswith("step 'slow': may be held until 31 s, but the play ends at 30 s")


def test_two_concurrent_faults_of_one_kind_on_one_thing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r":10: step 'again': at: overlaps step 'slow', the same fault on the same target"
    ):
        plan(tmp_path, latency("slow", "1s", "5s"), latency("again", "5s", "5s", "delay: 1s"))


def test_faults_at_different_times_or_on_different_things_are_not_refused(tmp_path: Path) -> None:
    assert plan(tmp_path, latency("slow", "1s", "4s"), latency("again", "5s", "5s")).warnings == ()
    (warning,) = plan(
        tmp_path, latency("slow", "1s", "5s"), latency("model", "2s", "5s", "proxy: model")
    ).warnings
    assert warning == "steps 'slow' and 'model': two latency at the same time"


def test_no_steps_at_all_is_a_warning(tmp_path: Path) -> None:
    (warning,) = plan(tmp_path, old="steps:\n", new="").warnings
    assert warning.startswith("no steps: nothing is injected")


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        ("latency: {percentile: 5, below: 1s}", "p5 says nothing about the slower half"),
        ("latency: {percentile: 99, below: 1s}", "of about 300 hits, only 3.0 lie beyond the p99"),
        ("availability: 40%", "breaks only once more than half of the hits miss it"),
        ("latency: {share: 30%, below: 1s}", "breaks only once more than half of the hits miss it"),
    ],
)
def test_an_odd_objective_is_a_warning(slo: str, words: str, tmp_path: Path) -> None:
    (warning,) = plan(tmp_path, latency("slow", "1s", "5s"), slos=f"  - {{name: odd, {slo}}}\n").warnings
    assert warning.startswith("SLO 'odd': ") and words in warning


def test_a_timeout_longer_than_the_play_is_a_warning(tmp_path: Path) -> None:
    found = plan(tmp_path, latency("slow", "1s", "5s"), old="timeout: 2s", new="timeout: 2m")
    assert found.warnings == ("timeout: 2m is longer than the play",)


@pytest.mark.parametrize("argv", [["run", "--dry-run"], ["validate"], ["run", "--dry-run", "--json"]])
def test_the_warnings_are_printed_before_anything_is_played(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(tmp_path, old="steps:\n", new="")
    done = typed(capsys, argv[0], str(tmp_path / "experiment.yaml"), *argv[1:])
    assert done.code == 0
    assert "no steps: nothing is injected" in done.printed
    if "--json" in argv:
        assert len(json.loads(done.out)["warnings"]) == 1


def test_the_example_of_the_docs_is_a_plan(tmp_path: Path) -> None:
    text = (PROJECT / "docs/experiments.md").read_text()
    example = text[text.index("name: quick_drop") :].partition("```")[0]
    path = tmp_path / "quick_drop.yaml"
    path.write_text(example)
    assert plans.build(str(path), "embedded").experiment.name == "quick_drop"
