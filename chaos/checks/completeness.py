"""Completeness: the run was played to its end, and its load reached the target."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec.units import show_seconds

NAME = "completeness"

TOLERANCE = 0.5
"""Seconds by which the end of the play may be recorded early: less than the window of any check."""


def check(judged: Judged) -> list[Finding]:
    """Return pass, or unknown with the reason. A violation proven before the run was cut short stays one."""
    problem = _problem(judged)
    outcome = Outcome.PASS if problem is None else Outcome.UNKNOWN
    because = problem or "the run was played to its end"
    return [Finding("run", outcome, None, None, "", because)]


def _problem(judged: Judged) -> str | None:
    journal, observation = judged.journal, judged.observation
    ended = journal.latest(events.RunEnded)
    if ended is None:
        return "the journal does not record the end of the run: it was killed"
    if ended.reason != "completed":
        return f"the run did not complete: {ended.reason}" + (f" ({ended.because})" if ended.because else "")
    if left := not_undone(journal):
        return left
    if journal.damaged:
        return f"the journal has {many(journal.damaged, 'damaged line')}"
    if observation is None:
        return "there was no play"
    if observation.ended < observation.end - TOLERANCE:
        played, planned = observation.ended - observation.start, observation.end - observation.start
        return f"the play was cut short: {show_seconds(played)} of {show_seconds(planned)}"
    if not len(observation):
        return "no hit was due in the play"
    if not observation.reached:
        return "no hit was ever answered, not even in the baseline: the load never reached the target"
    return None


def not_undone(journal: Journal) -> str | None:
    """Return what could not be undone, not even later."""
    failed: dict[tuple[str, str], str] = {}
    for event in journal.events:
        if event.phase == events.UNDO_FAILED:
            failed[event.source, event.name] = event.because
        elif events.closes(event):
            failed.pop((event.source, event.name), None)
    return next((f"{name} could not be undone: {because}" for (_, name), because in failed.items()), None)
