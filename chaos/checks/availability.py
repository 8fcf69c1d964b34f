"""Availability: the share of good hits among all that were due in the play."""

from __future__ import annotations

from chaos.checks.breakdown import breakdown
from chaos.checks.exact import reaches
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.observation import Observation, observe
from chaos.checks.words import percent
from chaos.experiment import Experiment
from chaos.journal import Journal


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """One finding per availability SLO, from exact counts."""
    wanted = [(slo.name, slo.availability) for slo in experiment.slos if slo.availability is not None]
    if not wanted:
        return []
    observation = observe(experiment, journal)
    if observation is None or len(observation.table) == 0:
        because = "no hit was due in the play, so there is no availability"
        return [
            Finding("availability", name, Outcome.UNKNOWN, None, allowed, "ratio", because)
            for name, allowed in wanted
        ]
    parts = breakdown(experiment, journal, observation)
    return [_judge(name, allowed, observation, parts) for name, allowed in wanted]


def _judge(name: str, allowed: float, observation: Observation, parts: dict[str, object]) -> Finding:
    total = len(observation.table)
    low, high = int(observation.at_worst.sum()), int(observation.at_best.sum())
    offered, good = int(observation.offered.sum()), int((observation.good & observation.offered).sum())
    measured = good / offered if offered else None
    outcome = bounded(reaches(low, total, allowed), reaches(high, total, allowed))
    counts = f"{good} of {offered} hits good"
    if outcome is Outcome.UNKNOWN or measured is None:
        outcome = Outcome.UNKNOWN
        because = (
            f"availability lies between {percent(low / total)} and {percent(high / total)}, and "
            f"{percent(allowed)} is asked: {high - low} of {total} hits that are not surely good or bad"
        )
    else:
        sign = "≥" if outcome is Outcome.PASS else "<"
        because = f"availability {percent(measured)} {sign} {percent(allowed)} ({counts})"
    evidence = {
        "hits": offered,
        "good": good,
        "due": total,
        "indeterminate": int(observation.indeterminate.sum()),
        "lowest": low / total,
        "highest": high / total,
        **parts,
    }
    return Finding("availability", name, outcome, measured, allowed, "ratio", because, evidence)
