"""A pool is judged by what shows it: its own gauges, its sessions in the database, or nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.link import Link
from chaos.checks.slo import pool
from chaos.record.journal import Event
from tests.checks.synthetic import LENGTH, PLAY, STEP, Night, approx, step_events

ALL = (-30.0, LENGTH)
GONE = [(*ALL, math.nan)]
NO_POOL = {("api", name): GONE for name in ("pool_size", "pool_checked_out", "pool_waiters")}
NO_WAITS = {("api", "pool_waits_timed_out"): GONE}
IN_USE, LIMIT = ("database", "service_in_use"), ("database", "service_limit")
SEEN = "seen from the database: sessions of role app, its size unknown"


def found_event(pool: str = SEEN, gauges: dict[str, object] | None = None) -> Event:
    return Event(1.0, "target", "mine", "gauges", {"gauges": gauges or {}, "missing": [], "pool": pool})


def by_database(
    in_use: list[tuple[float, float, float]], limit: float = 100.0, size: float = math.nan
) -> Night:
    """A night whose pool only the database shows."""
    own = {("api", "pool_size"): [(*ALL, size)]}
    gauges = {**NO_POOL, **NO_WAITS, **own, IN_USE: [(*ALL, 3.0), *in_use], LIMIT: [(*ALL, limit)]}
    return Night(gauges=gauges, steps=[found_event(), *step_events("drop", *STEP)])


def links_of(path: Path, night: Night) -> dict[str, Link]:
    return {link.name: link for link in Judged(*night.write(path)).links}


def test_of_a_size_that_nothing_shows_no_share_is_claimed(tmp_path: Path) -> None:
    (found,) = by_database([(21, 30, 20.0)]).findings(tmp_path, pool.check).values()
    assert (found.outcome, found.measured) == (Outcome.NOT_EXERCISED, None)
    assert "connections in use: 3 before the faults, 20 during the faults" in found.because
    assert SEEN in found.because and "set pool_size" in found.because


@pytest.mark.parametrize("span", [(16, 17), (58, 59)])
def test_sessions_that_reach_the_roles_own_limit_before_or_after_fail_it(
    span: tuple[float, float], tmp_path: Path
) -> None:
    (found,) = by_database([(*span, 8.0)], 10.0).findings(tmp_path, pool.check).values()
    assert (found.outcome, found.measured) == (Outcome.FAIL, approx(0.8))


def test_with_a_size_the_sessions_are_the_share_in_use(tmp_path: Path) -> None:
    found = by_database([(21, 30, 20.0)], 100.0, 20.0).findings(tmp_path / "room", pool.check)
    assert (found["pool"].outcome, found["pool"].measured) == (Outcome.PASS, approx(0.15))
    assert found["pool"].because.endswith(SEEN)
    assert found["pool waits timed out"].outcome is Outcome.NOT_EXERCISED
    full = by_database([(57, LENGTH, 18.0)], 100.0, 20.0).findings(tmp_path / "full", pool.check)
    assert (full["pool"].outcome, full["pool"].measured) == (Outcome.FAIL, approx(0.9))


def test_waits_that_nothing_counts_are_not_taken_for_none(tmp_path: Path) -> None:
    found = Night(gauges=NO_WAITS).findings(tmp_path, pool.check)
    assert (found["pool"].outcome, found["pool"].evidence["before"]["waits_timed_out"]) == (
        Outcome.PASS,
        None,
    )
    assert "timed out" not in found["pool"].because
    waits = found["pool waits timed out"]
    assert (waits.outcome, waits.allowed) == (Outcome.NOT_EXERCISED, 0)
    assert list(Night().findings(tmp_path / "counted", pool.check)) == ["pool"]


def test_a_pool_that_nothing_shows_is_not_exercised_but_one_whose_gauges_vanished_is_unknown(
    tmp_path: Path,
) -> None:
    def night(gauges: dict[str, object]) -> Night:
        steps = [found_event("", gauges), *step_events("drop", *STEP)]
        return Night(gauges={**NO_POOL, **NO_WAITS}, steps=steps)

    never = night({}).findings(tmp_path / "never", pool.check)["pool"]
    assert never.outcome is Outcome.NOT_EXERCISED and "name its gauges under `gauges:`" in never.because
    gone = night({"pool_checked_out": {}}).findings(tmp_path / "gone", pool.check)["pool"]
    assert gone.outcome is Outcome.UNKNOWN


def test_a_gap_beside_the_faults_is_unknown_and_never_an_empty_pool(tmp_path: Path) -> None:
    gap = {("api", "pool_checked_out"): [(54.0, LENGTH, math.nan)]}
    found = Night(gauges=gap).findings(tmp_path, pool.check)["pool"]
    # interpolated nowhere: the last five seconds have no sample
    assert found.outcome is Outcome.UNKNOWN and "not sampled after the faults" in found.because


def test_seen_from_the_database_the_pool_fills_by_count_and_is_exhausted_at_the_roles_limit(
    tmp_path: Path,
) -> None:
    found = links_of(tmp_path / "fills", by_database([(21, 40, 20.0)]))
    assert found["pool_in_use"].at == approx(PLAY + 21, abs=0.5)
    assert "sessions of the service's role in use 20" in found["pool_in_use"].because
    assert not found["pool_exhausted"].moved
    full = links_of(tmp_path / "full", by_database([(21, 40, 20.0)], 20.0))
    assert "of the sessions that the service's role may have 100 %" in full["pool_exhausted"].because


def test_waits_for_a_connection_show_a_pool_that_is_exhausted(tmp_path: Path) -> None:
    rising = [(20 + at, 20 + at + 0.25, 100.0 + 8 * at) for at in (0.25 * step for step in range(40))]
    night = Night(gauges={("api", "pool_waits"): [(-30.0, 20.0, 100.0), *rising, (30.0, LENGTH, 178.0)]})
    link = links_of(tmp_path, night)["pool_exhausted"]
    assert link.moved and "waits for a connection 2" in link.because
