"""The hits of the play, by step and by route: reported beside a finding, judged by nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from chaos.checks.exact import Flags, percentile
from chaos.checks.observation import Observation
from chaos.checks.spans import step_spans
from chaos.experiment import Experiment
from chaos.journal import Journal

Figures = dict[str, float | int | None]


def figures(observation: Observation, chosen: Flags) -> Figures:
    """Hits, good hits, their ratio and p50/p95/p99 (seconds, infinite where a hit was not good)."""
    chosen = chosen & observation.offered
    total, good = int(chosen.sum()), int((chosen & observation.good).sum())
    latency = observation.latency[chosen]
    percentiles = {f"p{rank}": percentile(latency, rank) for rank in (50, 95, 99)}
    return {"hits": total, "good": good, "ratio": good / total if total else None, **percentiles}


def breakdown(experiment: Experiment, journal: Journal, observation: Observation) -> dict[str, Any]:
    """`by_step` (the hits due while the step acted) and `by_route`, each name with its figures."""
    due, route = observation.due, observation.table["route"]
    by_step = {
        span.step: figures(observation, (due >= span.start) & (due < span.until(observation.ended)))
        for span in step_spans(experiment, journal)
    }
    names = journal.hits_header.routes
    present = [int(code) for code in np.unique(route)]
    by_route = {names[code]: figures(observation, route == code) for code in present}
    return {"by_step": by_step, "by_route": by_route}
