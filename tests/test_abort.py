"""Abort conditions: which hold, when they are proven, and what a file may say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.recovery import check as recovery
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event, Writer
from chaos.record.store import RunDir
from chaos.run.abort_watch import SoFar, first_proven
from chaos.spec.abort import TARGET_DOWN, in_effect
from chaos.spec.experiment import Experiment
from chaos.spec.rounds import Rounds
from tests.checks.synthetic import LENGTH, PLAY, Night, experiment_file

SLO = {"slo": "availability"}


def so_far(path: Path, night: Night, now: float, *conditions: dict[str, Any]) -> tuple[str, str] | None:
    """What is proven `now` seconds into the night's play, of which no end is written yet."""
    night.changed["abort"] = list(conditions)
    night.ended, night.readback, night.logs = None, None, None
    night.bad.append((now, LENGTH, Hit.UNSENT))
    night.instrument_until = now
    experiment, _ = night.write(path)
    run = RunDir(path)
    lines = [
        line for line in run.events.read_text().splitlines() if '"ended"' not in line or "baseline" in line
    ]
    run.events.write_text("\n".join(lines) + "\n")
    conditions_held = in_effect(experiment.abort, started_by_us=True)
    return first_proven(experiment, conditions_held, SoFar(run, PLAY + now))


def test_an_slo_that_can_no_longer_be_met_is_proven_and_says_why(tmp_path: Path) -> None:
    proven = so_far(tmp_path, Night(bad=[(20, 21, Hit.TIMEOUT)]), 30, SLO)  # 10 of 600 hits: 1 % is 6
    assert proven is not None
    name, because = proven
    assert name == "availability"
    assert "99 %" in because


def test_an_slo_that_the_rest_could_still_meet_is_not(tmp_path: Path) -> None:
    # 5 of 300 are bad so far, which is below 99 %; of the 600 that are due it is not
    assert so_far(tmp_path, Night(bad=[(20, 20.5, Hit.TIMEOUT)]), 30, SLO) is None


def test_the_hits_of_a_second_load_process_prove_a_condition_too(tmp_path: Path) -> None:
    night = Night(bad=[(20, LENGTH, Hit.REFUSED)])
    night.ended, night.readback, night.logs = None, None, None
    experiment, _ = night.write(tmp_path)
    run = RunDir(tmp_path)
    table, record = run.hits.rename(tmp_path / "second.npy"), run.instrument.rename(tmp_path / "second.jsonl")
    conditions = in_effect((), started_by_us=False)
    assert first_proven(experiment, conditions, SoFar(run, PLAY + 40)) is None
    proven = first_proven(experiment, conditions, SoFar(run, PLAY + 40, table, record))
    assert proven is not None and proven[0] == "target-down"


@pytest.mark.parametrize("rounds", [True, False])
def test_rounds_are_watched_beyond_their_planned_end_since_each_look_at_the_target_delays_them(
    tmp_path: Path, rounds: bool
) -> None:
    night = Night(due=[number / 10 for number in range(1600)], bad=[(LENGTH + 30, 160, Hit.REFUSED)])
    night.ended, night.readback, night.logs, night.instrument_until = None, None, None, 160
    experiment, _ = night.write(tmp_path)
    if rounds:
        load = experiment.load.model_copy(update={"rounds": Rounds(), "phases": ()})
        experiment = experiment.model_copy(update={"load": load})
    conditions = in_effect((), started_by_us=False)
    proven = first_proven(experiment, conditions, SoFar(RunDir(tmp_path), PLAY + 150))
    assert (proven is not None and proven[0] == "target-down") is rounds


def test_a_healthy_play_proves_no_condition(tmp_path: Path) -> None:
    everything = [{"check": "recovery"}, {"check": "loss"}, {"check": "effect"}, {"check": "completeness"}]
    assert so_far(tmp_path, Night(), 30, SLO, {"slo": "p99"}, {"slo": "pool"}, *everything) is None


def test_recovery_is_proven_once_an_outage_outlasts_its_limit_and_not_before(tmp_path: Path) -> None:
    down = [(23.0, LENGTH, Hit.REFUSED)]  # the limit is 15 s; the step ended at 22 s
    assert so_far(tmp_path / "before", Night(bad=[*down]), 36, {"check": "recovery"}) is None
    proven = so_far(tmp_path / "after", Night(bad=[*down]), 40, {"check": "recovery"})
    assert proven is not None
    assert proven[0] == "recovery"


def test_hits_still_to_come_are_neither_good_nor_bad(tmp_path: Path) -> None:
    night = Night()
    assert so_far(tmp_path, night, 30, SLO) is None
    (found, _) = recovery(
        Judged(Experiment.model_validate(experiment_file()), SoFar(RunDir(tmp_path), PLAY + 30))
    )
    assert found.outcome is Outcome.UNKNOWN


def test_an_objective_of_its_own_aborts_and_judges_nothing(tmp_path: Path) -> None:
    own = {"name": "half", "availability": "50%"}
    assert so_far(tmp_path / "fires", Night(bad=[(10, 50, Hit.RESET)]), 50, own) is not None
    assert so_far(tmp_path / "not", Night(bad=[(10, 30, Hit.RESET)]), 50, own) is None


def test_a_target_is_down_when_most_hits_of_ten_seconds_were_bad(tmp_path: Path) -> None:
    condition = TARGET_DOWN.model_dump(exclude_none=True)
    flapping: list[tuple[float, float, Hit]] = [(at, at + 4.5, Hit.RESET) for at in (10, 20, 30, 40)]
    assert so_far(tmp_path / "flapping", Night(bad=flapping), 50, condition) is None
    assert so_far(tmp_path / "soon", Night(bad=[(20, LENGTH, Hit.RESET)]), 25, condition) is None
    proven = so_far(tmp_path / "down", Night(bad=[(20, LENGTH, Hit.RESET)]), 31, condition)
    assert proven is not None
    assert proven[0] == "target-down"


def test_an_attached_target_that_is_down_aborts_the_run_unless_a_file_says_otherwise() -> None:
    assert in_effect((), started_by_us=True) == ()
    assert in_effect((), started_by_us=False) == (TARGET_DOWN,)
    off = Experiment.model_validate(experiment_file(abort=[{"name": "target-down", "off": True}]))
    assert in_effect(off.abort, started_by_us=False) == ()


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ({"slo": "speed"}, "no SLO 'speed' in this experiment"),
        ({"name": "x", "off": False}, "off"),
        ({"name": "x"}, "exactly one of"),
        ("availability", "valid dictionary"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(condition: object, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Experiment.model_validate(experiment_file(abort=[condition]))


def test_a_record_of_the_play_that_has_not_begun_proves_nothing(tmp_path: Path) -> None:
    writer = Writer(RunDir(tmp_path).events)
    writer.event(Event(0.0, "run", "run", "begun", {"utc": "", "boot": "", "monotonic": 0.0}))
    writer.close()
    experiment = Experiment.model_validate(experiment_file(abort=[SLO]))
    assert (
        first_proven(experiment, in_effect(experiment.abort, started_by_us=True), SoFar(RunDir(tmp_path), 5))
        is None
    )
