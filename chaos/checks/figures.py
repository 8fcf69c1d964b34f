"""The key figures of a run, whether or not an objective judges them."""

from __future__ import annotations

from typing import Any

from chaos.checks import ledger as ledgers
from chaos.checks.breakdown import figures as of_hits
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged

Figures = dict[str, float | None]


def figures(judged: Judged, findings: list[Finding]) -> Figures:
    """Ratios from 0 to 1, times in seconds, counts; None where nothing could be measured."""
    result: Figures = dict.fromkeys(("hits", "good", "availability", "p50", "p95", "p99"))
    result |= dict.fromkeys(("outages", "worst_outage", "recovery"))
    observation, readings = judged.observation, judged.outages
    if observation is not None and readings is not None and len(observation):
        hits: dict[str, Any] = of_hits(observation, observation.offered)
        result |= {"availability": hits.pop("ratio"), **hits}
        seen = readings.seen
        result |= {"outages": len(seen.found), "worst_outage": seen.rto, "recovery": seen.recovery}
    measured = {finding.name: finding.measured for finding in findings}
    ledger = ledgers.read_ledger(judged.journal)
    acknowledged = None if isinstance(ledger, str) else int(ledger.acknowledged.sum())
    return {
        **result,
        "acknowledged_writes": acknowledged,
        "lost_writes": measured.get("lost_writes"),
        "rpo": measured.get("rpo"),
        **({"rto": measured.get("rto")} if judged.experiment.drill is not None else {}),
        "lost_log_lines": measured.get("lost_log_lines"),
    }
