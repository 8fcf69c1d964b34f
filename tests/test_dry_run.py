"""`--dry-run` tells the whole plan, to a reader and to a machine, and touches nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos import cli


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports and state would lie."""
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", *argv, "--dry-run"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_json_plan_holds_all_that_a_run_would_do(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("midnight", "--profile", "hardened", "--seed", "3", "--set", "idle_drop.hold=1s", "--json")
    plan: dict[str, Any] = json.loads(planned(capsys, *argv))
    told = {key: plan[key] for key in ("experiment", "target", "profile", "seed")}
    assert told == {"experiment": "midnight", "target": "embedded", "profile": "hardened", "seed": 3}
    assert plan["load"]["baseline"]["for"] > 0 and len(plan["load"]["phases"]) > 1
    steps = {step["step"]: step for step in plan["steps"]}
    assert steps["idle_drop"]["hold"] == 1.0 and len(steps) >= 4
    assert (plan["runbook"], plan["abort"]) == ([], [])
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("server", "the server's clock starts when a session goes idle"),
        ("reset", "a session is reset at its next byte"),
        ("proxy", None),
    ],
)
def test_the_plan_says_if_a_fault_does_not_reach_sessions_already_idle(
    place: Path, capsys: pytest.CaptureFixture[str], by: str, said: str | None
) -> None:
    text = planned(capsys, "midnight", "--set", f"idle_drop.by={by}")
    begins = "step 'idle_drop': sessions already idle are hit at their next use: "
    assert (f"{begins}{said}" in text) if said else begins not in text
    assert list(place.iterdir()) == []


def test_a_suites_plan_lists_every_scenario(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = json.loads(planned(capsys, "dr-drill", "--profile", "hardened", "--json"))
    assert len(plans) == 4
    assert all(plan["runbook"] for plan in plans)
    assert planned(capsys, "dr-drill", "--profile", "hardened").count("against embedded") == 4
    assert list(place.iterdir()) == []


def test_a_backups_plan_is_available_as_json_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(planned(capsys, "restore-mine", "--target", "backup-example", "--json"))
    assert (told["experiment"], told["within"], told["verify"]) == ("restore-mine", 3600.0, True)
    assert list(place.iterdir()) == []
