"""The stretches of a run's load, at one rate each. Times are seconds from the zero of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from chaos.spec.load import Load

GAP = 1.0
"""Minimum seconds without arrivals between baseline and play: the runner judges the steady state there. The play
begins later if requests of the baseline take longer than that to end."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of arrivals at one rate: [start, start + length) seconds, `rate` per second.

    With a `count` exactly so many, evenly spaced: of the one route with index `only`, or of all in turn.
    """

    name: str
    start: float
    length: float
    rate: float
    count: int | None = None
    only: int | None = None

    @property
    def end(self) -> float:
        return self.start + self.length


def play_offset(load: Load) -> float:
    """The planned start of the play, in seconds from the schedule's zero; it is also the earliest."""
    return load.baseline.length + GAP


def segments(load: Load) -> list[Segment]:
    """The baseline at zero, then the parts of the play in sequence from `play_offset`."""
    stretches, names = load.stretches, list(load.mix)
    starts = accumulate((stretch.length for stretch in stretches), initial=play_offset(load))
    parts = [
        Segment(
            part.name,
            start,
            part.length,
            part.rate,
            part.count,
            None if part.route is None else names.index(part.route),
        )
        for part, start in zip(stretches, starts, strict=False)
    ]
    return [Segment("baseline", 0.0, load.baseline.length, load.baseline.rate), *parts]


def pauses(load: Load) -> list[float]:
    """When the load waits for the end of what was sent before: after the baseline, and after each round but the last.

    Seconds from the schedule's zero.
    """
    parts = segments(load)
    sending = [part for part in parts[1:] if part.count]
    return [parts[0].end, *(part.end for part in sending[:-1])]
