"""Recovery against the limit, and RTO against the budget, from the outages of the play.

RTO is the length of the worst outage, the cause included. Recovery is what the target alone answers for:
the longest stretch of an outage during which no step acted. So while a step is held the clock stands, and
it runs from each undo to the return of service or to the next step. In a drill the RTO counts from the
instant of the loss, see `drill_rto`, and the recovery is its operators': it is not judged apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chaos.checks.drill import rto as drill_rto
from chaos.checks.exact import Flags, Times
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.observation import Observation, observe
from chaos.checks.outage import Outage, lasting, proven
from chaos.checks.spans import StepSpan, step_spans
from chaos.checks.text import seconds
from chaos.record.journal import Journal
from chaos.spec.experiment import Experiment
from chaos.spec.experiment import Outage as Rule


@dataclass(frozen=True, slots=True)
class Account:
    """The outages of one reading of the hits, each with its recovery in seconds."""

    found: list[Outage]
    recoveries: list[float]

    @property
    def recovered(self) -> bool:
        return all(outage.end is not None for outage in self.found)

    @property
    def unwatched(self) -> float | None:
        """Since when service was good at the end of an observation too short to call it sustained."""
        return self.found[-1].good_since if self.found else None

    def kindly(self, spans: list[StepSpan]) -> Account:
        """The same, were service that was good when the observation ended good for long enough."""
        if self.unwatched is None:
            return self
        found = [*self.found[:-1], replace(self.found[-1], end=self.unwatched)]
        return Account(found, [undisturbed(outage, spans) for outage in found])

    @property
    def down(self) -> bool:
        """Whether service was out when the observation ended."""
        return not self.recovered and self.unwatched is None

    @property
    def recovery(self) -> float:
        """The longest, 0 without an outage; of one not observed to its end so far."""
        return max(self.recoveries, default=0.0)

    @property
    def rto(self) -> float:
        """The length of the worst outage, 0 without one."""
        return max((outage.length for outage in self.found), default=0.0)

    def to_json(self) -> list[dict[str, float | None]]:
        """Each outage: times of the run clock; `held` is what of its length was not the target's own."""
        return [
            {
                "start": outage.start,
                "end": outage.end,
                "length": outage.length,
                "recovery": recovery,
                "held": outage.length - recovery,
            }
            for outage, recovery in zip(self.found, self.recoveries, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Readings:
    """The outages that are proven: as they were seen, and were every indeterminate hit good; and those that are
    possible, as they were seen, and were every indeterminate hit bad."""

    seen: Account
    possible: Account
    at_best: Account
    at_kindest: Account  # at best, and a good end that was observed for too short a time a recovery
    at_worst: Account
    play: float  # seconds of the planned play
    sustained: float  # seconds of good service that are a recovery

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
        """What lies between the proven and the possible does so for want of hits, not for doubt of them."""
        return self.at_worst == self.possible and self.at_best == self.seen


Find = Callable[[Times, Flags, float, float, Rule], list[Outage]]
"""Finds the outages among some hits."""


def undisturbed(outage: Outage, spans: list[StepSpan]) -> float:
    """Seconds of the longest stretch of the outage during which no step acted. `spans` are in order."""
    end = outage.start + outage.length
    longest, reached = 0.0, outage.start
    for span in spans:
        longest = max(longest, min(span.start, end) - reached)
        reached = max(reached, min(span.until(end), end))
    return max(longest, end - reached)


def read(experiment: Experiment, journal: Journal, observation: Observation) -> Readings:
    """The readings of the play."""
    steps = tuple(step.name for step in experiment.steps)
    key = ("recovery", experiment.instrument, experiment.load.timeout, experiment.outage, steps)
    return journal.once(key, lambda: _read(experiment, journal, observation))


def _read(experiment: Experiment, journal: Journal, observation: Observation) -> Readings:
    spans = step_spans(experiment, journal)

    def account(find: Find, due: Times, good: Flags, end: float) -> Account:
        found = find(due, good, observation.start, end, experiment.outage)
        return Account(found, [undisturbed(outage, spans) for outage in found])

    whole = observe(experiment, journal, whole=True) or observation
    due = whole.due
    counted = whole.offered & (due < whole.ended)
    watched = slice(None) if counted.all() else counted
    # after an abort service is watched until it is back: what the rest of the play would have brought is not asked
    asked, end = (counted, whole.ended) if whole.watched_on else (slice(None), whole.end)
    seen = due[watched], whole.good[watched], whole.ended
    at_best = account(proven, due[asked], whole.at_best[asked], end)
    return Readings(
        seen=account(proven, *seen),
        possible=account(lasting, *seen),
        at_best=at_best,
        at_kindest=at_best.kindly(spans),
        at_worst=account(lasting, due[asked], whole.at_worst[asked], end),
        play=observation.end - observation.start,
        sustained=experiment.outage.sustained,
    )


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """`recovery` against limits.recovery and `rto` against budget.rto."""
    limit, budget = experiment.limits.recovery, experiment.budget.rto
    observation = observe(experiment, journal)
    if observation is None or len(observation) == 0:
        because = "no hit was due in the play, so no outage could be seen"
        return [
            Finding("recovery", "recovery", Outcome.UNKNOWN, None, limit, "s", because),
            Finding("recovery", "rto", Outcome.UNKNOWN, None, budget, "s", because),
        ]
    readings = read(experiment, journal, observation)
    if experiment.drill is not None:
        three = [each.found for each in (readings.seen, readings.at_kindest, readings.at_worst)]
        return [drill_rto.judge(experiment, journal, three, observation.ended)]
    free = _free(step_spans(experiment, journal), observation)
    return [_judge_recovery(limit, free, readings), _judge_rto(budget, readings)]


def _free(spans: list[StepSpan], observation: Observation) -> float:
    """Seconds of the longest stretch from the first step on in which no step acted: no recovery could be longer."""
    start = spans[0].start if spans else observation.start
    return undisturbed(Outage(start, observation.end, observation.end), spans)


def _judge_recovery(limit: float | None, free: float, readings: Readings) -> Finding:
    seen, most = readings.seen, float("inf") if limit is None else limit
    kept = readings.at_worst.recovered and readings.at_worst.recovery <= most
    outcome = bounded(kept, kept or readings.at_kindest.recovery <= most)
    asked = "no limit is set" if limit is None else f"{seconds(limit)} allowed"
    if outcome is Outcome.UNKNOWN:
        outcome = Outcome.NOT_EXERCISED if limit is None and not readings.at_worst.down else outcome
        because = f"recovery {_undecided(readings, seen.recovery, readings.at_worst.recovery)}, {asked}"
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, _no_outage(readings)
    elif outcome is Outcome.FAIL:
        because = f"recovery {_least(seen)}{seconds(seen.recovery)} > {seconds(most)} (time out with no step acting)"
    elif limit is None:
        outcome, because = Outcome.NOT_EXERCISED, f"recovery {seconds(seen.recovery)}, {asked}"
    elif free <= limit:
        outcome = Outcome.NOT_EXERCISED
        because = (
            f"recovery {seconds(seen.recovery)}, but not evidence: no step acted for {seconds(free)} at most, which "
            f"could not break {seconds(limit)}"
        )
    else:
        because = f"recovery {seconds(seen.recovery)} ≤ {seconds(limit)} (time out with no step acting)"
    measured = seen.recovery if seen.found else None
    return Finding("recovery", "recovery", outcome, measured, limit, "s", because, readings.evidence())


def _judge_rto(budget: float, readings: Readings) -> Finding:
    seen, breakable = readings.seen, readings.play > budget
    kept = readings.at_worst.recovered and readings.at_worst.rto <= budget
    outcome = bounded(kept, kept or readings.at_kindest.rto <= budget)
    if outcome is Outcome.UNKNOWN:
        outcome = outcome if breakable or readings.at_worst.down else Outcome.NOT_EXERCISED
        because = f"RTO {_undecided(readings, seen.rto, readings.at_worst.rto)}, budget {seconds(budget)}"
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, _no_outage(readings)
    elif outcome is Outcome.PASS and not breakable:
        outcome = Outcome.NOT_EXERCISED
        because = (
            f"RTO {seconds(seen.rto)}, but not evidence: a play of {seconds(readings.play)} could not break "
            f"the budget of {seconds(budget)}"
        )
    else:
        sign = "≤" if outcome is Outcome.PASS else ">"
        because = f"RTO {_least(seen)}{seconds(seen.rto)} {sign} {seconds(budget)}"
    evidence = {**readings.evidence(), "breakable": breakable}
    measured = seen.rto if seen.found else None
    return Finding("recovery", "rto", outcome, measured, budget, "s", because, evidence)


def _least(seen: Account) -> str:
    """The words before the length of an outage that outlasted the observation."""
    return "" if seen.recovered else "at least "


def _no_outage(readings: Readings) -> str:
    if not readings.possible.found:
        return "no outage to recover from"
    longest = seconds(readings.possible.rto)
    return f"no outage to recover from: too few hits were bad to prove one, {longest} at most"


def _undecided(readings: Readings, low: float, high: float) -> str:
    """Why neither was proven; the figure, in seconds, as it is proven and as it is possible."""
    if readings.seen.down:
        return f"> {seconds(low)}: not recovered when the observation ended, and nothing broken by then"
    if readings.seen.unwatched is not None:
        return _unwatched(readings)
    if readings.too_few:
        return f"between {seconds(low)} and {seconds(high)}: too few hits to tell"
    return f"undecided by indeterminate hits: {_range(readings)}"


def _unwatched(readings: Readings) -> str:
    outage = readings.seen.found[-1]
    good = outage.observed - (outage.good_since or outage.observed)
    return f"not observed for long enough: {seconds(good)} of {seconds(readings.sustained)} of good service"


def _range(readings: Readings) -> str:
    def of(account: Account) -> str:
        if not account.found:
            return "no outage"
        return f"worst outage {'' if account.recovered else '> '}{seconds(account.rto)}"

    return f"{of(readings.at_best)} at best, {of(readings.at_worst)} at worst"
