"""A bad drill, runbook or suite: each mistake in a line with file, line, rule and value; exit 2; nothing touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import refusal

DRILL = (PROJECT / "experiments/drill-failover.yaml").read_text()
TARGET = (PROJECT / "targets/embedded.yaml").read_text()

BAD_DRILLS = {
    "a loss that is no step": ("  loss: loss\n", "  loss: lost\n", "loss: 'lost' is not a step"),
    "a step twice": ("{name: fence,", "{name: detect,", "duplicate step name 'detect'"),
    "after what is none": ("after: promote, within: 10s", "after: promoted, within: 10s", "'promoted'"),
    "both at and after": ("{name: detect, at: 0s", "{name: detect, at: 0s, after: loss", "either `at`"),
    "beyond the play": ("{name: detect, at: 0s", "{name: detect, at: 2m", "the play ends at 1m 12s"),
    "no such runbook step": ("{name: verify,", "{name: verify, does: pray,", "has no step 'pray'"),
    "named as a step is": (
        "{name: detect,",
        "{name: lag, does: detect,",
        "is already a step of this experiment",
    ),
    "until what is none": (
        "  settle: 14s",
        "  settle: 14s\n  until: payday",
        "'payday' is not a step of this runbook",
    ),
    "too short a settling": ("settle: 14s", "settle: 9s", "must be longer than the 10 s"),
    "an RTO that cannot be broken": ("rto: 30s", "rto: 51s", "51 s cannot be broken by this play"),
    "an RPO that cannot be broken": ("rpo: 10s", "rpo: 20s", "at the loss no write is older than 12 s"),
    "a negative RPO": ("rpo: 10s", "rpo: -1s", "got '-1s'"),
    "by what there is not": ("by: kill", "by: fire", "got 'fire'"),
}
BAD_RUNBOOKS = {
    "no such action": ("{action: fence}", "{action: fense}", "no action 'fense'"),
    "two ways": ("{action: fence}", "{action: fence, person: do it}", "exactly one of"),
    "no way": ("{action: fence}", "{with: {a: 1}}", "exactly one of"),
    "an unknown parameter": ("{action: promote}", "{action: promote, with: {speed: 2}}", "speed"),
    "a parameter of a command": ("{action: fence}", "{command: [a], with: {a: 1}}", "is only for an action"),
    "an empty command": ("{action: fence}", "{command: []}", "command"),
}


@pytest.fixture(autouse=True)
def _untouched(own_place: Path) -> Iterator[None]:
    """After a refusal neither reports nor state is there."""
    yield
    assert not (own_place / "reports").exists() and not (own_place / "state").exists()


@pytest.mark.parametrize(("good", "bad", "says"), BAD_DRILLS.values(), ids=BAD_DRILLS.keys())
def test_a_bad_drill_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: str, bad: str, says: str
) -> None:
    file = tmp_path / "drill.yaml"
    assert good in DRILL
    file.write_text(DRILL.replace(good, bad, 1))
    said = refusal(capsys, "run", str(file), "--profile", "hardened")
    assert str(file) in said and says in said


@pytest.mark.parametrize(("good", "bad", "says"), BAD_RUNBOOKS.values(), ids=BAD_RUNBOOKS.keys())
def test_a_bad_runbook_is_refused_in_the_targets_own_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: str, bad: str, says: str
) -> None:
    (tmp_path / "profiles").symlink_to(PROJECT / "targets/profiles")
    file = tmp_path / "embedded.yaml"
    assert good in TARGET
    file.write_text(TARGET.replace(good, bad, 1))
    said = refusal(capsys, "run", "drill-failover", "--target", str(file))
    assert str(file) in said and says in said


def test_limits_of_a_loss_are_for_drills_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "smoke.yaml"
    text = (PROJECT / "experiments/smoke.yaml").read_text()
    file.write_text(text.replace("lost_writes: 0", "lost_writes: 0, rto: 2s"))
    said = refusal(capsys, "validate", str(file))
    assert "limits: rto: is only for drills" in said and "set it under `budget` instead" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: all\ntitle: All\nscenarios: []\n", "scenarios"),
        ("name: all\ntitle: All\nscenarios: [{experiment: nowhere}]\n", "no file 'nowhere'"),
        ("name: all\ntitle: All\nscenarios: [{experiment: smoke, set: [a.b=1]}]\n", "no step 'a'"),
        ("name: all\ntitle: All\nload: {}\nscenarios: [{experiment: smoke}]\n", "load"),
    ],
)
def test_a_bad_suite_is_refused_before_its_first_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(text)
    assert says in refusal(capsys, "run", str(file))


def test_a_drill_needs_servers_of_the_targets_own(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "run", "drill-failover", "--target", "attach-example")
    assert "needs the handle" in said and "drill-failover.yaml" in said
