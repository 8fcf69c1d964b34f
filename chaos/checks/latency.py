"""Latency: exact percentiles over all hits due in the play; a hit that was not good is infinitely slow."""

from __future__ import annotations

from chaos.checks.breakdown import breakdown
from chaos.checks.exact import percentile
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.observation import Observation, observe
from chaos.checks.words import seconds
from chaos.experiment import Experiment
from chaos.journal import Journal
from chaos.slo import LatencyObjective


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """One finding per latency SLO; percentiles by nearest rank, from `due` to `done`."""
    wanted = [(slo.name, slo.latency) for slo in experiment.slos if slo.latency is not None]
    if not wanted:
        return []
    observation = observe(experiment, journal)
    if observation is None or len(observation.table) == 0:
        because = "no hit was due in the play, so there is no latency"
        return [
            Finding("latency", name, Outcome.UNKNOWN, None, objective.below, "s", because)
            for name, objective in wanted
        ]
    parts = breakdown(experiment, journal, observation)
    return [_judge(name, objective, observation, parts) for name, objective in wanted]


def _judge(
    name: str, objective: LatencyObjective, observation: Observation, parts: dict[str, object]
) -> Finding:
    rank, below = objective.percentile, objective.below
    offered = observation.latency[observation.offered]
    measured = percentile(offered, rank)
    high = percentile(observation.latency_at_worst, rank)
    low = percentile(observation.latency_at_best, rank)
    assert low is not None and high is not None, "the caller has made sure that there are hits"
    outcome = bounded(high <= below, low <= below)
    label = f"p{rank:g}"
    if outcome is Outcome.UNKNOWN or measured is None:
        outcome = Outcome.UNKNOWN
        because = (
            f"{label} lies between {seconds(low)} and {seconds(high)}, and {seconds(below)} is asked: "
            f"{int(observation.indeterminate.sum())} of {len(observation.table)} hits are indeterminate"
        )
    else:
        because = _sentence(label, measured, below, observation)
    evidence = {
        **{f"p{each}": percentile(offered, each) for each in (50, 95, 99)},
        "percentile": rank,
        "hits": len(offered),
        "indeterminate": int(observation.indeterminate.sum()),
        "lowest": low,
        "highest": high,
        **parts,
    }
    return Finding("latency", name, outcome, measured, below, "s", because, evidence)


def _sentence(label: str, measured: float, below: float, observation: Observation) -> str:
    if measured == float("inf"):
        bad = int((~observation.good & observation.offered).sum())
        return (
            f"{label} > {seconds(below)}: {bad} of {int(observation.offered.sum())} hits were not good, "
            "and such a hit counts as infinitely slow"
        )
    return f"{label} {seconds(measured)} {'≤' if measured <= below else '>'} {seconds(below)}"
