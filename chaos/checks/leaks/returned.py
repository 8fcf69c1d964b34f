"""Returned: what the service held more of during the play, it holds no longer afterwards. A warning, never a verdict:
without doses a pool that has grown cannot be distinguished from a leak."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.leaks import resources
from chaos.checks.leaks.points import identity, totals
from chaos.checks.leaks.told import thing
from chaos.checks.text import amount
from chaos.record.events import QuietPoint
from chaos.spec.units import show_seconds

NAME = "returned"
BEFORE, AFTER = "before the play", "after the play"

_COMPARED = tuple(each.name for each in resources.ALL if each.returned)
SHARE, LEAST = 0.1, 2
"""What may be left: a tenth more, or two of each process, such as a resolver's threads."""


def check(judged: Judged) -> list[Finding]:
    """One finding; none where the service's processes could not be read."""
    points = {each.name: each for each in judged.journal.every(QuietPoint)}
    before, after = points.get(BEFORE), points.get(AFTER)
    if before is None or after is None or not before.processes:
        return []
    if identity(before) != identity(after):
        because = "the service's processes are not those of before the play"
        return [Finding("resources", Outcome.NOT_EXERCISED, None, None, "", because)]
    left = kept(before, after)
    evidence = {"before": totals(before), "after": totals(after)}
    seconds = show_seconds(round(after.seconds or 0.0, 1))
    if not left:
        because = f"descriptors, threads and sessions were back {seconds} after the play"
        return [Finding("resources", Outcome.PASS, None, None, "", because, evidence)]
    more = ", ".join(f"{amount(count)} more {thing(resource, count)}" for resource, count in left.items())
    because = f"{more} still held {seconds} after the play than before it; midnight run leaks tells whether they leak"
    return [Finding("resources", Outcome.WARNING, None, None, "", because, evidence)]


def kept(before: QuietPoint, after: QuietPoint) -> dict[str, float]:
    """What is held more of than before, by more than may be left."""
    then, now = totals(before), totals(after)
    # of a pool that has grown: kept on purpose, each with a socket of the service's
    pooled = max(0.0, now.get(resources.IDLE_SESSIONS, 0.0) - then.get(resources.IDLE_SESSIONS, 0.0))
    found = {}
    for resource in _COMPARED:
        more = now.get(resource, 0.0) - then.get(resource, 0.0)
        more -= pooled if resource == "descriptors:socket" else 0.0
        if more > max(SHARE * then.get(resource, 0.0), LEAST * len(before.processes)):
            found[resource] = more
    return found
