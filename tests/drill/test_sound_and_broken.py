"""Each scenario on the real stack: sound it passes, broken it fails for the right reason, and nothing is left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drill import files
from tests.midnight import Midnight

pytestmark = pytest.mark.real


def played(midnight: Midnight, experiment: str, target: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Play a drill; its exit code, the outcome and the sentence of each finding."""
    done = midnight("run", experiment, "--target", target)
    assert done.code in (0, 1), done.out + done.err
    told = {f"{item['check']}: {item['name']}": item["because"] for item in midnight.verdict["findings"]}
    return done.code, midnight.outcomes(), told


def failed(outcomes: dict[str, str]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome == "fail"}


def test_a_standby_takes_over_and_the_old_primary_is_made_its_standby(midnight: Midnight) -> None:
    code, outcomes, told = played(
        midnight, files.drill(midnight.place, "drill-failover"), files.target(midnight.place)
    )
    assert code == 0, told
    assert {"recovery: rto", "loss: rpo", "loss: lost_writes", "exposure: exposure"} <= passed(outcomes)
    assert {"fencing: fencing", "fencing: split_brain", "runbook: rejoin"} <= passed(outcomes)
    assert midnight.verdict["figures"]["rpo"] > 1.0  # what the stalled link had left unprotected
    text = midnight.run.report.read_text()
    assert "Time to recover" in text and "technical RTO" in text


def passed(outcomes: dict[str, str]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome == "pass"}


@pytest.mark.full
def test_a_standby_too_far_behind_and_an_unfenced_primary_fail(midnight: Midnight) -> None:
    file = files.drill(midnight.place, "drill-failover", {"lag": {"at": "500ms"}}, limits={"rpo": "3s"})
    code, outcomes, told = played(
        midnight, file, files.target(midnight.place, fence={"command": ["/bin/true"]})
    )
    assert code == 1
    assert failed(outcomes) == {"loss: rpo", "fencing: fencing"}, told
    assert "it was not fenced" in told["fencing: fencing"]


@pytest.mark.full
def test_a_backup_that_is_truncated_fails_the_drill_with_the_reason(midnight: Midnight) -> None:
    spoil = {"name": "spoil", "fault": "spoil_backup", "at": "1s", "hold": "500ms"}
    file = files.drill(midnight.place, "drill-restore", steps_added=[spoil])
    code, outcomes, told = played(midnight, file, files.target(midnight.place))
    assert code == 1
    assert failed(outcomes) == {"recovery: rto", "runbook: restore", "runbook: repoint", "runbook: verify"}
    assert "does not match its manifest" in told["runbook: restore"]
    assert "not back when the observation ended" in told["recovery: rto"]


@pytest.mark.full
def test_rows_that_were_deleted_are_recovered_exactly(midnight: Midnight) -> None:
    code, outcomes, told = played(
        midnight, files.drill(midnight.place, "drill-delete"), files.target(midnight.place)
    )
    assert code == 0, told
    assert {"recovered: recovered_rows", "loss: lost_writes", "recovery: rto"} <= passed(outcomes)


@pytest.mark.full
def test_a_lost_host_is_restored_from_its_backup_and_archive(midnight: Midnight) -> None:
    code, outcomes, told = played(
        midnight, files.drill(midnight.place, "drill-restore"), files.target(midnight.place)
    )
    assert code == 0, told
    assert {"recovery: rto", "loss: rpo", "runbook: restore", "archive: archive"} <= passed(outcomes)
    assert "manifest sha256" in midnight.run.report.read_text()


@pytest.mark.full
def test_a_lying_archive_command_is_detected(midnight: Midnight) -> None:
    lie = {"name": "lie", "fault": "lying_archive", "at": "500ms", "hold": "4s"}
    file = files.drill(midnight.place, "drill-restore", limits={"rpo": "4500ms"}, steps_added=[lie])
    code, outcomes, told = played(midnight, file, files.target(midnight.place))
    assert code == 1
    assert {"loss: rpo", "archive: archive"} == failed(outcomes), told
    assert "lies" in told["archive: archive"]


@pytest.mark.full
def test_a_promotion_that_never_happens_fails(midnight: Midnight) -> None:
    target = files.target(midnight.place, promote={"command": ["/bin/false"]})
    code, outcomes, told = played(midnight, files.drill(midnight.place, "drill-failover"), target)
    assert code == 1
    assert {"recovery: rto", "runbook: promote", "runbook: rejoin"} <= failed(outcomes)
    assert "/bin/false: exit code 1" in told["runbook: promote"]


@pytest.mark.full
@pytest.mark.parametrize("by", ["freeze", "full", "read_only"])
def test_a_primary_half_dead_is_noticed_and_replaced(midnight: Midnight, by: str) -> None:
    steps: dict[str, dict[str, Any]] = {"loss": {"by": by, "hold": "40s"}}
    if by == "full":
        # it acknowledges what still fits until it is fenced, and only a synchronous standby has all of that
        steps["loss"]["standby"] = "synchronous"
        steps["lag"] = {"by": "latency", "latency": "10ms"}
    felt = {"outage": by != "full", "until": "verify"}
    file = files.drill(midnight.place, "drill-failover", steps, drill=felt)
    code, outcomes, told = played(midnight, file, files.target(midnight.place))
    assert code == 0, told
    assert {
        "recovery: rto",
        "loss: rpo",
        "loss: lost_writes",
        "fencing: fencing",
        "runbook: rejoin",
    } <= passed(outcomes)


@pytest.mark.full
def test_a_synchronous_standby_loses_nothing(midnight: Midnight) -> None:
    steps = {"loss": {"standby": "synchronous"}, "lag": {"by": "latency", "latency": "300ms"}}
    file = files.drill(midnight.place, "drill-failover", steps)
    code, _, told = played(midnight, file, files.target(midnight.place))
    assert code == 0, told
    assert midnight.verdict["figures"]["rpo"] == 0
    assert "synchronous standby" in told["exposure: exposure"]


@pytest.mark.full
@pytest.mark.parametrize(("profile", "code"), [("hardened", 0), ("fragile", 1)])
def test_a_region_cut_off_leaves_no_caller_with_deadlines_hanging(
    midnight: Midnight, profile: str, code: int
) -> None:
    file = files.drill(midnight.place, "drill-cut-off")
    ended, outcomes, told = played(midnight, file, files.target(midnight.place, profile))
    assert ended == code, told
    assert outcomes["answered: answered"] == ("pass" if code == 0 else "fail")
    assert outcomes["loss: lost_writes"] == "pass"
