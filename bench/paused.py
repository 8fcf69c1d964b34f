"""The load process is paused again and again: its own pauses must not be blamed on the target."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.attack import Attack
from bench.figures import Figure, below, told
from bench.workshop import Workshop
from chaos.checks.bounds import within
from chaos.checks.observation import windows
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Instrument

DELAY, RATE = 0.020, 300
EVERY, LENGTH = 1.7, 0.2  # seconds


def figures(shop: Workshop) -> list[Figure]:
    slow = blamed = 0
    for _ in range(shop.extent.repeats):
        found = pause(shop)
        slow, blamed = slow + found[0], blamed + found[1]
    return [
        told(
            "slow hits caused by midnight's own pauses, compared with those not in doubt",
            slow,
            blamed,
            "count",
        ),
        below("slow hits caused by midnight but blamed on the target", blamed, 0, "count"),
    ]


def pause(shop: Workshop) -> tuple[int, int]:
    """Hits slower than the truth by more than the bound on lag, and those of them the record vouches for."""
    length = max(2 * EVERY, 2 * shop.extent.attack)

    async def stop_and_go(pids: Sequence[int]) -> None:
        for _ in range(int(length / EVERY)):
            await asyncio.sleep(EVERY - LENGTH)
            _signal(pids, signal.SIGSTOP)
            await asyncio.sleep(LENGTH)
            _signal(pids, signal.SIGCONT)

    with shop.serving(DELAY) as server, shop.scratch() as place:
        played = shop.peers.ours.play(Attack(server.url, RATE, length), place, stop_and_go)
        truth = server.take()
        seen = windows(within(Instrument()), Journal(_as_run(place)))
    slowest = float((truth.answered - truth.arrived).max())
    slow = ~(played.latency <= slowest + Instrument().lag)
    due, done = played.table["due"], played.table["done"]
    vouched = seen.covers(due) & ~seen.doubts(due) & ~seen.doubts(done)
    return int(np.count_nonzero(slow)), int(np.count_nonzero(slow & vouched))


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def _as_run(place: Path) -> RunDir:
    """The instrument's record where a stored run has it."""
    run = RunDir(place)
    (place / "instrument-0.jsonl").rename(run.instrument)
    return run
