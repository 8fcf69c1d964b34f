"""After the target has stood still for three seconds: how soon is the instrument itself again?"""

from __future__ import annotations

from statistics import median

import numpy as np

from bench.attack import Attack
from bench.figures import Figure, at_most, below
from bench.workshop import Workshop
from chaos.checks.exact import percentile
from chaos.record import hits

DELAY, RATE = 0.020, 200
BEFORE, STALL, PAUSE, AFTER = 3.0, 3.0, 2.0, 3.0  # seconds


def figures(shop: Workshop) -> list[Figure]:
    found = [stall(shop) for _ in range(shop.extent.repeats)]
    before, after = (median(each[at] for each in found) for at in (0, 1))
    bad = sum(each[2] for each in found)
    return [
        at_most(
            "p99 two seconds after a 3 s stall of the target, compared with before", after, before, 1.5, "ms"
        ),
        below("bad hits in a stall shorter than the timeout", bad, 0, "count"),
    ]


def stall(shop: Workshop) -> tuple[float, float, int]:
    """p99 before the stall and two seconds after it, in seconds; hits that were not good, of all."""
    attack_length = BEFORE + STALL + PAUSE + AFTER
    with shop.serving(DELAY) as server, shop.scratch() as place:
        server.stall(BEFORE, STALL)
        played = shop.peers.ours.play(Attack(server.url, RATE, attack_length), place)
    table = played.table
    at, latency = table["due"] - table["due"][0], played.latency
    before = percentile(latency[at < BEFORE - 2 * DELAY], 99)
    after = percentile(latency[at >= BEFORE + STALL + PAUSE], 99)
    assert before is not None and after is not None, "the attack is longer than both"
    return before, after, int(np.count_nonzero(~hits.good(table)))
