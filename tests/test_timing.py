"""Arrivals follow from the seed alone: in order, at the rate, irregular as Poisson arrivals, in the mix's shares."""

from __future__ import annotations

import numpy as np
import pytest

from chaos.load import arrivals, segments
from chaos.spec.load import Load


def _load(mix: dict[str, float] | None = None) -> Load:
    return Load.model_validate(
        {
            "timeout": "5s",
            "mix": mix or {"read": 6, "write": 3, "outbound": 1},
            "baseline": {"for": "10s", "rate": 50},
            "phases": [
                {"name": "night", "for": "20s", "rate": 1},
                {"name": "wake", "for": "30s", "rate": 60},
            ],
        }
    )


def test_the_phases_follow_the_baseline_after_a_gap() -> None:
    begun = segments.play_offset(_load())
    assert begun == 10 + segments.GAP
    assert segments.segments(_load()) == [
        segments.Segment("baseline", 0.0, 10.0, 50.0),
        segments.Segment("night", begun, 20.0, 1.0),
        segments.Segment("wake", begun + 20, 30.0, 60.0),
    ]


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    first, second = (arrivals.schedule(_load(), {"write"}, seed=3) for _ in range(2))
    other = arrivals.schedule(_load(), {"write"}, seed=4)
    assert np.array_equal(first.due, second.due)
    assert np.array_equal(first.route, second.route)
    assert np.array_equal(first.seq, second.seq)
    assert not np.array_equal(first.due[:20], other.due[:20])


def test_changing_the_mix_does_not_move_the_arrivals() -> None:
    assert np.array_equal(
        arrivals.schedule(_load(), (), seed=3).due, arrivals.schedule(_load({"read": 1}), (), seed=3).due
    )


def test_arrivals_are_in_order_and_inside_their_segments() -> None:
    due = arrivals.schedule(_load(), (), seed=5).due
    assert (np.diff(due) >= 0).all()
    assert not ((due >= 10) & (due < segments.play_offset(_load()))).any()
    assert due[0] >= 0
    assert due[-1] < segments.play_offset(_load()) + 50


def test_arrivals_come_at_the_rate_and_as_irregularly_as_poisson_arrivals() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    due = arrivals.arrivals([segments.Segment("steady", 5.0, 1000.0, 100.0)], rng)
    per_second = np.bincount((due - 5.0).astype(int), minlength=1000)
    assert per_second.mean() == pytest.approx(100, rel=0.02)
    assert per_second.var() == pytest.approx(100, rel=0.15)


def test_routes_come_in_the_proportion_of_their_weights() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    codes = arrivals.routes(100_000, {"read": 6, "write": 3, "outbound": 1}, rng)
    assert np.bincount(codes) / len(codes) == pytest.approx([0.6, 0.3, 0.1], abs=0.01)


def test_writes_are_numbered_from_one_without_a_hole() -> None:
    plan = arrivals.schedule(_load(), {"write"}, seed=3)
    writes = plan.route == 1
    assert plan.seq[writes].tolist() == list(range(1, int(writes.sum()) + 1))
    assert (plan.seq[~writes] == -1).all()


def test_items_are_between_one_and_the_count_of_their_route() -> None:
    codes = np.array([0, 1] * 500, dtype=np.uint8)
    drawn = arrivals.items(codes, [1, 3], np.random.Generator(np.random.PCG64(1)))
    assert set(drawn[codes == 0].tolist()) == {1}
    assert set(drawn[codes == 1].tolist()) == {1, 2, 3}
