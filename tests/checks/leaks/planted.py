"""Planted quiet points: a service of so many workers whose resources move as a function says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chaos.checks.leaks.points import Points
from chaos.record.events import QuietPoint
from chaos.spec.rounds import Rounds

Held = Callable[[Mapping[str, int], float], Mapping[str, float]]
"""What one worker holds after so many requests of each route and so many seconds."""


def quiet_points(
    rounds: Rounds,
    held: Held,
    *,
    routes: tuple[str, ...] = ("read",),
    workers: int = 1,
    again: tuple[str, ...] = (),
) -> Points:
    """The points of a whole play; `again`: the routes that also got the larger dose."""
    played = [*rounds.first(routes)]
    for route in again:
        played += rounds.of_route(route, rounds.again)
    sent, at, points = dict.fromkeys(routes, 0), 10.0, []
    for each in played:
        for route in routes if each.route is None else (each.route,):
            sent[route] += each.requests // (len(routes) if each.route is None else 1)
        at += each.length + each.idle
        times = rounds.again if each.name.endswith(f"x{rounds.again}") else 1
        points.append(
            QuietPoint(
                at,
                each.name,
                route=each.route,
                requests=each.requests,
                times=times,
                processes=(master(), *(worker(number, sent, at, held, workers) for number in range(workers))),
                limits={"descriptors": 1024},
            )
        )
    return Points(points)


def master() -> dict[str, object]:
    return {
        "role": "api",
        "pid": 1,
        "parent": 0,
        "created": 1.0,
        "counts": {"descriptors:file": 5},
        "memory": {},
    }


def worker(number: int, sent: Mapping[str, int], at: float, held: Held, workers: int) -> dict[str, object]:
    share = {
        route: count // workers + (number < count % workers) for route, count in sent.items()
    }  # requests are spread evenly
    found = held(share, at)
    return {
        "role": "api",
        "pid": 10 + number,
        "parent": 1,
        "created": 2.0,
        "counts": {name: count for name, count in found.items() if not name.startswith("memory")},
        "memory": {name: count for name, count in found.items() if name.startswith("memory")},
    }
