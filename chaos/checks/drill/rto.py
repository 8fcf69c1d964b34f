"""The RTO of a drill: from the loss until the service is back, and how that time was spent.

The service is back at the due time of the first hit of sustained good service (the end of the outage begun by
the loss), and once the drill's `until`, a runbook step, has ended. A later outage counts with its own length:
the worst counts. Parts not performed are assumed by the target file and count against the budget; if it
assumes nothing, the RTO is called technical. It is one number in every report: what of it the experiment itself chose,
by holding the loss, is said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.drill.incident import Incident, RunbookStepRun, assumed
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.judged import Judged
from chaos.checks.outage import Outage
from chaos.checks.text import as_bound
from chaos.spec.drill import Drill
from chaos.spec.units import show_seconds

HELD = "held by midnight"
"""The span in which the loss was kept in force."""

_SAME = 1e-6  # seconds: the same two instants, subtracted in another order


@dataclass(frozen=True, slots=True)
class Return:
    """When the service was back, by one reading of the hits; None if it was not. `rto` in seconds, at least."""

    back: float | None
    rto: float
    felt: bool  # there was an outage


def judge(judged: Judged, readings: Sequence[list[Outage]], observed: float) -> Finding:
    """`readings` are the outages as seen, at best and at worst; `observed` is the end of the observation. An outage not
    observed to its end fails only what it had broken by then."""
    experiment, loss, known = judged.experiment, judged.incident, assumed(judged.journal)
    drill, budget, limit = experiment.drill, experiment.budget.rto, experiment.limits.rto
    allowed = budget if limit is None else limit
    if drill is None or loss is None:
        return Finding("rto", Outcome.UNKNOWN, None, allowed, "s", "the loss never happened")
    steps = judged.runbook_steps
    seen, best, worst = (_return(found, drill, steps, loss, observed) for found in readings)
    extra = sum((known or {}).values())

    def within(one: Return) -> bool:
        return one.rto <= (one.rto if limit is None else limit) and one.rto + extra <= budget

    held = _held(judged, drill, loss, seen.back)
    evidence = {
        "loss": loss.begun,
        "back": seen.back,
        "held": held,
        "out": seen.felt,
        "until": drill.until,
        "assumed": dict(known or {}),
        "spans": spans(steps, loss, seen.back, held),
        "breakable": observed - loss.begun + extra > budget or limit is not None,
    }
    if drill.outage and not (seen.felt and best.felt):
        because = "no outage after the loss, so no RTO could be measured"
        return Finding("rto", Outcome.UNKNOWN, None, allowed, "s", because, evidence)
    kept = worst.back is not None and within(worst)
    outcome = bounded(kept, kept or within(best))
    if outcome is Outcome.PASS and not evidence["breakable"]:
        outcome = Outcome.NOT_EXERCISED
    because = _sentence(seen, outcome, allowed, budget, known, held, drill)
    least = seen.back is None
    return Finding("rto", outcome, seen.rto, allowed, "s", because, evidence, lower_bound=least)


def _held(judged: Judged, drill: Drill, loss: Incident, back: float | None) -> float:
    """Return the seconds for which midnight itself kept the loss in force, if the runbook waits for its end: the
    experiment chose them, and they are no part of what anyone had to recover from.

    A request that was waiting when the hold ended may be good, and is due before that end. A service that was back
    earlier than any request waits has recovered by itself: nothing was held."""
    span = next((each for each in judged.spans if each.step == drill.loss), None)
    waits = any(step.after == drill.loss for step in drill.runbook)
    if not waits or span is None or span.end is None or back is None:
        return 0.0
    if span.end > back + judged.experiment.load.timeout:
        return 0.0
    return min(span.acted_until(back), back) - loss.begun


def _return(
    found: list[Outage], drill: Drill, steps: list[RunbookStepRun], loss: Incident, observed: float
) -> Return:
    after = [outage for outage in found if outage.end is None or outage.end > loss.begun]
    ends: list[float | None] = [outage.end for outage in after[:1]]
    lengths = [outage.length for outage in after[1:]]
    if drill.until is not None:
        ends += [step.ended for step in steps if step.name == drill.until]
    known = [end for end in ends if end is not None]
    whole = len(known) == len(ends) and all(outage.end is not None for outage in after)
    back = max(known, default=loss.begun)
    rto = max([(back if whole else observed) - loss.begun, *lengths])
    return Return(back if whole else None, rto, bool(after))


def spans(
    steps: list[RunbookStepRun], loss: Incident, back: float | None, held: float = 0.0
) -> list[dict[str, Any]]:
    """Split the time from the loss until the service was back at the end of each step: name, start, seconds. The first
    `held` seconds are midnight's own. A span that is not all of its step's time, or more than it, has a `note`."""
    found: list[dict[str, Any]] = []
    reached = loss.begun + held
    if held:
        found.append({"name": HELD, "start": loss.begun, "seconds": held})
    over = [(step.over, step) for step in steps if step.over is not None and step.over > reached]
    for at, step in sorted(over, key=lambda each: (each[0], each[1].name)):
        if back is not None and reached >= back:
            break
        end = at if back is None else min(at, back)
        found.append(
            {"name": step.name, "start": reached, "seconds": end - reached, **_noted(step, end - reached)}
        )
        reached = end
    if back is not None and reached < back:
        found.append({"name": "clients come back", "start": reached, "seconds": back - reached})
    return found


def _noted(step: RunbookStepRun, seconds: float) -> dict[str, str]:
    took = seconds if step.took is None else step.took
    if abs(took - seconds) < _SAME:
        return {}
    return {"note": "part" if seconds < took else "with the wait before it"}


def shown(finding: Finding | None) -> str:
    """Return the measured RTO as every report says it, with what of it midnight held; empty if not measured."""
    if finding is None or finding.measured is None:
        return ""
    took = as_bound(show_seconds(finding.measured), finding.unit, lower_bound=finding.lower_bound)
    return f"{took}{held_of(finding.evidence)}"


def held_of(evidence: Mapping[str, Any]) -> str:
    """Return what to say beside an RTO of the time for which the experiment itself kept the loss in force."""
    held = float(evidence.get("held") or 0.0)
    return f", of which {show_seconds(held)} {HELD}" if held else ""


def _sentence(
    seen: Return,
    outcome: Outcome,
    allowed: float,
    budget: float,
    known: Mapping[str, float] | None,
    held: float,
    drill: Drill,
) -> str:
    word = "technical RTO" if known is None else "RTO"
    least = "" if seen.back is not None else "> "
    text = f"{word} {least}{show_seconds(seen.rto)}"
    if seen.back is None:
        missed = "not back" if seen.felt else f"{drill.until} not done"
        text += f", {missed} when the observation ended, {show_seconds(allowed)} allowed"
    elif outcome is Outcome.UNKNOWN:
        text += f" undecided by indeterminate hits, {show_seconds(allowed)} allowed"
    else:
        text += f" {'≤' if seen.rto <= allowed else '>'} {show_seconds(allowed)}"
    text += held_of({"held": held})
    if known is not None:
        parts = ", ".join(f"{name} {show_seconds(value)}" for name, value in known.items())
        total = seen.rto + sum(known.values())
        text += f"; {show_seconds(total)} with what is assumed ({parts})"
        text += f" {'≤' if total <= budget else '>'} budget {show_seconds(budget)}"
    if outcome is Outcome.NOT_EXERCISED:
        text += f", but not evidence: so short a play could not break the budget of {show_seconds(budget)}"
    return text
