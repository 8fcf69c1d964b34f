"""Whether the good answers of a route looked in the play as they did in the baseline: their type, length and names.

A route that expects no more than a 200 takes an error page with a 200 for good. What changed is a warning, and no more:
a service may well answer otherwise at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.spec.units import show_seconds

LEAST = 2
"""Lines about the baseline that there have to be: one says little of what is usual."""
FACTOR, SLACK = 2.0, 64
"""Lengths are usual up to twice the longest and down to half of the shortest, and 64 bytes beyond."""

Look = dict[str, Any]
"""What was seen of one answer, as the load process tells it."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How the answers of a route looked in the baseline."""

    types: frozenset[str]
    shortest: int
    longest: int
    names: frozenset[str] | None  # None where the baseline had new ones all the time
    always: frozenset[str] | None  # names that each had; None where not all of them have names

    def strange(self, look: Look) -> str | None:
        """What is not usual about an answer."""
        kind, length, names = look["type"], look["length"], look["names"]
        if kind not in self.types:
            return f"{kind or 'no content type'} instead of {' or '.join(sorted(self.types)) or 'none'}"
        if self.always is not None and names is None:
            return "nothing to parse, where there was JSON"
        if self.names is not None and names is not None and (new := sorted(set(names) - self.names)):
            return f"{', '.join(new[:3])}, which the baseline did not have"
        if self.always is not None and (gone := sorted(self.always - set(names or ()))):
            return f"no {', '.join(gone[:3])}, which the baseline always had"
        if not self.shortest / FACTOR - SLACK <= length <= self.longest * FACTOR + SLACK:
            return f"{length} bytes, where it was {self.shortest} to {self.longest}"
        return None


def check(judged: Judged) -> list[Finding]:
    """A warning for each route whose answers in the play were not as usual; nothing else."""
    journal = judged.journal
    baseline, play = journal.baseline, journal.play
    if baseline is None or play is None or not journal.answers:
        return []
    routes = journal.hits_header.routes
    return [
        finding
        for code, name in enumerate(routes)
        for finding in _judge(name, [look for look in journal.answers if look["route"] == code], play.start)
    ]


def _judge(route: str, looks: Sequence[Look], play: float) -> Iterator[Finding]:
    before = [look for look in looks if look["at"] < play]
    if len(before) < LEAST:
        return
    usual = _usual(before)
    strange = [(look["at"], why) for look in looks if look["at"] >= play and (why := usual.strange(look))]
    if not strange:
        return
    first, why = strange[0]
    after = len(looks) - len(before)
    at = show_seconds(round(first - play, 1))
    because = (
        f"{route} was answered otherwise than in the baseline: first {at} into the play, "
        f"with {why} ({len(strange)} of {many(after, 'answer')} looked into); say in the route's `expect` what is good"
    )
    evidence = {
        "looked_into": after,
        "strange": len(strange),
        "first": first - play,
        "kinds": dict.fromkeys(list(dict.fromkeys(why for _, why in strange))[:10]),
    }
    yield Finding("answers", route, Outcome.WARNING, float(len(strange)), None, "count", because, evidence)


def _usual(looks: Sequence[Look]) -> Usual:
    lengths = [look["length"] for look in looks]
    named = [frozenset(look["names"]) for look in looks if look["names"] is not None]
    union = frozenset[str]().union(*named)
    return Usual(
        types=frozenset(look["type"] for look in looks),
        shortest=min(lengths),
        longest=max(lengths),
        names=union if frozenset[str]().union(*named[: len(named) // 2]) == union else None,
        always=named[0].intersection(*named) if len(named) == len(looks) else None,
    )
