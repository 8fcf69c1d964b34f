"""The highest rate each instrument holds: lag p99 below 10 ms, nothing bad, against an instant server."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median

from bench.attack import Attack, Instrument
from bench.figures import Figure, at_least
from bench.truth import TruthServer
from bench.workshop import Workshop
from chaos.errors import LoadError

LAG = 0.010  # seconds
GUESSES = {"midnight": 8000.0, "midnight x 2": 16000.0, "locust": 1000.0, "httpx": 400.0}
"""Where the search begins, requests per second."""


def figures(shop: Workshop) -> list[Figure]:
    instruments = shop.peers.some(*GUESSES)
    found: dict[str, list[float]] = {each.name: [] for each in instruments}
    with shop.serving(0.0) as server:
        for _ in range(shop.extent.repeats):
            for each in instruments:
                found[each.name].append(_highest_of(each, shop, server))
    rate = {name: median(rates) for name, rates in found.items()}
    ours = rate["midnight"]
    pairs = [("locust", ours, 1.5), ("httpx", ours, 3.5)]
    rows = [
        at_least(f"highest rate held, compared with {peer}", mine, rate.get(peer), aim, "/s")
        for peer, mine, aim in pairs
    ]
    two = rate["midnight x 2"]
    return [*rows, at_least("highest rate of two processes, compared with one", two, ours, 1.6, "/s")]


def _highest_of(instrument: Instrument, shop: Workshop, server: TruthServer) -> float:
    def holds(rate: float) -> bool:
        try:
            shot = shop.shoot(instrument, server, Attack(server.url, round(rate), shop.extent.probe))
        except LoadError:  # far beyond what it holds our own gives up: it has no descriptors left
            return False
        lag = shot.report.lag
        return lag is not None and lag < LAG and shot.report.bad == 0

    return highest(holds, GUESSES[instrument.name], shop.extent.probes)


def highest(holds: Callable[[float], bool], guess: float, probes: int) -> float:
    """The highest of `probes` values tried that held; half the lowest tried where none did.

    Doubles or halves from `guess` until the answer lies between two values, then bisects their ratio.
    """
    low, high = 0.0, math.inf
    at = guess
    for _ in range(probes):
        if holds(at):
            low = at
        else:
            high = at
        at = low * 2 if high == math.inf else high / 2 if low == 0 else math.sqrt(low * high)
    return low or high / 2
