"""Left behind: on a target that midnight did not start, everything touched by a step must be as before the run."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record.events import StepInjecting
from chaos.record.inventory import document
from chaos.record.inventory.differences import Comparison, compare

NAME = "left_behind"

TOLD = 3  # differences in the sentence; the evidence has all


def check(judged: Judged) -> list[Finding]:
    """No finding for a target that midnight started, or if no step began. Unknown if it cannot be compared."""
    journal = judged.journal
    if journal.manifest.started_by_us or not journal.every(StepInjecting):
        return []
    try:
        before, after = (
            document.load(path) for path in (journal.run.inventory_before, journal.run.inventory_after)
        )
    except ValueError as error:
        return [_finding(Outcome.UNKNOWN, f"what was left behind is unknown: {error}")]
    if before is None or after is None:
        when = "before the run" if before is None else "after it"
        return [_finding(Outcome.UNKNOWN, f"what was left behind is unknown: no inventory was taken {when}")]
    found = compare(before, after, journal.events)
    if found.left:
        told = [str(difference) for difference in found.left]
        more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
        return [_finding(Outcome.FAIL, f"left behind: {'; '.join(told[:TOLD])}{more}", found)]
    if found.unread:
        return [_finding(Outcome.UNKNOWN, f"what was left behind is unknown: {found.unread[0]}", found)]
    because = f"{many(len(before), 'thing')} compared: what the steps touched is as before"
    return [_finding(Outcome.PASS, because, found)]


def _finding(outcome: Outcome, because: str, found: Comparison | None = None) -> Finding:
    evidence = (
        {}
        if found is None
        else {
            "left": [str(each) for each in found.left],
            "noted": [str(each) for each in found.noted],
            "unread": list(found.unread),
        }
    )
    measured = None if found is None else float(len(found.left))
    return Finding(NAME, outcome, measured, 0.0, "count", because, evidence)
