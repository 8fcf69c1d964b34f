"""The projection is a finding of its own: it fails a run, and saves none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.drill.projection import check
from chaos.checks.finding import Outcome
from chaos.checks.judged import JudgedRestore
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.spec.experiment import Budget
from chaos.spec.restore_experiment import Restore, RestoreExperiment

STATED = {"size": 10**9, "wal_rate": 1000, "backup_age": 3600, "archive_interval": 60, "upload_lag": 5}
THROUGHPUTS = {"restore_throughput": 10**8, "replay_throughput": 10**8}
POINTS = [{"bytes": n * 10**8, "seconds": 1.0 + n} for n in range(1, 6)]


EXPERIMENT = RestoreExperiment(
    name="restore", title="A restore", restore=Restore(), budget=Budget(rto=30, rpo=120)
)


def outcomes(
    place: Path, production: dict[str, Any] | None, *events: tuple[str, str, dict[str, Any]]
) -> dict[str, Any]:
    run = RunDir(place)
    run.run_file.write_text(json.dumps({"target": {"production": production}}))
    writer = Writer(run.events)
    for at, (source, name, detail) in enumerate(events):
        writer.event(Event(float(at), source, name, "ended", detail))
    writer.close()
    return {finding.name: finding for finding in check(JudgedRestore(EXPERIMENT, Journal(run)))}


RESTORED = ("measure", "restore", {"restores": POINTS})


def test_a_target_without_production_has_no_finding(tmp_path: Path) -> None:
    assert outcomes(tmp_path, None, RESTORED) == {}


def test_parts_add_up_and_are_held_against_the_budget(tmp_path: Path) -> None:
    spans = [("runbook", "detect", {"seconds": 4.0}), ("runbook", "restore", {"seconds": 2.0})]
    paging = ("runbook", "paging", {"seconds": 10.0, "assumed": True})
    found = outcomes(tmp_path, STATED | THROUGHPUTS, RESTORED, *spans, paging)
    rto, rpo = found["projected_rto"], found["projected_rpo"]
    assert rto.measured == pytest.approx(4 + 10 + 10 + 0.036)
    assert rto.outcome is Outcome.PASS
    assert "paging 10 s assumed" in rto.because
    assert (rpo.measured, rpo.outcome) == (65.0, Outcome.PASS)


def test_a_projection_beyond_the_budget_fails(tmp_path: Path) -> None:
    slow = STATED | THROUGHPUTS | {"size": 10**12, "archive_interval": 3600}
    assert {f.outcome for f in outcomes(tmp_path, slow, RESTORED).values()} == {Outcome.FAIL}


def test_an_interval_across_the_budget_decides_nothing(tmp_path: Path) -> None:
    scattered = [{**point, "seconds": point["seconds"] + 0.3 * (-1) ** n} for n, point in enumerate(POINTS)]
    measured = ("measure", "restore", {"restores": scattered})
    stated = STATED | {"replay_throughput": 10**8, "size": 28 * 10**8}
    assert outcomes(tmp_path, stated, measured)["projected_rto"].outcome is Outcome.UNKNOWN


def test_a_projection_without_its_inputs_is_not_exercised_and_names_them(tmp_path: Path) -> None:
    rto = outcomes(tmp_path, STATED, ("measure", "restore", {"restores": POINTS[:4]}))["projected_rto"]
    assert rto.outcome is Outcome.NOT_EXERCISED
    assert "cannot be projected without `production.restore_throughput`: 4 measured" in rto.because


@pytest.mark.parametrize("step", ["restore", "recover", "copy", "replay"])
def test_a_restore_with_stated_throughputs_is_projected_without_measurements(
    tmp_path: Path, step: str
) -> None:
    spans = [("runbook", "detect", {"seconds": 4.0}), ("runbook", step, {"seconds": 2.0})]
    found = outcomes(tmp_path, STATED | THROUGHPUTS | {"replication_lag": 2.0}, *spans)
    assert found["projected_rto"].measured == pytest.approx(4 + 10 + 0.036)
    assert found["projected_rpo"].measured == 65.0


def test_a_restore_with_neither_throughputs_nor_measurements_is_not_exercised(tmp_path: Path) -> None:
    rto = outcomes(tmp_path, STATED, ("runbook", "restore", {"seconds": 2.0}))["projected_rto"]
    assert rto.outcome is Outcome.NOT_EXERCISED
    assert "cannot be projected without `production.restore_throughput`: 0 measured" in rto.because


def test_a_failover_is_projected_from_its_spans_and_the_replication_lag(tmp_path: Path) -> None:
    found = outcomes(tmp_path, {"replication_lag": 2.0}, ("runbook", "promote", {"seconds": 1.5}))
    assert found["projected_rto"].measured == 1.5
    assert found["projected_rpo"].measured == 2.0
