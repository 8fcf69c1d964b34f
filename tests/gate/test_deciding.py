"""What a gate decides about its runs is kept with them, and pressing `retry` turns no red into green."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.gate.verdict import GateRun
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.plan.planned import Plan
from chaos.play import gating
from tests.history.stored import Stored
from tests.typed import exit_code

Gate = Callable[..., int]


@pytest.fixture
def reports(own_place: Path) -> Path:
    return own_place / "reports"


@pytest.fixture
def gate(reports: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """`midnight gate smoke`, with stored runs in place of played ones: `p50` is what each of them measures."""
    nights = iter(range(1, 100))

    def passed(*options: str, p50: float, verdict: str = "pass") -> int:
        def play(plan: Plan, *_: object, **__: object) -> GateRun:
            experiment, target, profile = plan.experiment.name, plan.target.name, plan.profile
            stored = Stored(
                next(nights),
                experiment=experiment,
                target=target,
                profile=profile,
                verdict=verdict,
                figures={"p50": p50},
            )
            run = stored.write(reports)
            document = stored.verdict_document()
            code = document["exit_code"]
            return GateRun(experiment, target, profile, code, document, run=run.id, path=run.path)

        monkeypatch.setattr(gating, "_play", play)
        monkeypatch.setattr(gating, "_is_aborted", lambda _: False)
        return exit_code("gate", "smoke", *options)

    return passed


def states() -> list[str | None]:
    found = open_index(pytest.fail).find(Query(experiment="smoke"))
    return [each.decision.state if each.decision else None for each in found]


BASELINE = ("--baseline", "latest-pass")


def test_a_refused_run_is_refused_again_when_it_is_tried_again(gate: Gate) -> None:
    assert [gate(p50=0.01) for _ in range(5)] == [0] * 5
    assert [gate(*BASELINE, p50=0.013) for _ in range(3)] == [1, 1, 1]
    assert gate(*BASELINE, p50=0.0102) == 0
    assert states() == ["passed"] * 5 + ["refused"] * 3 + ["passed"]


def test_a_run_worse_than_the_only_earlier_one_is_advisory_and_not_a_baseline(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    gate(p50=0.01)
    assert gate(*BASELINE, p50=0.9) == 0
    said = capsys.readouterr().out
    assert "advisory: p50 900 ms, baseline 10 ms" in said
    assert "does not count as a baseline: worse than the only run in it" in said
    assert gate(*BASELINE, "--baseline-strict", p50=0.9) == 1
    assert states() == ["passed", "worse", "refused"]


def test_the_json_is_the_whole_of_standard_output_and_of_the_file(
    gate: Gate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gate.json"
    assert gate("--json", "--json-file", str(file), p50=0.01) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["kind"], out) == ("gate", file.read_text())
    assert "gate PASS: smoke" in err


def test_a_violated_objective_refuses_regardless_of_the_baseline(gate: Gate) -> None:
    assert gate(p50=0.01, verdict="fail") == 1
    assert gate("--release", p50=0.01, verdict="fail") == 1
    assert states() == ["refused", "refused"]


def test_a_released_run_begins_a_new_baseline(gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        gate(p50=0.01)
    assert gate(*BASELINE, p50=0.02) == 1
    assert gate(*BASELINE, "--release", p50=0.02) == 0
    assert "the baseline now starts at run" in capsys.readouterr().out
    assert gate(*BASELINE, p50=0.021) == 0
    assert "smoke is compared with run 2026" in capsys.readouterr().err
    assert states()[5:] == ["refused", "released", "passed"]


def test_the_first_gate_of_all_can_be_a_release(gate: Gate) -> None:
    assert gate(*BASELINE, "--release", p50=0.01) == 0
    assert gate(*BASELINE, p50=0.01) == 0


def test_a_run_is_released_shown_and_withdrawn_by_hand(
    gate: Gate, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate(p50=0.01)
    gate(p50=0.01, verdict="fail")
    first, second = sorted(path.name for path in (reports / "smoke").iterdir())
    capsys.readouterr()
    assert exit_code("baseline", "set", second, "--because", "a new disk") == 0
    assert "the baseline of smoke on embedded, profile fragile starts here" in capsys.readouterr().out
    assert exit_code("baseline", "show", "smoke", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["run"], shown["state"], shown["because"]) == (second, "released", "a new disk")
    assert exit_code("baseline", "clear", second) == 0
    assert exit_code("baseline", "clear", second) == 2
    capsys.readouterr()
    assert exit_code("baseline", "show") == 0
    shown_text = capsys.readouterr().out
    assert first in shown_text and second not in shown_text


def test_a_run_without_a_verdict_cannot_be_released(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Stored(1, verdict="unknown").write(reports)
    assert exit_code("baseline", "set", run.id) == 2
    assert "needs a pass or fail verdict to be compared with, got unknown" in capsys.readouterr().err
    assert exit_code("baseline", "set", "nowhere") == 2
    assert exit_code("baseline", "clear", run.id) == 2


def test_an_empty_baseline_is_reported(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del reports
    assert exit_code("baseline", "show") == 0
    assert "no baseline yet" in capsys.readouterr().out


def test_a_decision_is_seen_and_made_on_another_machine(
    gate: Gate, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path / 'shared'}")
    gate(p50=0.01)
    gate(*BASELINE, "--baseline-strict", p50=0.9)
    accepted, refused = sorted(path.name for path in (reports / "smoke").iterdir())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(elsewhere))
    assert states() == ["passed", "refused"]
    assert exit_code("baseline", "set", refused) == 0
    assert exit_code("baseline", "clear", accepted) == 0
    assert states() == ["withdrawn", "released"]
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(reports))
    assert states() == ["withdrawn", "released"]
    open_index(pytest.fail).rebuild()
    assert states() == ["withdrawn", "released"], "the journals know nothing of it, and it is the later word"


def test_a_rebuilt_index_finds_the_decision_stored_with_a_run(gate: Gate, reports: Path) -> None:
    gate(p50=0.01)
    (reports / "index.sqlite").unlink()
    assert states() == ["passed"]


@pytest.mark.parametrize("text", ["", "[]", '{"state": "fine"}', '{"state": "passed", "at": "now"}', "{"])
def test_a_spoilt_decision_leaves_the_run_out_and_says_so(reports: Path, text: str) -> None:
    run = Stored(1).write(reports)
    run.decision.write_text(text)
    said: list[str] = []
    assert open_index(said.append).find(Query()) == []
    assert "skipped" in said[0]


def test_a_decision_that_cannot_be_recorded_is_reported_and_the_run_is_not_a_baseline(
    gate: Gate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("chaos.history.decision.write", full)
    assert gate(p50=0.01) == 0
    assert "could not record the gate's decision: No space left on device" in capsys.readouterr().err
    assert states() == [None]
