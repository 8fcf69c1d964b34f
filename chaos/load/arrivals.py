"""When each request is due: a pure function of the seed.

Times are seconds from the zero of the schedule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chaos.load.segments import Segment, segments
from chaos.spec.load import Load

Times = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


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


def arrivals(stretches: Sequence[Segment], rng: np.random.Generator) -> Times:
    """The arrivals over the segments, in order of time: of a Poisson process, or of a count evenly spaced."""
    parts = []
    counts = [int(rng.poisson(each.rate * each.length)) for each in stretches if each.count is None]
    drawn = iter(counts)
    for segment in stretches:
        if segment.count is None:
            parts.append(segment.start + segment.length * np.sort(rng.random(next(drawn))))
        else:
            parts.append(segment.start + segment.length * evenly(segment.count))
    return np.concatenate(parts) if parts else np.empty(0)


def evenly(count: int) -> Times:
    """`count` instants of [0, 1), equally far apart."""
    return np.arange(count, dtype=np.float64) / max(count, 1)


def routes(n: int, mix: Mapping[str, float], rng: np.random.Generator) -> Codes:
    """`n` indices into the mix, each route with the probability of its weight."""
    edges = np.cumsum(list(mix.values()), dtype=np.float64)
    edges /= edges[-1]
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.uint8)


def in_turn(segment: Segment, mix: Mapping[str, float]) -> Codes:
    """The routes of a segment with a count."""
    count = segment.count or 0
    if segment.only is not None:
        return np.full(count, segment.only, np.uint8)
    return (np.arange(count) % len(mix)).astype(np.uint8)


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
    parts = segments(load)
    due = arrivals(parts, streams.times)
    route = routes(len(due), load.mix, streams.mix)
    counted = [in_turn(part, load.mix) for part in parts if part.count is not None]
    if counted:  # rounds: all but the baseline
        of_rounds = np.concatenate(counted)
        route[len(route) - len(of_rounds) :] = of_rounds
    ledger = [index for index, name in enumerate(load.mix) if name in writes]
    return Schedule(due, route, sequence_numbers(route, ledger))
