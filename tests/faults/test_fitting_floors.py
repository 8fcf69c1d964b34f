"""Floors fit the target: a pool that keeps one idle connection, small logs, a fast disk; a path that the target has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.faults import idle_drop, logrotate
from chaos.host import disk_writers
from chaos.plan import build as plans
from chaos.spec.overrides import Setting
from tests.test_minimal_targets import CROWD, PROXY, READ, planned

SMOKE = "smoke"


@pytest.mark.parametrize(
    ("there", "floor"), [(0, 1), (1, 1), (2, 1), (3, 2), (8, 4), (9, 5), (10, 5), (200, 5)]
)
def test_the_floor_of_a_drop_fits_the_pool(there: int, floor: int) -> None:
    assert idle_drop.fits(there) == floor


@given(st.integers(1, 10_000))
def test_every_pool_that_keeps_something_idle_can_reach_its_floor(idle: int) -> None:
    assert 1 <= idle_drop.fits(idle) <= min(idle, idle_drop.MOST_FITTED)


@given(st.integers(1, 10**12), st.floats(1e-5, 10.0))
def test_the_floors_of_a_rotation_can_be_reached_on_any_logs_and_disk(size: int, alone: float) -> None:
    least, sync = logrotate.fits(size, alone, ours=False)
    assert 1 <= least <= max(1, size // 2)
    assert sync <= logrotate.BUSY * alone
    assert logrotate.fits(size, alone, ours=True) == (10_000_000, 0.05)
    assert least <= 10_000_000 and sync <= 0.05


def test_a_slow_disk_and_large_logs_keep_the_usual_floors() -> None:
    assert logrotate.fits(400_000_000, 0.03, ours=False) == (10_000_000, 0.05)


def test_a_sync_alone_is_measured_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert disk_writers.alone(tmp_path / "writer", b"x" * 1000) > 0
    assert list(tmp_path.iterdir()) == []


def storm(folder: Path, *changes: str, routes: str = READ, top: str = "") -> tuple[str, list[str]]:
    plan = planned(folder, SMOKE, PROXY + CROWD, routes, top)
    if changes:
        plan = plans.build(SMOKE, str(folder / "mine.yaml"), changes=tuple(map(Setting, changes)))
    (step,) = (each for each in plan.steps if each.step.name == "reconnect_storm")
    path = step.params.burst_path  # type: ignore[attr-defined]
    return path, [line for line in plan.lines() if "burst_path=" in line and line.startswith("note")]


def test_the_burst_asks_for_a_path_that_the_target_serves(tmp_path: Path) -> None:
    path, notes = storm(tmp_path)
    assert path == "/items"
    assert notes == ["note      step 'reconnect_storm': burst_path=/items: the target's route 'items'"]


def test_the_path_of_readiness_comes_first(tmp_path: Path) -> None:
    path, (note,) = storm(tmp_path, top="ready: /healthz\n")
    assert path == "/healthz"
    assert note.endswith("burst_path=/healthz: the `ready` of the target")


def test_a_route_with_items_is_asked_for_the_first(tmp_path: Path) -> None:
    assert storm(tmp_path, routes='  items: {path: "/items/{item}", items: 9}\n')[0] == "/items/1"


def test_a_path_that_the_step_names_is_kept(tmp_path: Path) -> None:
    assert storm(tmp_path, "reconnect_storm.burst_path=/own", top="ready: /healthz\n") == ("/own", [])
