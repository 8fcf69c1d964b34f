"""The load of an experiment: phases of a mean rate, or rounds of an exact number of requests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from chaos.spec.broken import BrokenRule
from chaos.spec.rounds import Rate, Round, Rounds
from chaos.spec.units import Positive, Some
from chaos.spec.yamlfile import Model, Name, unique


class Phase(Model):
    """A stretch of the load with one mean rate."""

    name: Name
    length: Positive = Field(alias="for")
    rate: Rate  # requests per second; arrivals are a Poisson process


class Baseline(Model):
    """What the target must achieve under load before anything is injected."""

    length: Positive = Field(alias="for")
    rate: Rate
    availability: Some = 0.99
    p99: Positive = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the play with one rate, in requests per second; 0: idle.

    With a `count`, exactly so many requests, evenly spaced: of one `route`, or of all in turn.
    """

    name: str
    length: float  # seconds
    rate: float
    count: int | None = None
    route: str | None = None


class Load(Model):
    """An open loop: arrivals are decided in advance, nothing slows them, nothing is retried."""

    timeout: Positive  # of one request, seconds
    mix: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=1)  # weight by route
    baseline: Baseline
    phases: tuple[Phase, ...] = ()
    rounds: Rounds | None = None  # in place of phases

    def broken_rules(self) -> Iterator[BrokenRule]:
        if not self.phases and self.rounds is None:
            yield BrokenRule("a load has `phases` or `rounds`")
        if self.phases and self.rounds is not None:
            yield BrokenRule("a load has either `phases` or `rounds`", "rounds")
        if self.rounds is not None and len(set(self.mix.values())) > 1:
            yield BrokenRule("in rounds each route gets the same requests: give each the weight 1", "mix")

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The parts of the play, in sequence."""
        if self.rounds is None:
            return tuple(Stretch(phase.name, phase.length, phase.rate) for phase in self.phases)
        return tuple(stretches_of(self.rounds.first(tuple(self.mix))))

    @property
    def length(self) -> float:
        """Length of the play in seconds."""
        return sum(stretch.length for stretch in self.stretches)

    def expected(self, start: float = 0.0) -> float:
        """Return the expected number of requests from `start` seconds into the play on."""
        found, begin = 0.0, 0.0
        for stretch in self.stretches:
            found += stretch.rate * max(0.0, begin + stretch.length - max(start, begin))
            begin += stretch.length
        return found

    def most(self, length: float, route: str | None = None) -> float:
        """Return an upper bound (six sigma) of the requests of a route, or of all, due in any `seconds` of a play."""
        share = 1.0 if route is None or self.rounds else self.mix[route] / sum(self.mix.values())
        busiest = max(stretch.rate for stretch in self.stretches) * min(length, self.length)
        mean = share * min(busiest, self.expected())
        return mean + 6 * math.sqrt(mean) + 6

    @field_validator("phases")
    @classmethod
    def _named_once(cls, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
        return unique(phases, "phase")


def stretches_of(rounds: Iterable[Round]) -> Iterator[Stretch]:
    """The parts of rounds: their requests, and their idle times."""
    for each in rounds:
        if each.requests:
            yield Stretch(each.name, each.length, each.rate, each.requests, each.route)
        yield Stretch(f"{each.name}, idle" if each.requests else each.name, each.idle, 0.0, 0)
