"""What a run itself knows of how often something should have happened: its requests, and what jobs reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from chaos.checks.counted import number, total
from chaos.record.events import StepHeld
from chaos.record.hits import Outcome
from chaos.record.journal import Journal

_NEVER_ARRIVED = (Outcome.UNSENT, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one route: acknowledged in time, and those that the target may have served all the same."""

    acknowledged: int
    unsure: int


def requests(journal: Journal, route: str, after: float) -> Requests:
    """Count those sent after an instant. Earlier ones without an answer are unsure, too: they may be served late."""
    if route not in journal.hits_header.routes:
        return Requests(0, 0)
    code, acknowledged, unsure = journal.hits_header.routes.index(route), 0, 0
    for rows in journal.hits.pieces():
        some = rows[rows["route"] == code]
        good = some["outcome"] == Outcome.GOOD
        acknowledged += int(np.count_nonzero(good & (some["sent"] > after)))
        unsure += int(np.count_nonzero(~good & ~np.isin(some["outcome"], _NEVER_ARRIVED)))
    return Requests(acknowledged, unsure)


def reported(journal: Journal, step: str, key: str) -> Decimal | str:
    """Return the sum of a number over the runs of a step's job, by the last report of each; or why it is unknown."""
    held = journal.latest(StepHeld, step)
    runs = _runs(held.evidence) if held is not None else []
    if not runs:
        return f"step {step!r} has no report of a job"
    found = Decimal(0)
    for place, run in enumerate(runs, start=1):
        if run.get("ended") != "completed":
            return (
                f"run {place} of {step!r} did not complete: {run.get('ended') or 'how it ended is not known'}"
            )
        report = run.get("report")
        value = number(report.get(key)) if isinstance(report, Mapping) else None
        if value is None:
            return f"the last report of run {place} of {step!r} has no number {key!r}"
        found = total(found, value)
    return found


def _runs(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the runs of `overlap`, or the one of `batch_job`, whose report earlier versions kept as `job`."""
    runs = evidence.get("runs")
    if isinstance(runs, list):
        return [each for each in runs if isinstance(each, Mapping)]
    report = evidence.get("report", evidence.get("job"))
    return [{"ended": evidence.get("ended"), "report": report}] if report is not None else []
