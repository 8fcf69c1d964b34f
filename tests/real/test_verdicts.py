"""Every check once red and once green, on the real stack, for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.midnight import Midnight
from tests.real import broken

pytestmark = pytest.mark.real

DROP = "{name: drop, fault: idle_drop, at: 2s, hold: %s, with: {min_closed: 1}}"
ROTATE = (
    "{name: rotate, fault: logrotate, at: 1s, hold: 3s, "
    "with: {grown: 20MB, writers: 1, block: 100kB, min_sync: 0}}"
)
BATCH = (
    "{name: batch, fault: batch_job, at: 1s, hold: 13s, "
    "with: {burners: 1, cpu_seconds: 0.3, memory_mb: 10, values: {rows: 500, queries: 1}}}"
)


def test_a_stack_with_every_bad_habit_fails_every_objective(midnight: Midnight) -> None:
    bad = {
        "api.workers": 1,  # whenever it is busy, all of the pool is in use: no sample misses that
        "api.pool_size": 1,
        "api.max_overflow": 0,
        "api.breaker": {"fail_max": 2, "reset_timeout": "9s"},  # out for longer than the cause
        "rotation.method": "rename",
        "rotation.delaycompress": False,
        "rotation.signal": None,
    }
    target = broken.target(midnight.place / "t", "fragile", bad, rotated_before="1MB")
    vanish = "{name: vanish, fault: vanish, at: 6s, hold: 100ms, with: {rows: 3}}"
    file = broken.experiment(midnight.place, DROP % "2s", ROTATE, vanish, play=18.0)

    done = midnight("run", file, "--target", target)

    assert done.code == 1, done.err + done.out
    outcomes = midnight.outcomes()
    failed = {name for name, outcome in outcomes.items() if outcome == "fail"}
    expected = {"availability", "latency", "recovery", "loss", "logs", "pool"}
    assert expected <= {name.partition(":")[0] for name in failed}, outcomes
    assert midnight.verdict["figures"]["lost_writes"] == 3
    assert done.out.count("FAIL") >= 1


def test_a_sound_stack_passes_every_objective(midnight: Midnight) -> None:
    # not what only an idle processor works on: beside other tests the job would never be done
    busy = {"batch.scheduling": "normal"}
    target = broken.target(midnight.place / "t", "hardened", busy, rotated_before="1MB")
    file = broken.experiment(midnight.place, DROP % "300ms", ROTATE, BATCH, play=14.0)

    done = midnight("run", file, "--target", target)

    outcomes = midnight.outcomes()
    assert done.code == 0, (outcomes, done.err)
    passed = {name.partition(":")[0] for name, outcome in outcomes.items() if outcome == "pass"}
    assert {
        "availability",
        "latency",
        "loss",
        "logs",
        "pool",
        "effect",
        "instrument",
        "steady",
        "completeness",
    } <= passed
    assert midnight.run.report.stat().st_size > 10_000


@pytest.mark.full
def test_a_short_outage_that_ends_passes_recovery_and_still_fails_availability(midnight: Midnight) -> None:
    target = broken.target(midnight.place / "t", "fragile", {})
    limits = "limits: {recovery: 4s, lost_writes: 0}"
    file = broken.experiment(midnight.place, DROP % "3s", play=13.0, extra=limits)

    done = midnight("run", file, "--target", target)

    outcomes = midnight.outcomes()
    assert done.code == 1, (outcomes, done.err)
    assert outcomes["availability: availability"] == "fail"
    assert outcomes["recovery: recovery"] == "pass"


@pytest.mark.full
def test_a_starved_instrument_gives_unknown_and_does_not_blame_the_target(midnight: Midnight) -> None:
    target = broken.target(midnight.place / "t", "hardened", {})
    freeze = "{name: freeze, fault: freeze_load, at: 3s, hold: 3s}"
    file = broken.experiment(midnight.place, freeze, extra="limits: {lost_writes: 0}")

    done = midnight("run", file, "--target", target)

    assert done.code == 3, (midnight.outcomes(), done.err)
    assert midnight.outcomes()["availability: availability"] == "unknown"
    assert midnight.outcomes()["latency: p90"] == "unknown"


@pytest.mark.full
def test_a_fault_without_effect_gives_unknown(midnight: Midnight) -> None:
    file = broken.experiment(
        midnight.place,
        "{name: drop, fault: idle_drop, at: 1s, hold: 300ms, with: {min_closed: 5000}}",
        play=6.0,
        extra="limits: {lost_writes: 0}",
    )

    done = midnight("run", file, "--profile", "hardened")

    assert done.code == 3, (midnight.outcomes(), done.err)
    assert midnight.outcomes()["effect: drop"] == "unknown"
    assert "drop" in done.out.split("UNKNOWN", 1)[1].splitlines()[0]


@pytest.mark.full
def test_without_a_steady_state_nothing_is_injected(midnight: Midnight) -> None:
    file = Path(broken.experiment(midnight.place, DROP % "1s"))
    file.write_text(file.read_text().replace("p99: 3s", "p99: 1ms"))

    done = midnight("run", str(file))

    assert done.code == 3, done.err
    assert "no steady state" in done.out
    assert [event for event in midnight.events() if event.phase == "injecting"] == []


@pytest.mark.full
def test_the_server_itself_ends_idle_sessions_and_keeps_its_setting_afterwards(midnight: Midnight) -> None:
    step = (
        "{name: drop, fault: idle_drop, at: 1s, hold: 5s, with: {by: server, after_idle: 1s, min_closed: 2}}"
    )
    file = broken.experiment(midnight.place, step, play=8.0, rate=4, extra="limits: {lost_writes: 0}")

    # first in, first out: the fragile pool uses every connection in turn, so each goes idle anew
    done = midnight("run", file, "--profile", "fragile")

    assert done.code in (0, 1), (midnight.verdict, done.err)
    assert midnight.outcomes()["effect: drop"] == "pass"
    (undone,) = (event for event in midnight.events() if event.source == "step" and event.phase == "undone")
    assert undone.detail["evidence"] == {"idle_session_timeout": "reset"}
