"""Recovery against the limit, and RTO against the promise, from the outages of the play.

RTO is the length of the worst outage, the cause included. Recovery is what the target alone answers for:
the longest stretch of an outage during which no step acted. So while a step is held the clock stands, and
it runs from each restore to the return of service or to the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.checks.exact import Flags
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.observation import Observation, observe
from chaos.checks.outage import Outage, outages
from chaos.checks.spans import StepSpan, step_spans
from chaos.checks.words import many, seconds
from chaos.experiment import Experiment
from chaos.journal import Journal


@dataclass(frozen=True, slots=True)
class Account:
    """The outages of one reading of the hits; lengths in seconds, 0 without an outage."""

    found: list[Outage]
    recovery: float
    rto: float

    @property
    def recovered(self) -> bool:
        return all(outage.end is not None for outage in self.found)


def undisturbed(outage: Outage, spans: list[StepSpan]) -> float:
    """Seconds of the longest stretch of the outage during which no step acted. `spans` are in order."""
    end = outage.start + outage.length
    longest, reached = 0.0, outage.start
    for span in spans:
        longest = max(longest, min(span.start, end) - reached)
        reached = max(reached, min(span.until(end), end))
    return max(longest, end - reached)


def account(experiment: Experiment, journal: Journal, observation: Observation, good: Flags) -> Account:
    """The outages were the hits of the whole planned play good where `good` says so."""
    found = outages(observation.due, good, observation.start, observation.end, experiment.outage)
    return _account(experiment, journal, found)


def measured(experiment: Experiment, journal: Journal, observation: Observation) -> Account:
    """The outages as they were seen, up to where the play really ended."""
    offered = observation.offered & (observation.due < observation.ended)
    due, good = observation.due[offered], observation.good[offered]
    found = outages(due, good, observation.start, observation.ended, experiment.outage)
    return _account(experiment, journal, found)


def _account(experiment: Experiment, journal: Journal, found: list[Outage]) -> Account:
    spans = step_spans(experiment, journal)
    recovery = max((undisturbed(outage, spans) for outage in found), default=0.0)
    return Account(found, recovery, max((outage.length for outage in found), default=0.0))


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """`recovery` against limits.recovery and `rto` against promise.rto."""
    limit, promise = experiment.limits.recovery, experiment.promise.rto
    observation = observe(experiment, journal)
    if observation is None or len(observation.table) == 0:
        because = "no hit was due in the play, so no outage could be seen"
        return [
            Finding("recovery", "recovery", Outcome.UNKNOWN, None, limit, "s", because),
            Finding("recovery", "rto", Outcome.UNKNOWN, None, promise, "s", because),
        ]
    seen = measured(experiment, journal, observation)
    low = account(experiment, journal, observation, observation.at_best)
    high = account(experiment, journal, observation, observation.at_worst)
    evidence = _evidence(seen, low, high, observation)
    return [
        _judge_recovery(limit, seen, low, high, evidence),
        _judge_rto(promise, observation, seen, low, high, evidence),
    ]


def _judge_recovery(
    limit: float | None, seen: Account, low: Account, high: Account, evidence: dict[str, Any]
) -> Finding:
    def holds(reading: Account) -> bool:
        return reading.recovered and (limit is None or reading.recovery <= limit)

    outcome = bounded(holds(high), holds(low))
    asked = "no limit is set" if limit is None else f"{seconds(limit)} is allowed"
    shown = None if not seen.found else seen.recovery
    if outcome is Outcome.UNKNOWN:
        because = f"recovery {_range(low.recovery, high)} and {asked}: indeterminate hits decide"
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, "no outage to recover from"
    elif not seen.recovered:
        because = f"not recovered when the observation ended: recovery > {seconds(seen.recovery)}, {asked}"
    elif limit is None:
        outcome = Outcome.NOT_EXERCISED
        because = f"recovery {seconds(seen.recovery)} with no step acting, and {asked}"
    else:
        sign = "≤" if outcome is Outcome.PASS else ">"
        because = f"recovery {seconds(seen.recovery)} {sign} {seconds(limit)} with no step acting"
    return Finding("recovery", "recovery", outcome, shown, limit, "s", because, evidence)


def _judge_rto(
    promise: float,
    observation: Observation,
    seen: Account,
    low: Account,
    high: Account,
    evidence: dict[str, Any],
) -> Finding:
    def holds(reading: Account) -> bool:
        return reading.recovered and reading.rto <= promise

    outcome = bounded(holds(high), holds(low))
    play = observation.end - observation.start
    breakable = play > promise
    shown = None if not seen.found else seen.rto
    if outcome is Outcome.UNKNOWN:
        because = f"RTO {_range(low.rto, high)} and {seconds(promise)} is promised: indeterminate hits decide"
    elif not seen.found:
        outcome, because = Outcome.NOT_EXERCISED, "no outage to recover from"
    elif not seen.recovered:
        because = f"not recovered when the observation ended: RTO > {seconds(seen.rto)}"
    elif outcome is Outcome.PASS and not breakable:
        outcome = Outcome.NOT_EXERCISED
        because = (
            f"RTO {seconds(seen.rto)}, but not evidence: a play of {seconds(play)} could not break "
            f"the promise of {seconds(promise)}"
        )
    else:
        sign = "≤" if outcome is Outcome.PASS else ">"
        because = f"RTO {seconds(seen.rto)} {sign} {seconds(promise)}"
    return Finding(
        "recovery", "rto", outcome, shown, promise, "s", because, {**evidence, "breakable": breakable}
    )


def _range(low: float, high: Account) -> str:
    top = "" if high.recovered else ", or without a recovery"
    return f"is at least {seconds(low)}, up to {seconds(max(high.recovery, high.rto))}{top},"


def _evidence(seen: Account, low: Account, high: Account, observation: Observation) -> dict[str, Any]:
    return {
        "outages": [
            {"start": outage.start, "end": outage.end, "length": outage.length} for outage in seen.found
        ],
        "recovered": seen.recovered,
        "worst_outage": seen.rto,
        "recovery": seen.recovery,
        "held": seen.rto - seen.recovery,
        "observed_until": observation.ended,
        "at_best": {"outages": len(low.found), "recovery": low.recovery, "rto": low.rto},
        "at_worst": {"outages": len(high.found), "recovery": high.recovery, "rto": high.rto},
        "seen": many(len(seen.found), "outage"),
    }
