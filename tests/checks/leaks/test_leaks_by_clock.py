"""What grows by the clock is told in seconds, and with no place that is one route's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks import growth, leaks
from chaos.record.events import Grown
from chaos.reports.leaks import rows
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import Held, quiet_points
from tests.checks.synthetic import Night

ROUNDS = Rounds(idle=2.0)
ROUTES = ("read", "write")
ENTRIES = {
    "resource": "entries",
    "count": 300,
    "place": "/srv/leaks.py:44 in log_view",
    "holder": "leaks.KEPT",
}
THREAD = {"resource": "threads", "count": 9, "place": "/srv/clock.py:7 in tick", "stack": []}


def grown(route: str, *rows: dict[str, object]) -> Grown:
    return Grown(99.0, route, level=3, found=rows)


def clock(path: Path, held: Held, *events: Grown, routes: tuple[str, ...] = ROUTES) -> Finding:
    """The finding by the clock of a play over these routes."""
    changed = {
        "load": {
            "timeout": 5, "mix": dict.fromkeys(routes, 1), "baseline": {"for": 10, "rate": 10},
            "rounds": {"idle": 2, "bounds": {"threads": 1}},
        },
        "steps": [], "slos": [], "limits": {"leaks": {"threads": 0, "memory": 2000}},
    }  # fmt: skip
    points = quiet_points(ROUNDS, held, routes=routes)
    found = Night(changed=changed, steps=[each.event() for each in (*points.all, *events)])
    (finding,) = (each for each in found.findings(path, leaks.check).values() if "by the clock" in each.name)
    return finding


def test_memory_by_the_clock_names_seconds_and_no_place(tmp_path: Path) -> None:
    events = grown("read", ENTRIES), grown("write", ENTRIES)
    found = clock(tmp_path, lambda _, at: {"memory:uss": 60e6 + 1e6 * at, "threads": 4}, *events)
    assert found.outcome is Outcome.UNKNOWN and found.evidence["places"] == []
    # 3 s without requests, 2 x 3 rounds of 1, 2 and 3 s, each with 2 s of idle time
    assert found.because.startswith("grows by 1000.0 kB per second, no bound seen in 27 s (")
    assert "requests" not in found.because and "leaks.py" not in found.because


def test_a_place_that_grew_on_one_route_only_does_not_explain_the_clock(tmp_path: Path) -> None:
    found = clock(tmp_path, lambda _, at: {"threads": int(at)}, grown("read", THREAD))
    assert found.outcome is Outcome.FAIL and "clock.py" not in found.because


def test_a_place_that_grew_on_every_route_explains_the_clock(tmp_path: Path) -> None:
    found = clock(tmp_path, lambda _, at: {"threads": int(at)}, grown("read", THREAD), grown("write", THREAD))
    assert "1 thread per second" in found.because and "at clock.py:7 in tick" in found.because


def test_with_one_route_alone_a_place_may_be_that_routes(tmp_path: Path) -> None:
    found = clock(tmp_path, lambda _, at: {"threads": int(at)}, grown("read", THREAD), routes=("read",))
    assert found.evidence["places"] == []


def test_memory_that_requests_leave_is_not_the_clocks_for_a_little_without_them() -> None:
    points = quiet_points(
        ROUNDS, lambda sent, at: {"memory:uss": 60e6 + 2e5 * sent["read"] + 2e4 * at}, routes=("read",)
    )
    assert growth.by_clock(points, ROUNDS, "memory:uss") is None


def test_the_plot_of_the_clock_is_over_seconds(tmp_path: Path) -> None:
    found = clock(tmp_path, lambda _, at: {"threads": int(at)})
    (row,) = rows([replace(found, check=leaks.NAME)])
    assert "growth by seconds of a round" in row.plot
