"""Logs, effect, the instrument, steady state and completeness: each once pass, once fail, once unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks import completeness, effect, instrument, ledger, logs, steady
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import LENGTH, PLAY, STEP, Night, step_events

PASS, FAIL, UNKNOWN, IDLE = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED
FIRST_WRITE_OF_PLAY = 21  # the baseline's hundred hits hold twenty writes


def log(**changed: Any) -> dict[str, Any]:
    return {"complete": True, "expected": 600, "lost": 0, "doubled": 0, "dropped": 0, **changed}


@pytest.mark.parametrize(
    ("detail", "outcome"),
    [
        (log(), PASS),
        (log(lost=1), FAIL),
        (log(doubled=2), FAIL),
        (log(complete=False, because="a file was gone"), UNKNOWN),
        (log(expected=0), UNKNOWN),
        (None, UNKNOWN),
    ],
    ids=["whole", "lost", "doubled", "incomplete", "nothing written", "not read"],
)
def test_log_lines_are_judged_by_their_numbers(
    tmp_path: Path, detail: dict[str, Any] | None, outcome: Outcome
) -> None:
    assert Night(logs=detail).findings(tmp_path, logs.check)["lost_log_lines"].outcome is outcome


def test_lost_log_lines_without_a_limit_are_reported_only(tmp_path: Path) -> None:
    night = Night(logs=log(lost=7), changed={"limits": {}})
    found = night.findings(tmp_path, logs.check)["lost_log_lines"]
    assert (found.outcome, found.measured) == (IDLE, 7)
    unread = Night(logs=None, changed={"limits": {}}).findings(tmp_path / "unread", logs.check)
    assert "no `limits: {lost_log_lines: ...}` is set" in unread["lost_log_lines"].because
    stopped = Night(logs=None, changed={"limits": {}}, ended={"reason": "aborted", "because": "by SIGINT"})
    found = stopped.findings(tmp_path / "stopped", logs.check)["lost_log_lines"]
    assert found.because == "the run ended before the log lines were read"


WEAK = step_events("drop", *STEP, dose={"closed": 1.0})
GROUNDLESS = step_events("drop", *STEP, floor={})
UNPROVEN = step_events("drop", *STEP, unproven="nobody came this way")
SKIPPED = [Event(PLAY + 20, "step", "drop", "skipped", {"because": "not permitted"})]


@pytest.mark.parametrize(
    ("events", "outcome", "because"),
    [
        (step_events("drop", *STEP), PASS, "drop: effect proven: 4 closed (at least 2 needed)"),
        (WEAK, UNKNOWN, "drop: effect below its floor: 1 closed (at least 2 needed)"),
        (step_events("drop", *STEP, dose={}), UNKNOWN, "drop: effect below its floor: 0 closed (at least 2 needed)"),
        (GROUNDLESS, UNKNOWN, "drop: no floor stated, so nothing proves its effect"),
        (step_events("drop", *STEP)[:2], UNKNOWN, "drop: its dose was never recorded"),
        (step_events("drop", *STEP)[:3], UNKNOWN,
         "drop: not undone, though its effect was proven: 4 closed (at least 2 needed)"),
        (UNPROVEN, UNKNOWN, "drop: effect not proven: nobody came this way"),
        (SKIPPED, UNKNOWN, "drop: skipped: not permitted"),
        ([], UNKNOWN, "drop: never injected"),
    ],
    ids=["reached", "weak", "no dose", "no floor", "not held", "not undone", "unproven", "skipped", "never"],
)  # fmt: skip
def test_a_step_proves_its_effect_or_nothing_is_known(
    tmp_path: Path, events: list[Event], outcome: Outcome, because: str
) -> None:
    found = Night(steps=events).findings(tmp_path, effect.check)["drop"]
    assert (found.outcome, found.because) == (outcome, because)


def test_a_step_that_failed_is_unknown_regardless_of_its_dose(tmp_path: Path) -> None:
    failed = Event(PLAY + 21, "step", "drop", "failed", {"because": "refused"})
    found = Night(steps=[*step_events("drop", *STEP), failed]).findings(tmp_path, effect.check)["drop"]
    assert found.outcome is UNKNOWN


@pytest.mark.parametrize("events", [WEAK, UNPROVEN, SKIPPED], ids=["weak", "unproven", "skipped"])
def test_an_optional_step_without_effect_was_not_exercised(tmp_path: Path, events: list[Event]) -> None:
    night = Night(steps=events)
    night.changed["steps"] = [
        {"name": "drop", "fault": "idle_drop", "at": STEP[0], "hold": 5, "optional": True}
    ]
    assert night.findings(tmp_path, effect.check)["drop"].outcome is IDLE


def test_the_instrument_reports_its_own_figures(tmp_path: Path) -> None:
    found = Night(doubted=[(10, 12)]).findings(tmp_path, instrument.check)["lag"]
    assert (found.outcome, found.evidence["windows_in_doubt"], found.evidence["indeterminate"]) == (
        PASS,
        2,
        20,
    )


def test_the_finding_says_how_starved_the_instrument_was(tmp_path: Path) -> None:
    night = Night()
    night.steps.append(Event(1.0, "load", "load", "ready", {"priority": "nice -10"}))
    experiment, journal = night.write(tmp_path)
    text = journal.run.instrument.read_text().replace('"run_delay": 0.001', '"run_delay": 0.043', 1)
    journal.run.instrument.write_text(text)
    [found] = instrument.check(Judged(experiment, journal))
    assert found.because == (
        "worst lag 2 ms, longest wait for a CPU 43 ms in a window, priority nice -10; "
        "0 of 85 windows in doubt; 0 of 600 hits (0 %) indeterminate"
    )
    assert found.evidence["worst_run_delay"] == 0.043


def test_without_a_record_of_the_instrument_nothing_is_known(tmp_path: Path) -> None:
    night = Night(instrument_until=-PLAY)
    found = night.findings(tmp_path, instrument.check)["lag"]
    assert found.outcome is UNKNOWN


def test_a_run_delay_beyond_its_share_of_the_window_is_doubted(tmp_path: Path) -> None:
    experiment, journal = Night().write(tmp_path)
    text = journal.run.instrument.read_text().replace('"run_delay": 0.001', '"run_delay": 0.21', 1)
    journal.run.instrument.write_text(text)
    assert instrument.check(Judged(experiment, journal))[0].evidence["windows_in_doubt"] == 1


def test_a_baseline_that_was_not_steady_leaves_everything_unknown(tmp_path: Path) -> None:
    assert Night().findings(tmp_path / "well", steady.check)["baseline"].outcome is PASS
    unsteady = Night(baseline={"steady": False, "because": "p99 3 s", "p99": 3.0, "availability": 1.0})
    found = unsteady.findings(tmp_path / "unsteady", steady.check)["baseline"]
    assert (found.outcome, found.because) == (UNKNOWN, "no steady state: p99 3 s")
    assert Night(baseline=None).findings(tmp_path / "none", steady.check)["baseline"].outcome is UNKNOWN


@pytest.mark.parametrize(
    ("night", "because"),
    [
        (Night(ended=None), "the journal does not record the end of the run: it was killed"),
        (
            Night(ended={"reason": "aborted", "because": "signal"}),
            "the run did not complete: aborted (signal)",
        ),
        (Night(played=None), "there was no play"),
        (Night(played=30), "the play was cut short: 30 s of 1m"),
        (Night(load=False), "no hit was due in the play"),
        (
            Night(bad=[(-PLAY, LENGTH, Hit.REFUSED)]),
            "no hit was ever answered, not even in the baseline: the load never reached the target",
        ),
    ],
    ids=["killed", "aborted", "no play", "cut", "no hits", "never reached"],
)
def test_an_incomplete_run_is_unknown(tmp_path: Path, night: Night, because: str) -> None:
    found = night.findings(tmp_path, completeness.check)["run"]
    assert (found.outcome, found.because) == (UNKNOWN, because)


def test_a_run_played_to_its_end_is_complete(tmp_path: Path) -> None:
    assert Night().findings(tmp_path, completeness.check)["run"].outcome is PASS


def test_a_journal_with_damaged_lines_is_incomplete_unless_only_the_last_was_torn_by_a_kill(
    tmp_path: Path,
) -> None:
    experiment, journal = Night().write(tmp_path)
    with journal.run.events.open("a") as file:
        file.write('5\n{"at": 9, "sou')
    (found,) = completeness.check(Judged(experiment, journal))
    assert (found.outcome, found.because) == (UNKNOWN, "the journal has 1 damaged line")


def test_a_failed_undo_is_unknown_until_it_succeeds(tmp_path: Path) -> None:
    failed = Event(PLAY + LENGTH, "step", "drop", "undo failed", {"because": "planted"})
    later = Event(PLAY + LENGTH + 1, "step", "drop", "undone", {"evidence": {}})
    acted = step_events("drop", *STEP)
    (broken,) = completeness.check(Judged(*Night(steps=[*acted, failed]).write(tmp_path / "a")))
    (healed,) = completeness.check(Judged(*Night(steps=[*acted, failed, later]).write(tmp_path / "b")))
    assert (broken.outcome, broken.because) == (Outcome.UNKNOWN, "drop could not be undone: planted")
    assert healed.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("routes", "because"),
    [
        (
            {"read": {}, "write": {}, "other": {"ledger": {"key": "{seq}"}}},
            "no route of the load has a ledger",
        ),
        ({"read": {}, "write": {"ledger": {"key": "{seq}"}}}, "no write was due"),
        (None, "no write was due"),
    ],
)
def test_a_load_without_a_ledger_is_told_from_one_without_a_write(
    tmp_path: Path, routes: dict[str, Any] | None, because: str
) -> None:
    target = {"name": "reference"} if routes is None else {"name": "reference", "routes": routes}
    assert ledger.read_ledger(Night(load=False, target=target).write(tmp_path)[1]) == because
