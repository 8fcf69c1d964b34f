"""Steady state: the target was healthy before anything was injected."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import percent
from chaos.record.events import NO_REASON, BaselineEnded
from chaos.spec.units import show_seconds

NAME = "steady"


def check(judged: Judged) -> list[Finding]:
    """Unknown without a steady baseline: then the rest proves nothing about the faults."""
    ended = judged.journal.latest(BaselineEnded)
    ratio = judged.experiment.load.baseline.availability
    if ended is None:
        because = "no baseline, so no steady state"
        return [Finding("baseline", Outcome.UNKNOWN, None, ratio, "ratio", because)]
    detail = dict(ended.detail)
    measured = ended.availability
    if not ended.steady:
        because = f"no steady state: {ended.because or NO_REASON}"
        return [Finding("baseline", Outcome.UNKNOWN, measured, ratio, "ratio", because, detail)]
    figures = [] if measured is None else [f"availability {percent(measured)}"]
    if ended.p99 is not None:
        figures.append(f"p99 {show_seconds(ended.p99)}")
    because = f"steady before anything was injected ({', '.join(figures) or 'no figures'})"
    return [Finding("baseline", Outcome.PASS, measured, ratio, "ratio", because, detail)]
