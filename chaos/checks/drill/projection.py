"""Project production's RTO and RPO from what was measured here and what its owners state.

A separate finding: a measured failure stays a failure. It reads
- what the target states about production; without it there is nothing to project, and no finding;
- the spans of the recovery: in a drill as cut by `drill.rto`, from the loss on; in a restore alone those of
its own steps (`RunbookStepEnded`). Steps in GROWING grow with the data and are replaced by the projection;
- the duration of restores (`RestoresMeasured`). All points of all such events count. Without any, and without a step in
GROWING that was done, nothing had to be restored: a standby took over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from chaos.checks import recovery
from chaos.checks.drill.rto import HELD
from chaos.checks.extrapolation import CannotProject, Measured, Point, Projection, project_rpo, project_rto
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.judged import Judged, JudgedRestore
from chaos.record.events import RestoresMeasured, RunbookStepEnded
from chaos.record.journal import Journal
from chaos.spec.production import Production
from chaos.spec.units import show_seconds

NAME = "projection"

GROWING = frozenset({"restore", "recover", "copy", "replay"})


def check(judged: Judged | JudgedRestore) -> list[Finding]:
    """`projected_rto` and `projected_rpo` against the budget; none if nothing is stated about production."""
    budget, journal = judged.experiment.budget, judged.journal
    stated = journal.manifest.production
    if stated is None:
        return []
    production, measured = Production.model_validate(stated), read_measured(journal)
    if measured is None and _restored(judged):
        measured = Measured()  # the throughputs are stated, or the finding says which must be
    spans, assumed = _of_a_drill(judged) or _spans(journal)
    return [
        _judge("projected_rto", "RTO", budget.rto, lambda: project_rto(spans, assumed, production, measured)),
        _judge("projected_rpo", "RPO", budget.rpo, lambda: project_rpo(production, standby=measured is None)),
    ]


def read_measured(journal: Journal) -> Measured | None:
    """Return the restores measured in this run; None if nothing was restored."""
    found = journal.every(RestoresMeasured)
    if not found:
        return None
    return Measured(
        tuple(Point(each.bytes, each.seconds) for one in found for each in one.restores),
        tuple(Point(each.bytes, each.cpu_seconds) for one in found for each in one.replays),
    )


def _growing(judged: Judged | JudgedRestore) -> frozenset[str]:
    """The names of the steps that grow with the data: a drill may call them as it likes."""
    drill = judged.experiment.drill if isinstance(judged, Judged) else None
    steps = drill.runbook if drill is not None else ()
    return GROWING | {step.name for step in steps if step.runbook in GROWING}


def _restored(judged: Judged | JudgedRestore) -> bool:
    growing = _growing(judged)
    return any(step.name in growing for step in judged.journal.every(RunbookStepEnded))


def _of_a_drill(judged: Judged | JudgedRestore) -> tuple[dict[str, float], dict[str, float]] | None:
    """Like `_spans`, from the loss to the return of service; None outside a drill."""
    if not isinstance(judged, Judged) or judged.experiment.drill is None:
        return None
    rto = next((finding for finding in recovery.check(judged) if finding.name == "rto"), None)
    evidence = rto.evidence if rto is not None else {}
    left_out = _growing(judged) | {HELD}
    fixed = [span for span in evidence.get("spans", ()) if span["name"] not in left_out]
    return {span["name"]: span["seconds"] for span in fixed}, dict(evidence.get("assumed", {}))


def _spans(journal: Journal) -> tuple[dict[str, float], dict[str, float]]:
    """Return spans that do not grow with the data, by step: measured and assumed ones."""
    measured: dict[str, float] = {}
    assumed: dict[str, float] = {}
    for step in journal.every(RunbookStepEnded):
        if step.name not in GROWING and step.seconds is not None:
            into = assumed if step.assumed else measured
            into[step.name] = into.get(step.name, 0.0) + step.seconds
    return measured, assumed


def _judge(name: str, what: str, budget: float, project: Callable[[], Projection]) -> Finding:
    try:
        found = project()
    except CannotProject as reason:
        because = f"{what} of production: {reason}"
        return Finding(name, Outcome.NOT_EXERCISED, None, budget, "s", because)
    span = found.span
    outcome = bounded(span.high <= budget, span.low <= budget)
    sign = {Outcome.PASS: "≤", Outcome.FAIL: ">"}.get(outcome, "possibly >")
    give_or_take = f" ({show_seconds(span.low)} to {show_seconds(span.high)})" if span.high > span.low else ""
    parts = ", ".join(f"{part.name} {show_seconds(part.span.seconds)} {part.basis}" for part in found.parts)
    because = (
        f"projected {what} {show_seconds(span.seconds)}{give_or_take} {sign} {show_seconds(budget)}: {parts}"
    )
    return Finding(name, outcome, span.seconds, budget, "s", because, _evidence(found))


def _evidence(found: Projection) -> dict[str, Any]:
    return {"low": found.span.low, "high": found.span.high, "parts": [asdict(part) for part in found.parts]}
