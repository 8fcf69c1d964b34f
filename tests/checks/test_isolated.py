"""A check that raises is one finding `unknown` with its traceback: the other checks still count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import chain, restored, verdict
from chaos.checks.check import Check
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged, JudgedRestore
from chaos.checks.shipped import SHIPPED
from chaos.checks.verdict import judge
from chaos.errors import Unreadable
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal
from chaos.record.redact import MASK, known
from chaos.record.store import RunDir
from chaos.reports.html import render
from chaos.spec.restore_experiment import RestoreExperiment
from tests.checks import drills
from tests.checks.synthetic import Night

PASSWORD = "Xq7!tz-09vbn"


@pytest.fixture(params=["a night", "a drill"])
def judged(request: pytest.FixtureRequest, tmp_path: Path) -> Judged:
    night = Night() if request.param == "a night" else drills.night()
    return Judged(*night.write(tmp_path))


@pytest.fixture
def secret() -> None:
    known.learn([PASSWORD])


def broken(name: str) -> tuple[Check[Judged], ...]:
    """The shipped checks, of which one raises."""

    def raises(_: Judged) -> list[Finding]:
        raise RuntimeError(f"no way to {PASSWORD}")

    return tuple(Check(name, raises) if check.name == name else check for check in SHIPPED)


def apart_from(name: str, findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check != name]


def test_every_finding_carries_the_name_of_its_check(judged: Judged) -> None:
    for check in SHIPPED:
        assert {finding.check for finding in check.findings(judged)} <= {check.name}


@pytest.mark.parametrize("name", [check.name for check in SHIPPED])
def test_a_check_that_raises_is_unknown_and_leaves_the_others_unchanged(name: str, judged: Judged) -> None:
    whole, found = judge(judged), judge(judged, broken(name))
    (finding,) = [each for each in found.findings if each.check == name]
    assert (found.exit_code, finding.outcome) == (3, Outcome.UNKNOWN)
    assert "RuntimeError: no way" in finding.because
    assert any("RuntimeError: no way" in reason for reason in found.reasons)
    objectives = "objectives"  # where nothing else was judged
    assert apart_from(objectives, apart_from(name, found.findings)) == apart_from(
        objectives, apart_from(name, whole.findings)
    )


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("name", ["availability", "effect", "loss", "instrument"])
def test_the_traceback_of_a_check_is_masked_in_the_verdict_and_the_report(name: str, judged: Judged) -> None:
    found = judge(judged, broken(name))
    for text in (json.dumps(found.to_json(), allow_nan=False), render(Journal(judged.journal.run), found)):
        assert "Traceback (most recent call last)" in text
        assert "in raises" in text
        assert PASSWORD not in text
    assert any(MASK in reason for reason in found.reasons)


@pytest.mark.parametrize("name", [check.name for check in restored.CHECKS])
def test_a_raising_check_of_a_restored_backup_is_unknown_too(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(_: JudgedRestore) -> list[Finding]:
        raise RuntimeError("no way")

    document = {"name": "restore", "title": "A restore", "restore": {}}
    (tmp_path / "run.json").write_text(json.dumps({"experiment": document, "target": {"name": "shop"}}))
    checks = tuple(Check(name, raises) if check.name == name else check for check in restored.CHECKS)
    monkeypatch.setattr(restored, "CHECKS", checks)
    journal = Journal(RunDir(tmp_path))
    found = restored.judge(JudgedRestore(RestoreExperiment.model_validate(document), journal))
    assert found.exit_code == 3
    assert "RuntimeError: no way" in next(each.because for each in found.findings if each.check == name)
    assert "in raises" in render(journal, found)


def test_a_violation_that_another_check_proves_stays_one(tmp_path: Path) -> None:
    night = Night(bad=[(30, 45, Hit.TIMEOUT)])
    found = judge(Judged(*night.write(tmp_path)), broken("latency"))
    assert found.exit_code == 1
    assert "Could not be judged: latency" in found.reasons


@pytest.mark.parametrize(("module", "part"), [(chain, "links"), (verdict, "figures")])
def test_a_failing_chain_or_figure_does_not_cost_the_verdict(
    module: Any, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, part, lambda *_: 1 / 0)
    judged = Judged(*Night().write(tmp_path))
    found = judge(judged)
    assert (found.exit_code, found.findings[-1].name) == (3, part)
    assert "ZeroDivisionError" in render(Journal(judged.journal.run), found)


@pytest.mark.parametrize(
    "file", ["hits.npy", "samples.jsonl", "instrument.jsonl", "readback.npy", "hits.json"]
)
def test_a_run_that_cannot_be_read_is_not_a_fault_of_a_check(file: str, tmp_path: Path) -> None:
    judged = Judged(*Night().write(tmp_path))
    (tmp_path / file).write_text("{broken")
    if file.endswith("jsonl"):
        (tmp_path / file).write_text('{"version": 99}\n')
    with pytest.raises(Unreadable):
        judge(judged)
