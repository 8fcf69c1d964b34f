"""The instrument's bound follows what is judged: a quarter of the shortest time, and never more than is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import bounds, instrument
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import availability, latency
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal
from chaos.spec.experiment import Experiment
from tests.checks.synthetic import PLAY, Night, approx, experiment_file

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
QUICK = {"name": "p99", "latency": {"percentile": 99, "below": 0.03}}
SHARE = {"name": "share", "latency": {"share": "99%", "below": 0.03}}
ALL = {"name": "all", "availability": "99%"}


def paused(place: Path, **changed: Any) -> tuple[Experiment, Journal]:
    """A healthy night with a pause of 40 ms of our own in two of its seconds: what was on its way then took 45 ms."""
    night = Night(slow=[(30, 32, 0.045)], changed=changed)
    experiment, journal = night.write(place)
    windows = [json.loads(line) for line in journal.run.instrument.read_text().splitlines()]
    for window in windows[1:]:
        if PLAY + 30 <= window["start"] < PLAY + 32:
            window["lag"] = 0.04
    journal.run.instrument.write_text("".join(json.dumps(window) + "\n" for window in windows))
    return experiment, Journal(journal.run)


@pytest.mark.parametrize("slo", [QUICK, SHARE], ids=["percentile", "share"])
def test_a_pause_of_the_instrument_does_not_fail_a_healthy_target(
    slo: dict[str, Any], tmp_path: Path
) -> None:
    experiment, journal = paused(tmp_path, slos=[slo])
    assert experiment.instrument.lag == 0.1, "the pause is well within it"
    [found] = latency.check(Judged(experiment, journal))
    assert (found.outcome, found.evidence["indeterminate"]) == (UNKNOWN, 20)


def test_a_slow_target_fails_where_we_were_punctual(tmp_path: Path) -> None:
    night = Night(slow=[(30, 32, 0.045)], changed={"slos": [QUICK]})
    assert night.findings(tmp_path, latency.check)["p99"].outcome is FAIL


def test_a_coarser_objective_is_not_in_doubt(tmp_path: Path) -> None:
    slow = {"name": "p99", "latency": {"percentile": 99, "below": 0.2}}
    experiment, journal = paused(tmp_path, slos=[QUICK, slow | {"name": "slow"}, ALL])
    by_name = {
        each.name: each
        for each in [
            *latency.check(Judged(experiment, journal)),
            *availability.check(Judged(experiment, journal)),
        ]
    }
    assert {name: each.outcome for name, each in by_name.items()} == {
        "p99": UNKNOWN,
        "slow": PASS,
        "all": PASS,
    }
    assert by_name["all"].evidence["indeterminate"] == 0


def test_a_timeout_is_a_threshold_too(tmp_path: Path) -> None:
    load = experiment_file()["load"] | {"timeout": 0.1}
    experiment, journal = paused(tmp_path, slos=[ALL], load=load)
    [found] = availability.check(Judged(experiment, journal))
    assert found.evidence["indeterminate"] == 20


def test_the_wait_for_a_processor_is_held_to_it_as_well(tmp_path: Path) -> None:
    experiment, journal = Night(changed={"slos": [QUICK]}).write(tmp_path)
    text = journal.run.instrument.read_text().replace('"run_delay": 0.001', '"run_delay": 0.008', 1)
    journal.run.instrument.write_text(text)
    assert instrument.check(Judged(experiment, Journal(journal.run)))[0].evidence["windows_in_doubt"] == 1


def test_the_finding_names_the_bound_and_the_objective_that_sets_it(tmp_path: Path) -> None:
    experiment, journal = paused(tmp_path, slos=[QUICK, ALL])
    [found] = instrument.check(Judged(experiment, journal))
    assert "2 of 85 windows in doubt (held to 7.5 ms, a quarter of 30 ms of p99)" in found.because
    assert "20 of 600 hits (3.333 %) indeterminate" in found.because
    assert found.allowed == approx(0.0075)


@pytest.mark.parametrize(
    ("below", "lag", "allowed", "beat"),
    [
        (2.0, "100ms", 0.1, 0.05),
        (0.03, "100ms", 0.0075, 0.00375),
        (0.03, "5ms", 0.005, 0.0025),
        (0.002, "5ms", 0.0005, 0.002),
    ],
)
def test_a_finer_objective_has_the_instrument_look_at_itself_more_often(
    below: float, lag: str, allowed: float, beat: float
) -> None:
    slo = {"name": "p99", "latency": {"percentile": 99, "below": below}}
    experiment = Experiment.model_validate(experiment_file(slos=[slo], instrument={"lag": lag}))
    assert bounds.strictest(experiment).lag == approx(allowed)
    assert bounds.beat(experiment) == approx(beat)


def window(start: float, lag: float) -> dict[str, float]:
    return {"start": start, "end": start + 1, "lag": lag, "run_delay": 0.0}


def test_the_account_of_the_baseline_says_how_punctual_the_machine_was() -> None:
    experiment = Experiment.model_validate(experiment_file(slos=[QUICK]))
    record = [window(0, 9.0), *(window(at, 0.002) for at in range(5, 10)), window(10, 0.02), window(20, 9.0)]
    own = bounds.account(experiment, record, 5.0, 11.0)
    assert (own.windows, own.in_doubt, own.worst_lag, own.usual_lag) == (6, 1, 0.02, 0.002)
    assert not own.unfit and "windows exceed the lag of 7.5 ms that the 30 ms of p99 allow" in own.said
    assert bounds.account(experiment, record, 10.0, 11.0).unfit
    assert bounds.account(experiment, record, 5.0, 9.5).said == ""


def test_a_hit_that_failed_during_a_pause_of_the_instrument_is_not_a_failure(tmp_path: Path) -> None:
    night = Night(bad=[(30, 32, Hit.TIMEOUT)], doubted=[(30, 32)], changed={"slos": [ALL]})
    assert night.findings(tmp_path, availability.check)["all"].outcome is UNKNOWN
