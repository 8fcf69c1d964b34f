"""The play's hits by step and by route: reported with a finding, never judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from chaos.checks.exact import Flags, percentiles
from chaos.checks.observation import Observation
from chaos.checks.spans import StepSpan

RANKS = (50, 95, 99)

Figures = dict[str, float | int | None]


def figures(observation: Observation, chosen: Flags) -> Figures:
    """Return hits, good hits, ratio and p50/p95/p99 (seconds; infinite where a hit was not good)."""
    chosen = chosen & observation.offered
    total, good = int(chosen.sum()), int((chosen & observation.good).sum())
    found = percentiles(observation.latency(chosen), *RANKS)
    ranked = {f"p{rank}": value for rank, value in zip(RANKS, found, strict=True)}
    return {"hits": total, "good": good, "ratio": good / total if total else None, **ranked}


def breakdown(
    observation: Observation, spans: Iterable[StepSpan], routes: Sequence[str]
) -> dict[str, dict[str, Figures]]:
    """Return `by_step` (hits due while the step acted) and `by_route`, with figures by name."""
    due, route = observation.due, observation.route
    by_step = {
        span.step: figures(observation, (due >= span.start) & (due < span.until(observation.ended)))
        for span in spans
    }
    present = [int(code) for code in np.unique(route)]
    by_route = {routes[code]: figures(observation, route == code) for code in present}
    return {"by_step": by_step, "by_route": by_route}
