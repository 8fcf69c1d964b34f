"""What each instrument adds to a known answer time, what a request costs it, and what burning adds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from statistics import median

from bench.attack import RANKS, Attack
from bench.burning import burning
from bench.figures import Figure, at_most, told
from bench.truth import TruthServer
from bench.workshop import Shot, Workshop

DELAY = 0.020  # seconds: how long the server takes
RATES = (100, 300, 1000)
BURN_RATES = (100, 300)
JUDGED = 300
QUIET = ("midnight", "k6", "vegeta", "locust")
BURNT = ("midnight", "k6", "vegeta")

Key = tuple[str, int, bool]  # instrument, rate, burning


@dataclass(slots=True)
class Shots:
    """Every shot of the same instrument, rate and surroundings; a figure is the median of its shots."""

    found: dict[Key, list[Shot]] = field(default_factory=dict)

    def add(self, key: Key, shot: Shot) -> None:
        self.found.setdefault(key, []).append(shot)

    def error(self, key: Key, rank: float) -> float | None:
        shots = self.found.get(key)
        return median(shot.error(rank) for shot in shots) if shots else None

    def percentile(self, key: Key, rank: float) -> float | None:
        shots = self.found.get(key)
        return median(shot.report.percentiles[rank] for shot in shots) if shots else None

    def processor(self, key: Key) -> float | None:
        shots = self.found.get(key)
        return median(shot.processor for shot in shots) if shots else None


def shoot(shop: Workshop) -> Shots:
    """Every instrument at every rate, in turn, as often as a median needs."""
    shots = Shots()
    with shop.serving(DELAY) as server:
        for _ in range(shop.extent.repeats):
            for burn in (False, True):
                with burning() if burn else nullcontext():
                    for key, shot in _round(shop, server, burn=burn):
                        shots.add(key, shot)
    return shots


def _round(shop: Workshop, server: TruthServer, *, burn: bool) -> Iterator[tuple[Key, Shot]]:
    for rate in BURN_RATES if burn else RATES:
        for each in shop.peers.some(*(BURNT if burn else QUIET)):
            attack = Attack(server.url, rate, shop.extent.attack, concurrency=max(50, rate // 5))
            yield (each.name, rate, burn), shop.shoot(each, server, attack)


def figures(shots: Shots) -> list[Figure]:
    rows: list[Figure] = []
    ours: Key = ("midnight", JUDGED, False)
    for peer in ("k6", "vegeta"):
        theirs: Key = (peer, JUDGED, False)
        cost, cost_theirs = shots.processor(ours), shots.processor(theirs)
        what = f"CPU time per request at {JUDGED}/s, compared with {peer}"
        rows.append(at_most(what, cost, cost_theirs, 1.0, "ms"))
        error, error_theirs = shots.error(ours, 99), shots.error(theirs, 99)
        what = f"error of p99 at {JUDGED}/s, compared with {peer}"
        rows.append(at_most(what, error, error_theirs, 1.0, "ms"))
    for rate in BURN_RATES:
        burnt, idle = (shots.percentile(("midnight", rate, burn), 99) for burn in (True, False))
        what = f"p99 at {rate}/s while {os.cpu_count()} CPUs burn, compared with idle"
        rows.append(at_most(what, burnt, idle, 1.3, "ms"))
        for peer in ("k6", "vegeta"):
            error, error_theirs = (shots.error((name, rate, True), 99) for name in ("midnight", peer))
            what = f"error of p99 at {rate}/s while CPUs burn, compared with {peer}"
            rows.append(told(what, error, error_theirs, "ms"))
    return rows


def errors(shots: Shots) -> list[list[str]]:
    """A line for each instrument, rate and surroundings: the errors of its percentiles, milliseconds."""
    lines = []
    for name, rate, burn in sorted(shots.found, key=lambda key: (key[2], key[1], key[0])):
        key = (name, rate, burn)
        found = [f"{1000 * error:.2f}" for rank in RANKS if (error := shots.error(key, rank)) is not None]
        cost = shots.processor(key)
        lines.append([
            name, f"{rate}/s", "burning" if burn else "idle", *found, f"{1000 * (cost or 0.0):.2f}",
        ])  # fmt: skip
    return lines


ERRORS_HEADER = ["load generator", "rate", "machine", "p50", "p99", "p99.9", "CPU ms per request"]
