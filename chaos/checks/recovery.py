"""Recovery against the limit, and RTO against the budget, from the outages of the play.

An outage is as long as it is, including its cause: `limits.outage` and the budget's RTO judge the worst one as a whole,
and the finding says how much of it passed while a fault acted. Recovery is what the target alone accounts for: the
longest stretch of an outage during which no fault acted. It runs from the end of a fault's act, not of its hold, to the
return of service or the next step; a service that was back while a fault still acted has shown no recovery. In a
drill the RTO counts from the loss, see `drill/rto`,
and the recovery is up to its operators: it is not judged apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.checks.drill import rto as drill_rto
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.judged import Judged
from chaos.checks.observation import Observation
from chaos.checks.outage import Outage
from chaos.checks.outages import Account, Readings, undisturbed
from chaos.checks.spans import StepSpan
from chaos.spec.units import show_seconds

NAME = "recovery"


def check(judged: Judged) -> list[Finding]:
    """`outage` against limits.outage, `recovery` against limits.recovery and `rto` against budget.rto."""
    experiment = judged.experiment
    limit, budget = experiment.limits.recovery, experiment.budget.rto
    observation, readings = judged.observation, judged.outages
    if observation is None or readings is None or len(observation) == 0:
        because = "no hit was due in the play, so no outage could be seen"
        asked = [("recovery", limit), ("rto", budget)]
        asked = asked if experiment.limits.outage is None else [("outage", experiment.limits.outage), *asked]
        return [Finding(name, Outcome.UNKNOWN, None, allowed, "s", because) for name, allowed in asked]
    whole = _judge_outage(experiment.limits.outage, readings)
    if experiment.drill is not None:
        three = [each.found for each in (readings.seen, readings.at_kindest, readings.at_worst)]
        rto = drill_rto.judge(judged, three, observation.ended)
        return [*whole, replace(rto, evidence={**rto.evidence, "outages": readings.seen.to_json()})]
    free = _free(judged.spans, observation)
    came_back = readings.seen.came_back_alone(judged.spans)
    return [*whole, _judge_recovery(limit, free, readings, came_back=came_back), _judge_rto(budget, readings)]


def _free(spans: list[StepSpan], observation: Observation) -> float:
    """Return seconds of the longest stretch from the first step on in which no step acted: the longest recovery
    possible."""
    start = spans[0].start if spans else observation.start
    return undisturbed(Outage(start, observation.end, observation.end), spans)


def _judge_outage(limit: float | None, readings: Readings) -> list[Finding]:
    """The worst outage, its cause included; no finding without a limit."""
    if limit is None:
        return []
    seen = readings.seen
    kept = readings.at_worst.recovered and readings.at_worst.rto <= limit
    outcome = bounded(kept, kept or readings.at_kindest.rto <= limit)
    if outcome is Outcome.UNKNOWN:
        because = f"worst outage {_undecided(readings, seen.rto, readings.at_worst.rto)}, {show_seconds(limit)} allowed"
    elif not seen.found:
        because = f"no outage, {show_seconds(limit)} allowed"
    else:
        sign = "≤" if outcome is Outcome.PASS else ">"
        because = (
            f"worst outage {_least(seen)}{show_seconds(seen.rto)} {sign} {show_seconds(limit)}{_split(seen)}"
        )
    return [_finding("outage", outcome, seen.rto, limit, because, readings)]


def _split(seen: Account) -> str:
    """How much of the worst outage passed while a fault acted."""
    index = max(range(len(seen.found)), key=lambda each: seen.found[each].length)
    alone, length = seen.left_alone[index], seen.found[index].length
    if alone <= 0:
        return " (a fault acted throughout)"
    if alone >= length:
        return " (no fault acted)"
    return f" ({show_seconds(length - alone)} while a fault acted, {show_seconds(alone)} alone)"


def _judge_recovery(limit: float | None, free: float, readings: Readings, *, came_back: bool) -> Finding:
    seen, most = readings.seen, float("inf") if limit is None else limit
    kept = readings.at_worst.recovered and readings.at_worst.recovery <= most
    outcome = bounded(kept, kept or readings.at_kindest.recovery <= most)
    asked = "no limit is set" if limit is None else f"{show_seconds(limit)} allowed"
    if outcome is Outcome.UNKNOWN:
        outcome = Outcome.NOT_EXERCISED if limit is None and not readings.at_worst.down else outcome
        because = f"recovery {_undecided(readings, seen.recovery, readings.at_worst.recovery)}, {asked}"
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, _no_outage(readings)
    elif outcome is Outcome.FAIL:
        took = f"{_least(seen)}{show_seconds(seen.recovery)}"
        because = f"recovery {took} > {show_seconds(most)} (time out with no fault acting)"
    elif limit is None:
        outcome, because = Outcome.NOT_EXERCISED, f"recovery {show_seconds(seen.recovery)}, {asked}"
    elif free <= limit:
        outcome = Outcome.NOT_EXERCISED
        because = (
            f"recovery {show_seconds(seen.recovery)}, but not evidence: "
            f"at most {show_seconds(free)} without a step, which could not break {show_seconds(limit)}"
        )
    elif seen.recovered and not came_back:
        outcome = Outcome.NOT_EXERCISED
        because = "no recovery to judge: the service was back while a fault still acted"
    else:
        because = (
            f"recovery {show_seconds(seen.recovery)} ≤ {show_seconds(limit)} (time out with no fault acting)"
        )
    shown = seen.found and (came_back or outcome is Outcome.FAIL or not seen.recovered)
    measured = seen.recovery if shown else None
    return _finding("recovery", outcome, measured, limit, because, readings)


def _judge_rto(budget: float, readings: Readings) -> Finding:
    seen, breakable = readings.seen, readings.play > budget
    kept = readings.at_worst.recovered and readings.at_worst.rto <= budget
    outcome = bounded(kept, kept or readings.at_kindest.rto <= budget)
    if outcome is Outcome.UNKNOWN:
        outcome = outcome if breakable or readings.at_worst.down else Outcome.NOT_EXERCISED
        because = (
            f"RTO {_undecided(readings, seen.rto, readings.at_worst.rto)}, budget {show_seconds(budget)}"
        )
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, _no_outage(readings)
    elif outcome is Outcome.PASS and not breakable:
        outcome = Outcome.NOT_EXERCISED
        because = (
            f"RTO {show_seconds(seen.rto)}, but not evidence: a play of {show_seconds(readings.play)} could not break "
            f"the budget of {show_seconds(budget)}"
        )
    else:
        sign = "≤" if outcome is Outcome.PASS else ">"
        because = f"RTO {_least(seen)}{show_seconds(seen.rto)} {sign} {show_seconds(budget)}"
    measured = seen.rto if seen.found else None
    return _finding("rto", outcome, measured, budget, because, readings, breakable=breakable)


def _finding(
    name: str,
    outcome: Outcome,
    measured: float | None,
    allowed: float | None,
    because: str,
    readings: Readings,
    **more: Any,
) -> Finding:
    evidence = {**readings.evidence(), **more}
    least = measured is not None and not readings.seen.recovered
    return Finding(name, outcome, measured, allowed, "s", because, evidence, lower_bound=least)


def _least(seen: Account) -> str:
    """Prefix of the length of an outage that outlasted the observation."""
    return "" if seen.recovered else "at least "


def _no_outage(readings: Readings) -> str:
    if not readings.possible.found:
        return "no outage to recover from"
    longest = show_seconds(readings.possible.rto)
    return f"no outage to recover from: too few bad hits to prove one, at most {longest}"


def _undecided(readings: Readings, low: float, high: float) -> str:
    """Explain why neither was proven; the figure in seconds, proven and possible."""
    if readings.seen.down:
        return (
            f"> {show_seconds(low)}: not recovered at the end of the observation, and nothing broken by then"
        )
    if readings.seen.unwatched is not None:
        return _unwatched(readings)
    if readings.too_few:
        return f"between {show_seconds(low)} and {show_seconds(high)}: too few hits to tell"
    return f"undecided by indeterminate hits: {_range(readings)}"


def _unwatched(readings: Readings) -> str:
    outage = readings.seen.found[-1]
    good = outage.observed - (outage.good_since or outage.observed)
    return f"not observed long enough: {show_seconds(good)} of {show_seconds(readings.sustained)} of good service"


def _range(readings: Readings) -> str:
    def of(account: Account) -> str:
        if not account.found:
            return "no outage"
        return f"worst outage {'' if account.recovered else '> '}{show_seconds(account.rto)}"

    return f"{of(readings.at_best)} at best, {of(readings.at_worst)} at worst"
