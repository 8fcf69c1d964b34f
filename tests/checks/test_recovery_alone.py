"""The worst outage is judged as a whole, and split: what passed while a fault acted, and what the target alone took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.checks import recovery
from chaos.checks.finding import Finding, Outcome
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import Night, approx, step_events

LIMITS = {"outage": 10, "recovery": 5, "lost_writes": 0}


def two(first: tuple[float, float], second: tuple[float, float]) -> dict[str, Any]:
    steps = [
        {"name": name, "fault": "idle_drop", "at": at, "hold": 20} for name, at in (("a", 10), ("b", 20))
    ]
    return {
        "changed": {"steps": steps, "limits": LIMITS},
        "steps": [*step_events("a", *first), *step_events("b", *second)],
    }


def findings(path: Path, night: Night) -> dict[str, Finding]:
    return night.findings(path, recovery.check)


def test_a_gap_between_two_steps_is_no_recovery_and_the_outage_still_counts(tmp_path: Path) -> None:
    night = Night(bad=[(22, 35, Hit.TIMEOUT)], **two((10, 24), (24.25, 40)))
    found = findings(tmp_path, night)
    assert found["recovery"].outcome is Outcome.NOT_EXERCISED
    assert found["recovery"].measured is None
    assert "back while a fault still acted" in found["recovery"].because
    assert found["outage"].outcome is Outcome.FAIL
    assert found["outage"].because == ("worst outage 13 s > 10 s (12.75 s while a fault acted, 250 ms alone)")
    (outage,) = found["outage"].evidence["outages"]
    assert outage["held"] + outage["alone"] == approx(outage["length"])


def test_a_gap_longer_than_the_limit_is_a_failure_to_recover(tmp_path: Path) -> None:
    night = Night(bad=[(22, 35, Hit.TIMEOUT)], **two((10, 24), (31, 40)))
    found = findings(tmp_path, night)["recovery"]
    assert (found.outcome, found.measured) == (Outcome.FAIL, approx(7))


def test_a_service_that_comes_back_by_itself_has_recovered(tmp_path: Path) -> None:
    night = Night(bad=[(22, 31, Hit.TIMEOUT)], **two((10, 24), (25, 28)))
    found = findings(tmp_path, night)
    assert (found["recovery"].outcome, found["recovery"].measured) == (Outcome.PASS, approx(3))
    assert found["outage"].outcome is Outcome.PASS


def test_recovery_counts_from_the_end_of_the_act_and_not_of_its_hold(tmp_path: Path) -> None:
    held = [
        Event(each.at, each.source, each.name, each.phase, {**each.detail, "acted": 0.5})
        if each.phase == "held"
        else each
        for each in step_events("drop", 20, 30)
    ]
    night = Night(changed={"limits": LIMITS}, steps=held, bad=[(20, 29, Hit.TIMEOUT)])
    found = findings(tmp_path, night)["recovery"]
    assert (found.outcome, found.measured) == (Outcome.FAIL, approx(8.49))


def test_without_an_outage_its_limit_is_kept(tmp_path: Path) -> None:
    found = findings(tmp_path, Night(changed={"limits": LIMITS}))["outage"]
    assert (found.outcome, found.measured, found.because) == (Outcome.PASS, 0.0, "no outage, 10 s allowed")


def test_an_experiment_without_the_limit_has_no_such_finding(tmp_path: Path) -> None:
    assert "outage" not in findings(tmp_path, Night())
