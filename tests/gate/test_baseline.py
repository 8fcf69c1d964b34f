"""The baseline is found before anything is played, and a missing one is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.errors import FileError, UsageError
from chaos.gate.baseline import Baseline, Wanted, find
from chaos.memory import open_index
from tests.gate.planted import gate, judged, played
from tests.memory.stored import Stored

MIDNIGHT: Wanted = ("midnight", "embedded", "hardened")
SMOKE: Wanted = ("smoke", "embedded", "hardened")


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.delenv("MIDNIGHT_DATABASE", raising=False)
    return tmp_path / "reports"


def found(reference: str, *wanted: Wanted, allow_partial: bool = False) -> list[Baseline]:
    return find(reference, wanted, open_index(pytest.fail), allow_partial=allow_partial)


def test_the_latest_pass_is_the_newest_whole_passing_run_of_the_same_kind(reports: Path) -> None:
    right = Stored(3, figures={"p99": 0.123}).write(reports)
    Stored(2).write(reports)
    Stored(4, verdict="fail").write(reports)
    Stored(5, profile="fragile").write(reports)
    Stored(6, target="staging").write(reports)
    Stored(7, experiment="smoke").write(reports)
    Stored(8, effects=("pass", "unknown")).write(reports)
    Stored(9, exit_code=5).write(reports)
    (baseline,) = found("latest-pass", MIDNIGHT)
    assert (baseline.source, baseline.figures["p99"]) == (f"run {right.id}", 0.123)
    (partial,) = found("latest-pass", MIDNIGHT, allow_partial=True)
    assert partial.source == f"run {Stored(8).id}"


def test_each_experiment_has_its_own_latest_pass_and_none_may_lack_it(reports: Path) -> None:
    Stored(1).write(reports)
    with pytest.raises(
        UsageError, match="no run of 'smoke' against embedded, profile hardened has passed yet"
    ):
        found("latest-pass", MIDNIGHT, SMOKE)
    Stored(2, experiment="smoke").write(reports)
    assert [each.experiment for each in found("latest-pass", SMOKE, MIDNIGHT)] == ["smoke", "midnight"]


def test_a_run_is_named_by_its_id_the_beginning_of_it_or_its_directory(reports: Path) -> None:
    run = Stored(1).write(reports)
    for reference in (run.id, run.id[:9], str(run.path)):
        assert found(reference, MIDNIGHT)[0].source == f"run {run.id}"


def test_a_file_kept_from_the_last_release_serves_after_its_run_has_gone(
    reports: Path, tmp_path: Path
) -> None:
    reports.mkdir()
    one = tmp_path / "verdict.json"
    one.write_text(json.dumps(Stored(1, figures={"p99": 0.7}).verdict_document()))
    assert found(str(one), MIDNIGHT)[0].figures["p99"] == 0.7
    whole = tmp_path / "gate.json"
    runs = judged(played()), judged(played(experiment="smoke", figures={"p99": 0.9}))
    whole.write_text(json.dumps(gate(*runs).to_json()))
    smoke, midnight = found(str(whole), SMOKE, MIDNIGHT)
    assert (smoke.figures["p99"], midnight.figures["p99"]) == (0.9, 0.1)
    assert smoke.source.endswith("of gate.json")


@pytest.mark.parametrize(
    ("reference", "message"),
    [("20260902", "holds no run of 'smoke'"), ("2026", "several"), ("zzz", "is no stored")],
)
def test_a_run_that_is_none_or_of_another_experiment_is_refused(
    reports: Path, reference: str, message: str
) -> None:
    Stored(1).write(reports)
    Stored(2).write(reports)
    with pytest.raises(UsageError, match=message):
        found(reference, SMOKE)


def test_a_run_without_a_verdict_is_no_baseline(reports: Path) -> None:
    for stored in (Stored(1, verdict="unknown"), Stored(2, verdict=None)):
        run = stored.write(reports)
        with pytest.raises(UsageError, match="no verdict that could be compared with"):
            found(run.id, MIDNIGHT)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind": "gate"}', '{"verdict": "pass"}', '{"runs": 3}'])
def test_a_file_that_is_no_verdict_is_refused_by_its_name(reports: Path, tmp_path: Path, text: str) -> None:
    reports.mkdir()
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(FileError, match=r"b\.json"):
        found(str(file), MIDNIGHT)


def test_a_baseline_of_another_profile_says_so(reports: Path) -> None:
    run = Stored(1, profile="fragile").write(reports)
    (baseline,) = found(run.id, MIDNIGHT)
    assert baseline.differs_from(MIDNIGHT) == "the baseline was played on profile fragile"
    assert baseline.differs_from(("midnight", "embedded", "fragile")) == ""
