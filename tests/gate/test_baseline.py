"""The baseline is found before anything is played, and no run that a gate refused is ever taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.errors import FileError, UsageError
from chaos.gate.baseline import LAST, Baseline, NoBaseline, Wanted, find, named
from chaos.history.decision import State, decision
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.play.stored import ended
from chaos.undo.locks import hold_lock
from tests.gate.planted import gate, judged, played
from tests.history.stored import Stored

MIDNIGHT = Wanted("midnight", "embedded", "hardened")
SMOKE = Wanted("smoke", "embedded", "hardened")


@pytest.fixture
def reports(own_place: Path) -> Path:
    return own_place / "reports"


def passed(night: int, **changed: Any) -> Stored:
    return Stored(night, **{"decided": "passed", **changed})


def found(reference: str, *wanted: Wanted, allow_partial: bool = False) -> list[Baseline]:
    return find(reference, wanted, open_index(pytest.fail), ended, allow_partial=allow_partial)


def p99s(baseline: Baseline) -> list[float | None]:
    return [figures["p99"] for figures in baseline.past]


def test_every_comparable_run_whose_gate_passed_counts(reports: Path) -> None:
    for night in (1, 2, 3):
        passed(night, figures={"p99": night / 10}).write(reports)
    passed(5, profile="fragile").write(reports)
    passed(6, target="staging").write(reports)
    passed(7, experiment="smoke").write(reports)
    passed(8, effects=("pass", "unknown")).write(reports)
    (baseline,) = found("latest-pass", MIDNIGHT)
    assert p99s(baseline) == [0.1, 0.2, 0.3]
    left_out = "1 run left out: not every link exercised"
    assert baseline.shown == f"3 runs, the newest {Stored(3).id} ({left_out})"
    (partial,) = found("latest-pass", MIDNIGHT, allow_partial=True)
    assert partial.source == f"run {Stored(8).id}"


@pytest.mark.parametrize("decided", ["refused", "worse", "withdrawn", None])
def test_a_run_that_no_gate_passed_is_never_taken(reports: Path, decided: State | None) -> None:
    passed(1, figures={"p99": 0.1}).write(reports)
    Stored(2, figures={"p99": 9.0}, decided=decided).write(reports)
    assert p99s(found("latest-pass", MIDNIGHT)[0]) == [0.1]


def test_a_released_run_counts_and_what_lies_before_it_no_longer(reports: Path) -> None:
    passed(1, figures={"p99": 0.1}).write(reports)
    Stored(2, verdict="fail", figures={"p99": 0.5}, decided="released").write(reports)
    Stored(3, figures={"p99": 9.0}, decided="refused").write(reports)
    passed(4, figures={"p99": 0.6}).write(reports)
    passed(5, profile="fragile", figures={"p99": 0.7}).write(reports)
    assert p99s(found("latest-pass", MIDNIGHT)[0]) == [0.5, 0.6]


def test_the_release_that_was_made_last_is_the_beginning(reports: Path) -> None:
    for night in (1, 2, 3):
        Stored(night, figures={"p99": night / 10}, decided="released").write(reports)
    index = open_index(pytest.fail)
    (first,) = index.find(Query(run=Stored(1).id))
    index.decide(first, decision("released", "the tests"))
    assert p99s(found("latest-pass", MIDNIGHT)[0]) == [0.1, 0.2, 0.3]
    (second,) = index.find(Query(run=Stored(2).id))
    index.decide(second, decision("withdrawn", "the tests"))
    assert p99s(found("latest-pass", MIDNIGHT)[0]) == [0.1, 0.3]


HERE = replace(MIDNIGHT, play=None, machine="2 x Xeon, 8 GiB", midnight="1.2.0")


def machine(cpus: int = 2, cpu: str = "Xeon", midnight: str = "1.2.0") -> dict[str, Any]:
    return {
        "host": {"cpus": cpus, "cpu": cpu, "memory_bytes": 8 << 30},
        "versions": {"midnight": midnight},
    }


def test_runs_of_another_machine_or_another_midnight_are_left_out_and_counted(reports: Path) -> None:
    passed(1, about=machine()).write(reports)
    passed(2, about=machine(cpus=8)).write(reports)
    passed(3, about=machine(midnight="1.1.0")).write(reports)
    passed(4, about=machine(midnight="1.1.0")).write(reports)
    passed(5, about=machine(), seed=7).write(reports)
    (baseline,) = found("latest-pass", HERE)
    assert baseline.source == f"2 runs, the newest {Stored(5).id}"
    assert baseline.notes == (
        "1 run left out: another machine (8 x Xeon, 8 GiB)",
        "2 runs left out: midnight 1.1.0",
    )


def test_runs_of_another_load_or_other_steps_are_left_out(reports: Path) -> None:
    def about(rate: int) -> dict[str, Any]:
        return {"experiment": {"name": "midnight", "load": {"rate": rate}}, "plan": []}

    passed(1, about=about(30)).write(reports)
    run = passed(2, about=about(40)).write(reports)
    (entry,) = open_index(pytest.fail).find(Query(run=run.id))
    (baseline,) = found("latest-pass", replace(MIDNIGHT, play=entry.play))
    assert baseline.shown == f"run {run.id} (1 run left out: different load or steps)"


def test_the_newest_runs_are_enough(reports: Path) -> None:
    for night in range(LAST + 3):
        passed(night, figures={"p99": night / 100}).write(reports)
    assert p99s(found("latest-pass", MIDNIGHT)[0]) == [night / 100 for night in range(3, LAST + 3)]


def test_each_experiment_has_its_own_baseline_and_none_may_lack_it(reports: Path) -> None:
    passed(1).write(reports)
    Stored(1, experiment="smoke").write(reports)
    message = (
        "no comparable run of 'smoke' against embedded, profile hardened has passed a gate yet; run the gate"
    )
    with pytest.raises(NoBaseline, match=message):
        found("latest-pass", MIDNIGHT, SMOKE)
    passed(2, experiment="smoke").write(reports)
    assert [each.experiment for each in found("latest-pass", SMOKE, MIDNIGHT)] == ["smoke", "midnight"]


def test_the_reason_that_kept_every_run_from_counting_is_reported(reports: Path) -> None:
    passed(1, about=machine(cpus=8)).write(reports)
    with pytest.raises(NoBaseline, match=r"left out: 1 with another machine \(8 x Xeon, 8 GiB\)"):
        found("latest-pass", HERE)


def test_a_run_is_named_as_in_every_command(reports: Path, tmp_path: Path) -> None:
    run = Stored(1).write(reports)
    for reference in (run.id, run.id[:9], run.id[-6:], str(run.path), "latest", "latest:midnight"):
        assert found(reference, MIDNIGHT)[0].source == f"run {run.id}"
    kept = Stored(2, figures={"p99": 0.7}).write(tmp_path / "kept")
    assert p99s(found(str(kept.path), MIDNIGHT)[0]) == [0.7]


def test_the_latest_run_is_the_newest_that_has_ended(reports: Path) -> None:
    old, new = (Stored(night).write(reports) for night in (1, 2))
    smoke = Stored(3, experiment="smoke").write(reports)
    with hold_lock(new):
        assert found("latest:midnight", MIDNIGHT)[0].source == f"run {old.id}"
        with pytest.raises(UsageError, match=f"run {new.id} is in progress"):
            found(new.id, MIDNIGHT)
    assert found("latest", SMOKE)[0].source == f"run {smoke.id}"
    with pytest.raises(UsageError, match="not of 'midnight'; name one: latest:midnight"):
        found("latest", MIDNIGHT)


@pytest.mark.usefixtures("reports")
def test_a_misspelt_file_is_not_only_called_a_run() -> None:
    with pytest.raises(UsageError, match=r"--baseline gate\.json: no such file, and run 'gate\.json' is not"):
        found("gate.json", MIDNIGHT)


@pytest.mark.usefixtures("reports")
def test_a_run_outside_the_reports_cannot_be_made_a_baseline(tmp_path: Path) -> None:
    kept = Stored(2).write(tmp_path / "kept")
    index = open_index(pytest.fail)
    with pytest.raises(UsageError, match="so it cannot count as a baseline"):
        index.decide(named(str(kept.path), index, ended), decision("released", "the tests"))


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        ("refused", "was refused by its gate; to release it: midnight baseline set 2026"),
        ("withdrawn", "was withdrawn"),
        ("worse", "was worse than its baseline"),
    ],
)
def test_a_refused_run_is_not_a_baseline_by_any_name_until_it_is_released(
    reports: Path, decided: State, words: str
) -> None:
    run = Stored(1, decided=decided).write(reports)
    for reference in (run.id, str(run.path)):
        with pytest.raises(UsageError, match=words):
            found(reference, MIDNIGHT)
    with pytest.raises(FileError, match=f"to release it: midnight baseline set {run.id}"):
        found(str(run.verdict), MIDNIGHT)
    index = open_index(pytest.fail)
    (entry,) = index.find(Query(run=run.id))
    index.decide(entry, decision("released", "the tests"))
    for reference in (run.id, str(run.verdict)):
        assert len(found(reference, MIDNIGHT)[0].past) == 1


def test_a_file_kept_from_the_last_release_serves_after_its_run_has_gone(
    reports: Path, tmp_path: Path
) -> None:
    reports.mkdir()
    one = tmp_path / "verdict.json"
    one.write_text(json.dumps(Stored(1, figures={"p99": 0.7}).verdict_document()))
    assert p99s(found(str(one), MIDNIGHT)[0]) == [0.7]
    whole = tmp_path / "gate.json"
    runs = judged(played()), judged(played(experiment="smoke", figures={"p99": 0.9}))
    whole.write_text(json.dumps(gate(*runs).to_json()))
    smoke, midnight = found(str(whole), SMOKE, MIDNIGHT)
    assert (p99s(smoke), p99s(midnight)) == ([0.9], [0.1])
    assert smoke.source.endswith("of gate.json")


def test_a_file_kept_from_release_to_release_remembers_those_before(reports: Path, tmp_path: Path) -> None:
    reports.mkdir()
    file = tmp_path / "gate.json"
    file.write_text(json.dumps(gate(judged(played(figures={"p99": 0.1}))).to_json()))
    for release in (0.2, None):
        (baseline,) = found(str(file), MIDNIGHT)
        run = judged(played(figures={"p99": release}), baseline)
        file.write_text(json.dumps(gate(replace(run, exit_code=0)).to_json()))
    (baseline,) = found(str(file), MIDNIGHT)
    assert p99s(baseline) == [0.1, 0.2, float("inf")]
    assert "and 2 runs before it, of gate.json" in baseline.source


def test_the_file_of_a_gate_that_refused_is_not_a_baseline(reports: Path, tmp_path: Path) -> None:
    reports.mkdir()
    file = tmp_path / "gate.json"
    file.write_text(json.dumps(gate(judged(played()), judged(played(verdict="fail"))).to_json()))
    with pytest.raises(FileError, match=r"gate\.json: that gate ended with 1"):
        found(str(file), MIDNIGHT)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("20260902", "is a run of 'midnight', not of 'smoke'"),
        ("2026", "several"),
        ("zzz", "is not a stored run"),
    ],
)
def test_a_run_that_is_none_or_of_another_experiment_is_refused(
    reports: Path, reference: str, message: str
) -> None:
    Stored(1).write(reports)
    Stored(2).write(reports)
    with pytest.raises(UsageError, match=message):
        found(reference, SMOKE)


def test_a_run_without_a_verdict_is_not_a_baseline(reports: Path) -> None:
    for stored in (Stored(1, verdict="unknown"), Stored(2, verdict=None)):
        run = stored.write(reports)
        with pytest.raises(UsageError, match="needs a pass or fail verdict"):
            found(run.id, MIDNIGHT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"kind": "gate"}',
        '{"verdict": "pass"}',
        '{"runs": 3}',
        '{"kind": "gate", "exit_code": 0}',
    ],
)
def test_a_file_that_is_not_a_verdict_is_refused_by_its_name(
    reports: Path, tmp_path: Path, text: str
) -> None:
    reports.mkdir()
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(FileError, match=r"b\.json"):
        found(str(file), MIDNIGHT)


def test_a_named_baseline_of_another_profile_or_machine_is_compared_and_says_so(reports: Path) -> None:
    run = Stored(1, profile="fragile", about=machine(cpus=8)).write(reports)
    (baseline,) = found(run.id, HERE)
    assert baseline.notes == ("played on profile fragile", "it has another machine (8 x Xeon, 8 GiB)")
    assert found(run.id, Wanted("midnight", "embedded", "fragile"))[0].notes == ()


@pytest.mark.parametrize(("seed", "memory"), [(1, 2000.0), (2, None)])
def test_memory_is_compared_with_a_run_of_the_same_seed_alone(
    reports: Path, seed: int, memory: float | None
) -> None:
    run = passed(1, figures={"p99": 0.1, "memory_per_request": 2000.0}).write(reports)
    wanted = replace(MIDNIGHT, seed=seed)
    baselines = [*found("latest-pass", wanted), *found(run.id, wanted), *found(str(run.verdict), wanted)]
    assert [each.past[-1].get("memory_per_request") for each in baselines] == [memory] * 3
    assert [p99s(each) for each in baselines] == [[0.1]] * 3
