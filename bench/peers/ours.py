"""Our own load process, one or several of them, as a run drives it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.attack import Attack, Report, summarize
from bench.processor_time import Usage, watched
from chaos.checks.exact import Times
from chaos.load.process import LoadProcess
from chaos.load.spec import LoadSpec
from chaos.record import hits
from chaos.record.hits import HitTable
from chaos.spec.routes import Route

TIMEOUT = 10.0  # seconds
LEAD = 0.3  # seconds between the word to go and the first arrival

Beside = Callable[[Sequence[int]], Awaitable[None]]
"""What is done to the load processes, by pid, while they play."""


async def _nothing(_: Sequence[int]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Played:
    """One table for all processes, in order of `due`; its times are of the monotonic clock."""

    table: HitTable
    usage: Usage
    priority: str

    @property
    def latency(self) -> Times:
        latency: Times = self.table["done"] - self.table["due"]
        return latency


@dataclass(frozen=True, slots=True)
class Ours:
    processes: int = 1
    route: Route = field(default_factory=lambda: Route(path="/"))

    @property
    def name(self) -> str:
        return "midnight" if self.processes == 1 else f"midnight x {self.processes}"

    def run(self, attack: Attack, place: Path) -> Report:
        played = self.play(attack, place)
        table = played.table
        bad = int(np.count_nonzero(~hits.good(table)))
        return summarize(table["due"], table["sent"], table["done"], bad, played.usage)

    def play(self, attack: Attack, place: Path, beside: Beside = _nothing) -> Played:
        return asyncio.run(self._play(attack, place, beside))

    async def _play(self, attack: Attack, place: Path, beside: Beside) -> Played:
        loads = [self._load(attack, place, part) for part in range(self.processes)]
        try:
            priorities = await asyncio.gather(*(load.start() for load in loads))
            zero = time.monotonic() + LEAD
            with watched([load.pid for load in loads]) as usage:
                await asyncio.gather(*(load.go(zero) for load in loads))
                playing = [load.finished() for load in loads]
                await asyncio.gather(*playing, beside([load.pid for load in loads]))
        finally:
            await asyncio.gather(*(load.stop() for load in loads))
        tables = [hits.open_table(place / f"{part}.npy") for part in range(self.processes)]
        whole = np.concatenate(tables)
        return Played(whole[np.argsort(whole["due"], kind="stable")], usage, priorities[0])

    def _load(self, attack: Attack, place: Path, part: int) -> LoadProcess:
        """The load process that sends every n-th of the arrivals."""
        due = np.arange(part, attack.count, self.processes) / attack.rate
        path = place / f"{part}.npy"
        hits.create(path, due, np.zeros(len(due), np.uint8), np.full(len(due), -1, np.int64))
        spec = LoadSpec(
            base_url=attack.url.rstrip("/"),
            hits=path,
            instrument=place / f"instrument-{part}.jsonl",
            clock_zero=0.0,  # so that every time is of the monotonic clock, as the server's are
            seed=1,
            routes=(self.route,),
            timeouts=(TIMEOUT,),
        )
        return LoadProcess(spec, mark="bench/load", log=place / f"{part}.log")
