"""Where a bench is made: its server's program, its scratch directory, its instruments, its extent."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench import truth
from bench.attack import Attack, BenchError, Instrument, Report
from bench.peers.found import Peers
from bench.truth import Truth, TruthServer


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done: seconds of an attack and of a search's probe, and how often for a median."""

    attack: float = 3.0
    probe: float = 2.0
    probes: int = 5
    repeats: int = 3
    hits: int = 10_000_000


MINIATURE = Extent(attack=1.0, probe=0.5, probes=2, repeats=1, hits=50_000)
"""Shows that everything works. Its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One attack: what the instrument says, what was true, and what the instrument used."""

    report: Report
    truth: Truth
    processor: float  # seconds per request

    def error(self, rank: float) -> float:
        """Seconds by which the instrument's percentile exceeds the true one."""
        return self.report.percentiles[rank] - self.truth.percentiles[rank]


class Workshop:
    def __init__(self, place: Path, peers: Peers, extent: Extent) -> None:
        self.peers, self.extent = peers, extent
        self._place, self._program = place, truth.build(place)
        self._numbers = count()

    def serving(self, delay: float, body: str = "{}") -> AbstractContextManager[TruthServer]:
        """A server that answers `body` after `delay` seconds."""
        return truth.serving(self._program, self._place, delay, body)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty directory, gone after the block."""
        place = self._place / f"attack-{next(self._numbers)}"
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place)

    def shoot(self, instrument: Instrument, server: TruthServer, attack: Attack) -> Shot:
        """One attack. The processor time is taken from its middle: starting and stopping are left out."""
        with self.scratch() as place:
            report = instrument.run(attack, place)
        seen = server.take()
        if not len(seen.arrived):
            raise BenchError(f"{instrument.name} never reached the server")
        first = float(seen.arrived.min())
        start, end = first + 0.25 * attack.length, first + 0.9 * attack.length
        processor = report.usage.between(start, end) / max(1, seen.count(start, end))
        return Shot(report, seen, processor)


@contextmanager
def workshop(peers: Peers, extent: Extent) -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory(prefix="midnight-bench-") as place:
        yield Workshop(Path(place), peers, extent)
