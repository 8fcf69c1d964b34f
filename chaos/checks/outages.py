"""The outages of a play and their recoveries: proven, possible, and with every indeterminate hit good or bad.

The recovery is what the target alone accounts for: the longest stretch of an outage during which no step acted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chaos.checks.exact import Flags, Times
from chaos.checks.observation import Observation
from chaos.checks.outage import Outage, lasting, proven
from chaos.checks.spans import StepSpan
from chaos.record.journal import Span
from chaos.spec.experiment import Outage as Rule


@dataclass(frozen=True, slots=True)
class Account:
    """The outages of one reading of the hits, each with its recovery in seconds."""

    found: list[Outage]
    recoveries: list[float]
    left_alone: list[float]  # seconds of each in which no step acted, all stretches together

    @property
    def recovered(self) -> bool:
        return all(outage.end is not None for outage in self.found)

    @property
    def unwatched(self) -> float | None:
        """Since when service was good at the end of an observation too short for sustained service."""
        return self.found[-1].good_since if self.found else None

    def kindly(self, spans: list[StepSpan]) -> Account:
        """The same, if service that was good at the end of the observation had stayed good for long enough."""
        if self.unwatched is None:
            return self
        found = [*self.found[:-1], replace(self.found[-1], end=self.unwatched)]
        return account(found, spans)

    @property
    def down(self) -> bool:
        """Whether service was out at the end of the observation."""
        return not self.recovered and self.unwatched is None

    @property
    def recovery(self) -> float:
        """The longest, 0 without an outage; a lower bound for one not observed to its end."""
        return max(self.recoveries, default=0.0)

    @property
    def rto(self) -> float:
        """The length of the worst outage, 0 without one."""
        return max((outage.length for outage in self.found), default=0.0)

    def came_back_alone(self, spans: list[StepSpan]) -> bool:
        """Return True if an outage ended while no step acted: only that is a recovery."""
        ended = [outage for outage in self.found if outage.end is not None]
        return any(
            (parts := alone(outage, spans)) and parts[-1].end == outage.start + outage.length
            for outage in ended
        )

    def to_json(self) -> list[dict[str, float | None]]:
        """Each outage, on the run clock. `held`: the part of its length in which a step acted; `alone`: the rest;
        `recovery`: the longest stretch of that."""
        return [
            {
                "start": outage.start,
                "end": outage.end,
                "length": outage.length,
                "recovery": recovery,
                "alone": left,
                "held": outage.length - left,
            }
            for outage, recovery, left in zip(self.found, self.recoveries, self.left_alone, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Readings:
    """The proven outages, as seen and with every indeterminate hit good; and the possible ones, as seen and with every
    indeterminate hit bad."""

    seen: Account
    possible: Account
    at_best: Account
    at_kindest: Account  # at best, counting a good end observed for too short a time as a recovery
    at_worst: Account
    play: float  # seconds of the planned play
    sustained: float  # seconds of good service that count as a recovery

    def evidence(self) -> dict[str, Any]:
        return {
            "outages": self.seen.to_json(),
            "recovered": self.seen.recovered,
            "worst_outage": self.seen.rto,
            "recovery": self.seen.recovery,
            "possible": self.possible.to_json(),
            "at_best": self.at_best.to_json(),
            "at_worst": self.at_worst.to_json(),
        }

    @property
    def too_few(self) -> bool:
        """True if proven and possible differ because of too few hits, not because of indeterminate ones."""
        return self.at_worst == self.possible and self.at_best == self.seen


Find = Callable[[Times, Flags, float, float, Rule], list[Outage]]
"""Finds outages among hits."""


def undisturbed(outage: Outage, spans: list[StepSpan]) -> float:
    """Return seconds of the longest stretch of the outage during which no step acted. `spans` are in order."""
    return max((stretch.end - stretch.start for stretch in alone(outage, spans)), default=0.0)


def alone(outage: Outage, spans: list[StepSpan]) -> list[Span]:
    """Return the stretches of the outage during which no step acted, in order; empty ones are left out."""
    end, reached, found = outage.start + outage.length, outage.start, []
    for span in spans:
        found.append(Span(reached, min(span.start, end)))
        reached = max(reached, min(span.acted_until(end), end))
    found.append(Span(reached, end))
    return [stretch for stretch in found if stretch.end > stretch.start]


def account(found: list[Outage], spans: list[StepSpan]) -> Account:
    """Return the outages with what of them was the target's own."""
    parts = [[stretch.end - stretch.start for stretch in alone(outage, spans)] for outage in found]
    return Account(found, [max(each, default=0.0) for each in parts], [sum(each) for each in parts])


def read(observation: Observation, whole: Observation, spans: list[StepSpan], rule: Rule) -> Readings:
    """Read the play's outages. `whole`: beyond its planned end, if it was watched for longer."""

    def of(find: Find, due: Times, good: Flags, end: float) -> Account:
        return account(find(due, good, observation.start, end, rule), spans)

    due = whole.due
    counted = whole.offered & (due < whole.ended)
    watched = slice(None) if counted.all() else counted
    # after an abort, service is watched until it is back: the unplayed rest does not matter
    asked, end = (counted, whole.ended) if whole.watched_on else (slice(None), whole.end)
    seen = due[watched], whole.good[watched], whole.ended
    at_best = of(proven, due[asked], whole.at_best[asked], end)
    return Readings(
        seen=of(proven, *seen),
        possible=of(lasting, *seen),
        at_best=at_best,
        at_kindest=at_best.kindly(spans),
        at_worst=of(lasting, due[asked], whole.at_worst[asked], end),
        play=observation.end - observation.start,
        sustained=rule.sustained,
    )
