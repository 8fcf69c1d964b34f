"""Loss: acknowledged writes that are missing or changed afterwards, and how old they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.checks import ledger, loss
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.record import stored_hits
from chaos.record.hits import Outcome as Hit
from tests.checks.synthetic import LENGTH, PLAY, Night, approx

PASS, FAIL, UNKNOWN, IDLE = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED
FIRST_WRITE_OF_PLAY = 21  # the baseline's hundred hits hold twenty writes


def test_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    found = Night().findings(tmp_path, loss.check)
    assert (found["lost_writes"].outcome, found["lost_writes"].measured) == (PASS, 0)
    assert found["lost_writes"].because == "0 of 140 acknowledged writes lost, 0 allowed"
    assert found["rpo"].outcome is IDLE
    assert "not evidence" in found["rpo"].because


@pytest.mark.parametrize(
    "night", [Night(missing=(FIRST_WRITE_OF_PLAY,)), Night(different=(FIRST_WRITE_OF_PLAY,))]
)
def test_a_single_missing_or_changed_acknowledged_write_fails(tmp_path: Path, night: Night) -> None:
    found = night.findings(tmp_path, loss.check)["lost_writes"]
    assert (found.outcome, found.measured, found.evidence["first_lost"]) == (FAIL, 1, [FIRST_WRITE_OF_PLAY])


@pytest.mark.parametrize("piece", [7, 1 << 16])
def test_the_order_of_the_targets_records_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(stored_hits, "PIECE", piece)
    monkeypatch.setattr(ledger, "PIECE", piece)
    experiment, journal = Night(missing=(3, 50), different=(9,)).write(tmp_path)
    in_order = loss.check(Judged(experiment, journal))
    rows = np.load(journal.run.readback)
    np.save(journal.run.readback, rows[np.random.default_rng(1).permutation(len(rows))])
    assert loss.check(Judged(experiment, journal)) == in_order
    np.save(journal.run.readback, np.delete(rows, 60))
    assert "lacks some of the writes" in loss.check(Judged(experiment, journal))[0].because


def test_lost_writes_are_reported_with_the_span_of_their_ages(tmp_path: Path) -> None:
    night = Night(
        missing=(FIRST_WRITE_OF_PLAY, FIRST_WRITE_OF_PLAY + 2), different=(FIRST_WRITE_OF_PLAY + 4,)
    )
    evidence = night.findings(tmp_path / "lost", loss.check)["lost_writes"].evidence
    assert (evidence["oldest_lost"], evidence["newest_lost"]) == (approx(PLAY + 0.01), approx(PLAY + 2.01))
    evidence = Night().findings(tmp_path / "none", loss.check)["lost_writes"].evidence
    assert (evidence["oldest_lost"], evidence["newest_lost"]) == (None, None)


def test_a_write_stored_twice_is_reported_and_not_lost(tmp_path: Path) -> None:
    night = Night(bad=[(0, 0.1, Hit.TIMEOUT)], doubled=(FIRST_WRITE_OF_PLAY, FIRST_WRITE_OF_PLAY + 1))
    found = night.findings(tmp_path, loss.check)["lost_writes"]
    assert (found.outcome, found.evidence["doubled"], found.evidence["timed_out_present"]) == (PASS, 2, 1)
    assert "2 stored more than once" in found.because


def test_a_write_of_the_baseline_counts_too(tmp_path: Path) -> None:
    assert Night(missing=(1,)).findings(tmp_path, loss.check)["lost_writes"].outcome is FAIL


def test_a_timed_out_write_counts_neither_way_and_is_listed_apart(tmp_path: Path) -> None:
    night = Night(bad=[(0, 5, Hit.TIMEOUT)], missing=(FIRST_WRITE_OF_PLAY,))
    found = night.findings(tmp_path, loss.check)["lost_writes"]
    assert found.outcome is PASS
    assert (found.evidence["timed_out_present"], found.evidence["timed_out_missing"]) == (9, 1)


def test_rpo_reaches_back_from_the_first_outage_to_the_oldest_missing_write(tmp_path: Path) -> None:
    night = Night(bad=[(20, 25, Hit.REFUSED)], missing=(FIRST_WRITE_OF_PLAY,))
    night.changed["budget"] = {"rto": 900, "rpo": 10}
    found = night.findings(tmp_path, loss.check)["rpo"]
    assert (found.outcome, found.measured) == (FAIL, approx(20 - 0.01))
    night.changed["budget"] = {"rto": 900, "rpo": 21}
    assert night.findings(tmp_path / "kept", loss.check)["rpo"].outcome is PASS


def test_without_an_outage_rpo_reaches_back_from_the_end_of_the_play(tmp_path: Path) -> None:
    found = Night(missing=(FIRST_WRITE_OF_PLAY,)).findings(tmp_path, loss.check)["rpo"]
    assert found.measured == approx(LENGTH - 0.01)


@pytest.mark.parametrize(
    "night",
    [
        Night(readback=None),
        Night(readback={"complete": False, "reads": 5, "because": "no two reads agreed"}),
        Night(bad=[(-PLAY, LENGTH, Hit.TIMEOUT)]),
        Night(load=False),
    ],
    ids=["not read", "incomplete", "nothing acknowledged", "no hits"],
)
def test_loss_is_unknown_without_a_complete_account(tmp_path: Path, night: Night) -> None:
    found = night.findings(tmp_path, loss.check)
    assert {finding.outcome for finding in found.values()} == {UNKNOWN}


def test_a_read_back_without_a_row_for_every_write_is_incomplete(tmp_path: Path) -> None:
    experiment, journal = Night().write(tmp_path)
    rows = np.load(journal.run.readback)
    np.save(journal.run.readback, rows[:-1])
    assert {finding.outcome for finding in loss.check(Judged(experiment, journal))} == {UNKNOWN}


def test_records_that_the_run_did_not_write_are_counted(tmp_path: Path) -> None:
    experiment, journal = Night().write(tmp_path)
    rows = np.load(journal.run.readback)
    foreign = np.array([(9999, 3)], dtype=rows.dtype)
    np.save(journal.run.readback, np.concatenate([rows, foreign]))
    found = loss.check(Judged(experiment, journal))[0]
    assert (found.outcome, found.evidence["never_due_present"]) == (PASS, 1)
