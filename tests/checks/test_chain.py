"""The chain tells what moved, in the order in which it moved."""

from __future__ import annotations

import math
from pathlib import Path

from chaos.checks.chain import broke_first
from chaos.checks.judged import Judged
from chaos.checks.link import Link
from chaos.record.hits import Outcome as Hit
from tests.checks.synthetic import LENGTH, PLAY, Night, approx

DISK = ("volume:data", "sync_wait")
OUT, WAITERS = ("api", "pool_checked_out"), ("api", "pool_waiters")
TIMED = ("api", "pool_waits_timed_out")


def chain(path: Path, night: Night) -> dict[str, Link]:
    return {link.name: link for link in Judged(*night.write(path)).links}


def moved(path: Path, night: Night) -> list[str]:
    return [name for name, link in chain(path, night).items() if link.moved]


def test_the_midnight_chain_is_reported_in_order(tmp_path: Path) -> None:
    night = Night(
        gauges={
            DISK: [(20, 26, 0.4)],
            OUT: [(24, 30, 40)],
            WAITERS: [(25, 30, 90)],
            TIMED: [(29, LENGTH, 5)],
        },
        slow=[(22, 40, 3.0)],
        bad=[(27, 34, Hit.TIMEOUT)],
    )
    order = ["disk", "latency", "pile_up", "pool_in_use", "pool_exhausted", "api_down"]
    assert moved(tmp_path, night) == order
    found = chain(tmp_path / "again", night)
    assert [found[name].at for name in order] == approx(
        [PLAY + at for at in (20, 22, 23, 24, 25, 30)], abs=0.5
    )
    assert found["disk"].because == (
        "20 s into the play: a sync on volume:data 400 ms (above 50 ms, baseline 1 ms), up to 400 ms"
    )


def test_the_first_link_that_moved_broke_first(tmp_path: Path) -> None:
    first = broke_first(Judged(*Night(slow=[(30, 40, 1.0)]).write(tmp_path)).links)
    assert first is not None
    assert (first.name, first.baseline) == ("latency", approx(0.01))


def test_in_a_quiet_night_no_link_moved_and_each_says_so(tmp_path: Path) -> None:
    found = Judged(*Night().write(tmp_path)).links
    assert len(found) == 8
    assert all(link.because.startswith("did not move") for link in found)
    assert broke_first(found) is None


def test_a_gauge_that_the_target_lacks_is_told_from_one_that_stopped(tmp_path: Path) -> None:
    lacking = chain(tmp_path / "lacking", Night(sampled=False))
    assert lacking["disk"].because == lacking["pool_in_use"].because == "the target has no such gauge"
    assert lacking["cpu"].because == "not sampled after the first step"
    stopped = chain(tmp_path / "stopped", Night(gauges={DISK: [(0, LENGTH, math.nan)]}))
    assert stopped["disk"].because == "not sampled after the first step"
    assert not stopped["disk"].moved


def test_a_night_without_injections_has_no_chain(tmp_path: Path) -> None:
    assert Judged(*Night(steps=[], slow=[(30, 40, 1.0)]).write(tmp_path)).links == []


def test_a_single_point_does_not_count_as_a_move(tmp_path: Path) -> None:
    found = chain(tmp_path, Night(gauges={DISK: [(25, 25.25, 2.0)]}))
    assert not found["disk"].moved
    assert "only for a moment" in found["disk"].because


def test_a_single_timed_out_wait_proves_an_exhausted_pool(tmp_path: Path) -> None:
    assert moved(tmp_path, Night(gauges={TIMED: [(25, LENGTH, 1)]})) == ["pool_exhausted"]


def test_the_first_slow_hit_gives_the_time_within_its_second(tmp_path: Path) -> None:
    assert chain(tmp_path, Night(slow=[(25.7, 30, 1.0)]))["latency"].at == approx(PLAY + 25.7 + 0.25)


def test_a_wait_has_moved_when_it_exceeded_the_threshold_not_when_it_was_sampled(tmp_path: Path) -> None:
    # sampled every quarter of a second; at 20.25 s it has taken 0.24 s: it exceeded 50 ms at 20.06 s
    found = chain(tmp_path, Night(gauges={DISK: [(20.2, 26, 0.24)]}))["disk"]
    assert found.at == approx(PLAY + 20.25 - 0.24 + 0.05)


def test_a_share_that_was_high_and_noisy_before_can_still_move(tmp_path: Path) -> None:
    cpu = ("machine", "cpu")
    noise = [(at, at + 0.25, 0.5 + 0.5 * (at % 1.0)) for at in (quarter / 4 - 15 for quarter in range(40))]
    assert moved(tmp_path, Night(gauges={cpu: [*noise, (25, 30, 1.0)]})) == ["cpu"]


def test_a_gauge_that_moved_before_the_first_step_is_not_a_link(tmp_path: Path) -> None:
    assert moved(tmp_path, Night(gauges={DISK: [(5, 15, 0.5)]})) == []


def test_a_gauge_noisy_in_the_baseline_must_leave_that_noise(tmp_path: Path) -> None:
    noise = [(at, at + 0.25, 0.01 + 0.01 * (at % 1.0)) for at in (quarter / 4 - 15 for quarter in range(40))]
    least = chain(tmp_path, Night(gauges={DISK: noise}))["disk"].threshold
    assert least is not None
    assert least > 0.02
