"""The verdict: the worst finding, in one honest line. A night that proves nothing is never green."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.check import Check
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.judged import Judged
from chaos.checks.verdict import Verdict, judge
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event, Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment
from tests.checks.synthetic import LENGTH, PLAY, STEP, Night, approx, experiment_file, step_events

OPTIONAL = [{"name": "drop", "fault": "idle_drop", "at": STEP[0], "hold": 5, "optional": True}]
WEAK = step_events("drop", *STEP, dose={"closed": 1.0})
DISK = ("volume:data", "sync_wait")


def verdict(path: Path, night: Night) -> Verdict:
    return judge(Judged(*night.write(path)))


def test_a_healthy_night_passes_and_says_what_was_not_exercised(tmp_path: Path) -> None:
    found = verdict(tmp_path, Night())
    assert (found.outcome, found.exit_code) == (Outcome.PASS, 0)
    assert found.headline == (
        "PASS: 600 of 600 requests were answered well; there was no outage; "
        "none of 140 acknowledged writes was lost; 0 of 600 log lines lost, 0 doubled, 0 allowed."
    )
    assert found.reasons == (
        "availability 100 % ≥ 99 % (600 of 600 requests good)",
        "p99 10 ms ≤ 2 s",
        "0 of 140 acknowledged writes lost, 0 allowed",
        "pool in use 5 % before and 5 % after the faults (80 % allowed), "
        "0 waits timed out then (0 allowed), up to 5 % during them",
        "0 of 600 log lines lost, 0 doubled, 0 allowed",
        "Not tested: recovery, rto, rpo",
    )


def test_a_broken_night_fails_and_says_what_broke_first(tmp_path: Path) -> None:
    found = verdict(tmp_path, Night(bad=[(22, 40, Hit.TIMEOUT)], gauges={DISK: [(20, 30, 0.3)]}))
    assert (found.outcome, found.exit_code) == (Outcome.FAIL, 1)
    assert found.headline.startswith("FAIL: for 18 s of 1m the service did not answer as it should; ")
    assert found.reasons[:2] == (
        "availability 70 % < 99 % (420 of 600 requests good)",
        "p99 > 2 s: 180 of 600 requests were bad, which counts as infinitely slow",
    )
    first = next(each for each in found.reasons if each.startswith("Broke first"))
    assert "disk I/O rises (20 s into the play: a sync on volume:data 300 ms" in first


def test_the_headline_is_one_line_regardless_of_what_it_quotes(tmp_path: Path) -> None:
    found = verdict(tmp_path, Night(readback={"complete": False, "because": "first\nsecond"}))
    assert "the read-back is incomplete: first second" in found.headline


def test_an_optional_step_without_effect_is_named_in_the_headline(tmp_path: Path) -> None:
    found = verdict(tmp_path, Night(changed={"steps": OPTIONAL}, steps=WEAK))
    assert found.exit_code == 0
    assert found.headline.startswith("PARTIAL: passed, but drop had no effect, so it proves little; ")
    assert found.reasons[-1] == "Not tested: recovery, rto, rpo, drop"


PROVES_NOTHING: dict[str, Night] = {
    "no hits": Night(load=False),
    "nothing answered": Night(bad=[(-PLAY, LENGTH, Hit.REFUSED)]),
    "nothing acknowledged": Night(changed={"slos": []}, bad=[(-PLAY, LENGTH, Hit.BAD_STATUS)]),
    "no play": Night(played=None),
    "no baseline": Night(baseline=None),
    "no steady state": Night(baseline={"steady": False, "because": "p99 3 s"}),
    "read-back incomplete": Night(readback={"complete": False, "because": "the target was gone"}),
    "not read back": Night(readback=None),
    "step skipped": Night(steps=[Event(PLAY + 20, "step", "drop", "skipped", {"because": "no"})]),
    "step never begun": Night(steps=[]),
    "fault under its floor": Night(steps=WEAK),
    "step not undone": Night(steps=step_events("drop", *STEP)[:3]),
    "no instrument": Night(instrument_until=-PLAY),
    "load process died": Night(bad=[(50, 60, Hit.UNSENT)], instrument_until=50),
    "no samples": Night(sampled=False),
    "logs not read": Night(logs=None),
    "killed": Night(ended=None),
    "aborted": Night(ended={"reason": "aborted", "because": "signal"}),
    "cut short": Night(played=30),
    "no objective": Night(changed={"slos": [], "limits": {}}),
    "observation ended before recovery": Night(bad=[(52, 60, Hit.REFUSED)]),
}


@pytest.mark.parametrize("night", PROVES_NOTHING.values(), ids=PROVES_NOTHING.keys())
def test_a_night_that_proves_nothing_is_never_green(tmp_path: Path, night: Night) -> None:
    found = verdict(tmp_path, night)
    assert found.outcome is not Outcome.PASS
    assert found.exit_code in (1, 3)


@pytest.mark.parametrize("name", ["no hits", "nothing answered", "no instrument", "killed", "no objective"])
def test_a_night_that_proves_nothing_is_unknown_and_not_a_failure(tmp_path: Path, name: str) -> None:
    found = verdict(tmp_path, PROVES_NOTHING[name])
    assert (found.outcome, found.exit_code) == (Outcome.UNKNOWN, 3)
    assert found.headline.startswith("UNKNOWN: ")


def test_a_run_without_a_steady_state_says_just_that(tmp_path: Path) -> None:
    night = Night(
        baseline={"steady": False, "because": "p99 3 s"},
        ended={"reason": "no steady state", "because": "p99 3 s"},
        played=None,
        steps=[],
    )
    found = verdict(tmp_path, night)
    assert found.headline.startswith("UNKNOWN: no steady state: p99 3 s; look into why")
    assert found.reasons[0] == "no steady state: p99 3 s"


def test_a_violation_proven_before_an_abort_stays_a_violation(tmp_path: Path) -> None:
    night = Night(
        bad=[(22, 40, Hit.TIMEOUT), (40, 60, Hit.UNSENT)],
        played=40,
        instrument_until=40,
        ended={"reason": "aborted", "because": "availability below 50 %"},
    )
    found = verdict(tmp_path, night)
    assert found.exit_code == 1
    assert found.headline.startswith("FAIL, ABORTED: for 18 s of 40 s ")
    assert any(each.startswith("Could not be judged: run") for each in found.reasons)


def test_a_run_killed_before_anything_was_written_is_unknown(tmp_path: Path) -> None:
    about = {"version": 1, "id": "night-1", "experiment": experiment_file()}
    (tmp_path / "run.json").write_text(json.dumps(about))
    found = judge(Judged(Experiment.model_validate(experiment_file()), Journal(RunDir(tmp_path))))
    assert found.exit_code == 3


def test_the_document_is_the_same_each_time_and_any_reader_takes_it(tmp_path: Path) -> None:
    night = Night(bad=[(22, 40, Hit.TIMEOUT)])
    experiment, journal = night.write(tmp_path)
    first, again = (
        judge(Judged(experiment, journal)).to_json(),
        judge(Judged(experiment, Journal(journal.run))).to_json(),
    )
    text = json.dumps(first, allow_nan=False)
    assert json.loads(text) == json.loads(json.dumps(again, allow_nan=False))
    assert (first["run"], first["experiment"], first["profile"], first["seed"]) == (
        "night-1", "night", "fragile", 7
    )  # fmt: skip
    figures: dict[str, Any] = first["figures"]
    assert figures["availability"] == approx(0.7)
    assert figures["p99"] is None
    assert figures["worst_outage"] == approx(18)
    assert (figures["acknowledged_writes"], figures["lost_writes"]) == (104, 0)


def test_fail_is_worse_than_unknown_and_unknown_than_pass() -> None:
    good, idle = Outcome.PASS, Outcome.NOT_EXERCISED
    assert worst([good, Outcome.UNKNOWN, Outcome.FAIL]) is Outcome.FAIL
    assert worst([good, Outcome.UNKNOWN]) is Outcome.UNKNOWN
    assert worst([good, idle]) is good
    assert worst([idle]) is Outcome.UNKNOWN


def test_a_plugin_check_is_judged_with_the_shipped_ones(tmp_path: Path) -> None:
    def refuses(_: Judged) -> list[Finding]:
        return [Finding("mine", Outcome.FAIL, 1, 0, "count", "one is too many")]

    found = judge(Judged(*Night().write(tmp_path)), checks=[Check("mine", refuses)])
    assert found.headline.startswith("FAIL: one is too many")
