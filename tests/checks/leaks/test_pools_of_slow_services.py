"""A service that becomes slow serves more requests at a time, and its pools grow: that is no leak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from chaos.checks.leaks.growth import CONCURRENT, Kind, every, of_route
from chaos.checks.leaks.points import Points
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import Held, quiet_points

IDLE = "sessions:idle"
BOUNDS = {"sessions": 10, "threads": 10, "sockets": 10, "goroutines": 10}
ROUNDS = Rounds.model_validate({"idle": 2.0, "bounds": BOUNDS})
AFTER = {550: 13, 600: 15, 700: 22, 850: 28}
"""What was held after so many requests: +2, +7, +6."""


def slow(resource: str) -> Held:
    def held(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        reached = max((each for each in AFTER if each <= sent["read"]), default=0)
        return {resource: AFTER.get(reached, 0)}

    return held


@pytest.mark.parametrize("resource", CONCURRENT)
def test_it_needs_the_larger_dose(resource: str) -> None:
    found = of_route(quiet_points(ROUNDS, slow(resource)), ROUNDS, resource, "read")
    assert found is not None and found.kind is Kind.UNBOUNDED


@pytest.mark.parametrize("resource", CONCURRENT)
def test_it_is_no_leak_if_the_larger_dose_is_not_answered(resource: str) -> None:
    points = quiet_points(ROUNDS, slow(resource), again=("read",))
    starved = Points([replace(each, good=each.requests // (1 + (each.times > 1))) for each in points.all])
    kinds = {each.kind for each in every(starved, ROUNDS) if each.resource == resource}
    assert kinds == {Kind.UNBOUNDED}


@pytest.mark.parametrize("resource", CONCURRENT)
def test_one_left_by_every_request_needs_none(resource: str) -> None:
    found = of_route(quiet_points(ROUNDS, lambda sent, _: {resource: sent["read"]}), ROUNDS, resource, "read")
    assert found is not None and found.kind is Kind.LEAK


@pytest.mark.parametrize(("size", "kind"), [(20, Kind.LEAK), (200, Kind.UNBOUNDED)])
def test_the_size_of_the_pool_is_the_bound_of_idle_sessions(size: int, kind: Kind) -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {IDLE: sent["read"] // 20}, again=("read",))
    shown = Points([replace(each, limits={IDLE: size}) for each in points.all])
    found = of_route(shown, ROUNDS, IDLE, "read", ROUNDS.again)
    assert found is not None and (found.kind, found.bound) == (kind, size)
