"""`--dry-run` tells the whole plan, to a reader and to a machine, and touches nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.typed import typed


def planned(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    done = typed(capsys, "run", *argv, "--dry-run")
    assert done.code == 0
    return done.out


def test_the_json_plan_holds_all_that_a_run_would_do(
    own_place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("midnight", "--profile", "hardened", "--seed", "3", "--set", "idle_drop.hold=1s", "--json")
    plan: dict[str, Any] = json.loads(planned(capsys, *argv))
    told = {key: plan[key] for key in ("experiment", "target", "profile", "seed")}
    assert told == {"experiment": "midnight", "target": "embedded", "profile": "hardened", "seed": 3}
    assert plan["load"]["baseline"]["for"] > 0 and len(plan["load"]["phases"]) > 1
    steps = {step["step"]: step for step in plan["steps"]}
    assert steps["idle_drop"]["hold"] == 1.0 and len(steps) >= 4
    assert (plan["runbook"], plan["abort"]) == ([], [])
    assert list(own_place.iterdir()) == []


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("server", "the server's clock starts when a session goes idle"),
        ("reset", "a session is reset at its next byte"),
        ("proxy", None),
    ],
)
def test_the_plan_says_if_a_fault_does_not_reach_sessions_already_idle(
    own_place: Path, capsys: pytest.CaptureFixture[str], by: str, said: str | None
) -> None:
    longer = ("--set", "idle_drop.hold=2s")  # than a session must be idle for
    text = planned(capsys, "midnight", "--set", f"idle_drop.by={by}", *longer)
    begins = "step 'idle_drop': sessions already idle are hit at their next use: "
    assert (f"{begins}{said}" in text) if said else begins not in text
    assert list(own_place.iterdir()) == []


def test_a_suites_plan_lists_every_scenario(own_place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = json.loads(planned(capsys, "dr-drill", "--profile", "hardened", "--json"))
    assert len(plans) == 4
    assert all(plan["runbook"] for plan in plans)
    assert planned(capsys, "dr-drill", "--profile", "hardened").count("against embedded") == 4
    assert list(own_place.iterdir()) == []


def test_a_backups_plan_is_available_as_json_too(own_place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(planned(capsys, "restore-mine", "--target", "backup-example", "--json"))
    assert (told["experiment"], told["within"], told["verify"]) == ("restore-mine", 3600.0, True)
    assert list(own_place.iterdir()) == []
