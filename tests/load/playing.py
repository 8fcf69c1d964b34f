"""A short schedule played by the real load process against the tests' own server."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chaos.load import arrivals
from chaos.load.process import LoadProcess
from chaos.load.spec import LoadSpec
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.spec.routes import Route


@dataclass
class Playing:
    directory: Path
    base_url: str
    timeout: float = 1.0  # seconds, of every route
    pauses: tuple[int, ...] = ()  # after how many requests
    beat: float = 0.05  # seconds between two looks at itself
    notes: Path | None = None
    clock_zero: float = field(default_factory=time.monotonic)

    @property
    def hits(self) -> Path:
        return self.directory / "hits.npy"

    @property
    def instrument(self) -> Path:
        return self.directory / "instrument.jsonl"

    @property
    def answers(self) -> Path:
        return self.directory / "answers.jsonl"

    @property
    def bad_answers(self) -> Path:
        return self.directory / "bad_answers.jsonl"

    def now(self) -> float:
        return time.monotonic() - self.clock_zero

    def process(self, routes: list[Route], due: list[float]) -> LoadProcess:
        """A load process that will send to `routes`, in turn, at `due` seconds from its zero."""
        codes = np.arange(len(due), dtype=np.uint8) % len(routes)
        writes = [code for code, route in enumerate(routes) if route.ledger]
        hits.create(self.hits, np.array(due), codes, arrivals.sequence_numbers(codes, writes))
        spec = LoadSpec(
            base_url=self.base_url,
            hits=self.hits,
            instrument=self.instrument,
            answers=self.answers,
            notes=self.notes,
            bad_answers=self.bad_answers,
            clock_zero=self.clock_zero,
            seed=7,
            routes=tuple(routes),
            timeouts=(self.timeout,) * len(routes),
            pauses=self.pauses,
            beat=self.beat,
        )
        return LoadProcess(spec, mark="test/load", log=self.directory / "load.log")

    def whole(self, routes: list[Route], due: list[float]) -> HitTable:
        """The table after the schedule was played to its end."""

        async def play() -> int:
            load = self.process(routes, due)
            try:
                await load.start()
                await load.go(self.now())
                return await load.finished()
            finally:
                await load.stop()

        assert asyncio.run(play()) == len(due)
        return self.table()

    def table(self) -> HitTable:
        return hits.open_table(self.hits)


def outcomes(table: HitTable) -> list[Outcome]:
    return [Outcome(code) for code in table["outcome"]]
