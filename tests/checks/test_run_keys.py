"""Rows of a run have keys of its own; a run stored before that has its numbers as keys, and is judged as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chaos.checks import lost_writes
from chaos.checks.account import ACKNOWLEDGED, UNKEYED, account
from chaos.checks.ledger import UNASKED, evidence_of, numbers, read_ledger
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from tests.reports.stored_run import write_run

APART = {"records": 40, "runs": 2, "named": ["a", "b"], "others": 3, "whole": True}


@pytest.mark.parametrize(("ledger", "base"), [({"base": 9_000_000, "marker": "x"}, 9_000_000), (None, 0)])
def test_keys_are_read_as_numbers_of_the_run(tmp_path: Path, ledger: object, base: int) -> None:
    run = RunDir(tmp_path)
    run.run_file.write_text(json.dumps({"ledger": ledger} if ledger else {}))
    assert numbers(Journal(run), [base + 1, base + 7]) == {1, 7}


def test_a_run_stored_before_is_judged_as_it_was_and_reports_no_other_runs(tmp_path: Path) -> None:
    ledger = read_ledger(Journal(write_run(tmp_path / "old")))
    assert not isinstance(ledger, str)
    found = lost_writes.judge(0, evidence_of(ledger))
    assert (found.measured, "apart" in found.evidence) == (3, False)
    assert "other run" not in found.because


def test_rows_of_other_runs_are_evidence_and_change_no_count(tmp_path: Path) -> None:
    run = write_run(tmp_path / "new")
    told = {"complete": True, "reads": 2, "because": "", "apart": APART, "cleanup": {"left": 0}}
    writer = Writer(run.healer_events)
    writer.event(Event(900.0, "run", "readback", "ended", told))
    writer.close()
    ledger = read_ledger(Journal(run))
    assert not isinstance(ledger, str)
    found = lost_writes.judge(0, evidence_of(ledger))
    assert (found.measured, found.evidence["apart"], found.evidence["cleanup"]) == (3, APART, {"left": 0})
    assert found.because.endswith("; 40 records of 2 other runs left aside; 3 records of others among them")


def test_a_write_acknowledged_under_no_known_key_has_a_row_of_its_own(tmp_path: Path) -> None:
    """So that the writes called acknowledged are those that the verdict counts."""
    ledger = read_ledger(Journal(write_run(tmp_path / "run")))
    assert not isinstance(ledger, str)
    assert [row["what"] for row in account(ledger)][:1] == [ACKNOWLEDGED]
    state = ledger.state.copy()
    state[np.flatnonzero(ledger.acknowledged)[:2]] = UNASKED
    rows = {row["what"]: row["writes"] for row in account(replace(ledger, state=state))}
    assert rows[UNKEYED] == 2
    assert rows[ACKNOWLEDGED] == evidence_of(replace(ledger, state=state))["acknowledged"]
