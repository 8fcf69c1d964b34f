"""What the command refuses before anything is played, and how a gate goes on after a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run as judge_stored
from chaos.gate.verdict import GateRun
from chaos.play import gating
from chaos.record import store
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event, Writer
from tests.checks.synthetic import Night
from tests.gate.planted import gate, judged, played
from tests.typed import refusal

pytestmark = pytest.mark.usefixtures("own_place")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    said = refusal(capsys, "gate", *arguments)
    assert not list(store.reports_dir().glob("*/*/run.json"))
    return said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["nothing"], "no file 'nothing'"),
        (["smoke", "smoke"], "duplicate experiment 'smoke'"),
        (["smoke", "--profile", "nothing"], "nothing"),
        (["smoke", "--baseline", "latest-pass"], "has passed a gate yet"),
        (["smoke", "--baseline", "20260101"], "not a stored run"),
        (["smoke", "--tolerance", "p99=fast"], "--tolerance p99=fast"),
        (["smoke", "--require-drill-within", "soon"], "'soon'"),
        (["smoke", "--junit-file", "/nowhere/at/all.xml"], "cannot write there"),
        (["smoke", "--slo", "/nowhere.yaml"], "nowhere.yaml"),
        (["smoke", "--baseline-strict"], "requires --baseline"),
        (["smoke", "--baseline", "latest-pass", "--release", "--baseline-strict"], "excludes --release"),
        (["smoke", "--flaky-retries", "3"], "No such option"),
    ],
)
def test_a_wrong_argument_is_refused_with_2_before_the_play(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in refused(capsys, *arguments)


def test_slos_that_ask_a_prometheus_need_a_target_that_names_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text("slos: [{name: cpu, promql: up, above: 0}]\n")
    said = refused(capsys, "smoke", "--slo", str(file))
    assert "SLO 'cpu' queries a Prometheus, and target 'embedded' names none" in said


def test_a_database_that_cannot_be_queried_for_drills_is_reported_before_the_play(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", "postgresql://127.0.0.1:1/none")
    assert "MIDNIGHT_DATABASE" in refused(capsys, "smoke", "--require-drill-within", "31d")


def test_on_a_halted_machine_nothing_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    store.halt_file().parent.mkdir(parents=True)
    store.halt_file().touch()
    assert "halted" in refused(capsys, "smoke")


def test_every_requested_file_is_written(own_place: Path) -> None:
    files = gating.Outputs(own_place / "gate.xml", own_place / "gate.md", own_place / "gate.json")
    files.check()
    files.write(gate(judged(played())))
    assert (own_place / "gate.xml").read_text().startswith("<?xml")
    assert (own_place / "gate.md").read_text().startswith("## midnight gate: PASS")
    assert json.loads((own_place / "gate.json").read_text())["exit_code"] == 0


@pytest.mark.parametrize(
    ("exit_code", "reason", "over"),
    [
        (0, "completed", False),
        (1, "completed", False),
        (1, "aborted", True),
        (4, "aborted", True),
        (6, "completed", True),
    ],
)
def test_an_abort_ends_the_gate_even_where_a_violation_hides_it(
    own_place: Path, exit_code: int, reason: str, over: bool
) -> None:
    writer = Writer(store.RunDir(own_place).events)
    writer.event(Event(1.0, "run", "run", "ended", {"reason": reason, "because": ""}))
    writer.close()
    run = GateRun("midnight", "embedded", None, exit_code, path=own_place)
    assert gating._ends_the_gate(run) is over


STRICT, LENIENT = (
    f"slos: [{{name: availability, availability: {share}}}]\nlimits: {{}}\n" for share in ("99.9%", "50%")
)


def stored(own_place: Path, exit_code: int, reason: str = "completed") -> GateRun:
    """A run of which 99.166 % of the hits were good."""
    night = Night(bad=[(40, 40.5, Hit.TIMEOUT)], ended={"reason": reason, "because": ""})
    run = night.write(own_place / "run")[1].run
    return GateRun("night", "reference", "fragile", exit_code, judge_stored(run).to_json(), path=run.path)


@pytest.mark.parametrize(
    ("objectives", "ended", "reason", "code"),
    [
        (STRICT, 0, "completed", 1),
        (LENIENT, 0, "completed", 0),
        (LENIENT, 1, "completed", 0),
        (LENIENT, 5, "completed", 5),
        (LENIENT, 1, "aborted", 4),
        (STRICT, 6, "completed", 6),
    ],
)
def test_objectives_of_a_file_replace_the_runs_own_and_not_how_it_ended(
    own_place: Path, objectives: str, ended: int, reason: str, code: int
) -> None:
    file = own_place / "slo.yaml"
    file.write_text(objectives)
    found = gating.judged_by(file, stored(own_place, ended, reason))
    assert found.exit_code == code
    assert found.verdict is not None
    assert {finding["check"] for finding in found.verdict["findings"]}.isdisjoint({"latency", "pool"})
    assert judged(found).exit_code == code
