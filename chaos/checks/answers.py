"""Compare a route's good answers in the play with those in the baseline: type, length and names.

A route that only expects a 200 counts an error page with a 200 as good. A change is only a warning: a service may
have reasons to answer differently at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record.answered import EXAMINED
from chaos.spec.units import show_seconds

NAME = "answers"

LEAST = 2
"""Least number of answers recorded in the baseline to know what is usual."""
FACTOR, SLACK = 2.0, 64
"""Usual lengths are from half of the shortest to twice the longest, plus or minus 64 bytes."""

Look = dict[str, Any]
"""What the load process recorded of one answer."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A route's answers in the baseline."""

    types: frozenset[str]
    shortest: int
    longest: int
    names: frozenset[str] | None  # None if the baseline kept having new ones
    always: frozenset[str] | None  # names in every answer; None if some have no names

    def strange(self, look: Look) -> str | None:
        """Return what is unusual about an answer."""
        kind, length, names = look["type"], look["length"], look["names"]
        if kind not in self.types:
            return f"{kind or 'no content type'} instead of {' or '.join(sorted(self.types)) or 'none'}"
        examined = length <= EXAMINED
        if self.always is not None and names is None and examined:
            return "no JSON, unlike the baseline"
        if self.names is not None and names is not None and (new := sorted(set(names) - self.names)):
            return f"{', '.join(new[:3])}, new since the baseline"
        if self.always is not None and examined and (gone := sorted(self.always - set(names or ()))):
            return f"no {', '.join(gone[:3])}, always present in the baseline"
        if not self.shortest / FACTOR - SLACK <= length <= self.longest * FACTOR + SLACK:
            return f"{length} bytes instead of {self.shortest} to {self.longest}"
        return None


def check(judged: Judged) -> list[Finding]:
    """Return a warning for each route with unusual answers in the play; nothing else."""
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
        f"{route} answers differ from the baseline: first {at} into the play, "
        f"with {why} ({len(strange)} of {many(after, 'answer')} examined); define a good answer in the route's `expect`"
    )
    evidence = {
        "looked_into": after,
        "strange": len(strange),
        "first": first - play,
        "kinds": dict.fromkeys(list(dict.fromkeys(why for _, why in strange))[:10]),
    }
    yield Finding(route, Outcome.WARNING, float(len(strange)), None, "count", because, evidence)


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
