"""When each request is due: a pure function of the seed.

Times are seconds from the zero of the schedule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from chaos.spec.experiment import Load

Times = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

GAP = 1.0
"""Minimum seconds without arrivals between baseline and play: the runner judges the steady state there. The play
begins later if requests of the baseline take longer than that to end."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of arrivals at one mean rate: [start, start + length) seconds, `rate` per second."""

    name: str
    start: float
    length: float
    rate: float

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Streams:
    """Independent random streams from one seed, so that changing the mix does not move the arrivals."""

    times: np.random.Generator
    mix: np.random.Generator
    items: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> Streams:
        times, mix, items = (
            np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(seed).spawn(3)
        )
        return cls(times, mix, items)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every request of a run, ordered by due time: three arrays of the same length."""

    due: Times
    route: Codes  # index into the routes of the mix, in the mix's order
    seq: Numbers  # of a write 1, 2, 3, ...; otherwise -1


def play_offset(load: Load) -> float:
    """The planned start of the play, in seconds from the schedule's zero; it is also the earliest."""
    return load.baseline.length + GAP


def segments(load: Load) -> list[Segment]:
    """The baseline at zero, then the phases in sequence from `play_offset`."""
    lengths = (phase.length for phase in load.phases)
    starts = accumulate(lengths, initial=play_offset(load))
    phases = [
        Segment(phase.name, start, phase.length, phase.rate)
        for phase, start in zip(load.phases, starts, strict=False)
    ]
    return [Segment("baseline", 0.0, load.baseline.length, load.baseline.rate), *phases]


def arrivals(stretches: Sequence[Segment], rng: np.random.Generator) -> Times:
    """The arrivals of a Poisson process over the segments, in order of time."""
    counts = [int(rng.poisson(segment.rate * segment.length)) for segment in stretches]
    parts = [
        segment.start + segment.length * np.sort(rng.random(count))
        for segment, count in zip(stretches, counts, strict=True)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def routes(n: int, mix: Mapping[str, float], rng: np.random.Generator) -> Codes:
    """`n` indices into the mix, each route with the probability of its weight."""
    edges = np.cumsum(list(mix.values()), dtype=np.float64)
    edges /= edges[-1]
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.uint8)


def sequence_numbers(route: Codes, writes: Collection[int]) -> Numbers:
    """1, 2, 3, ... for the hits whose route is in `writes`, in order of time; -1 for the others."""
    is_write = np.isin(route, np.array(sorted(writes), dtype=np.uint8))
    return np.where(is_write, np.cumsum(is_write), -1).astype(np.int64)


def items(route: Codes, counts: Sequence[int], rng: np.random.Generator) -> Numbers:
    """For each hit a uniform number from 1 to the count of its route (`counts` by index)."""
    highest = np.array(counts, dtype=np.int64)[route]
    return 1 + (rng.random(len(route)) * highest).astype(np.int64)


def schedule(load: Load, writes: Collection[str], seed: int) -> Schedule:
    """Every request of the load. `writes` are the routes of the mix that append to the ledger."""
    streams = Streams.of(seed)
    due = arrivals(segments(load), streams.times)
    route = routes(len(due), load.mix, streams.mix)
    ledger = [index for index, name in enumerate(load.mix) if name in writes]
    return Schedule(due, route, sequence_numbers(route, ledger))
