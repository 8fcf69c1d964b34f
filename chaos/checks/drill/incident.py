"""The loss of a drill and its operators' actions, from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaos.checks.spans import StepSpan
from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec.drill import Drill, DrillStep


@dataclass(frozen=True, slots=True)
class Incident:
    """On the run clock. The loss takes time: a killed server's sessions end a moment after it. What is held against the
    target counts from `begun`; writes excused by the loss may have been sent until `ended`."""

    begun: float
    ended: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunbookStepRun:
    """One runbook step. `ended` is None if it was never done; `because` is the reason."""

    name: str
    by: str
    begun: float | None
    ended: float | None
    stopped: float | None  # when it failed, or was skipped
    because: str
    evidence: Mapping[str, Any]
    since: float | None = None  # its time counts from here: see `_since`

    @property
    def over(self) -> float | None:
        return self.stopped if self.ended is None else self.ended

    @property
    def took(self) -> float | None:
        """Seconds; None if it was never begun, or not over."""
        return None if self.since is None or self.over is None else self.over - self.since


def incident(drill: Drill | None, journal: Journal) -> Incident | None:
    """Return None outside a drill, or if the loss never happened."""
    if drill is None:
        return None
    begun = journal.latest(events.RunBegun)
    injected = journal.latest(events.StepInjected, drill.loss)
    if begun is None or injected is None:
        return None
    evidence = dict(injected.evidence)
    instant = evidence.pop("instant", None)
    if instant is None or begun.monotonic is None:  # not recorded: it acted between these two
        injecting = journal.latest(events.StepInjecting, drill.loss)
        return Incident(injecting.at if injecting else injected.at, injected.at, evidence)
    zero = begun.monotonic
    return Incident(float(instant["begun"]) - zero, float(instant["ended"]) - zero, evidence)


def runbook_steps(
    drill: Drill | None, journal: Journal, loss: Incident | None, spans: Sequence[StepSpan]
) -> list[RunbookStepRun]:
    """Return every runbook step, in the drill's order."""
    found: dict[str, RunbookStepRun] = {}
    for step in drill.runbook if drill else ():
        one = _runbook_step(step.name, journal)
        found[step.name] = replace(one, since=_since(step, one, found, loss, spans))
    return list(found.values())


def _since(
    step: DrillStep,
    one: RunbookStepRun,
    before: Mapping[str, RunbookStepRun],
    loss: Incident | None,
    spans: Sequence[StepSpan],
) -> float | None:
    """Return from when the step's time counts: the end of what it waited for, so that no millisecond between two steps
    is missing from the RTO's spans; but not from before the loss, for which a detector has to wait."""
    if one.begun is None or one.over is None:
        return one.begun
    since = one.begun
    if step.after is not None and step.after in before:
        since = before[step.after].over or since
    elif step.after is not None:
        since = next((span.acted_until(since) for span in spans if span.step == step.after), since)
    return max(since, loss.begun) if loss is not None and one.over > loss.begun else since


def _runbook_step(name: str, journal: Journal) -> RunbookStepRun:
    begun, ended = (
        journal.latest(events.RunbookStepBegun, name),
        journal.latest(events.RunbookStepEnded, name),
    )
    stopped = journal.latest(events.RunbookStepFailed, name) or journal.latest(
        events.RunbookStepSkipped, name
    )
    return RunbookStepRun(
        name=name,
        by=begun.by if begun else "",
        begun=begun.at if begun else None,
        ended=ended.at if ended else None,
        stopped=stopped.at if stopped else None,
        because=stopped.because if stopped else "",
        evidence=ended.evidence if ended else {},
    )


def assumed(journal: Journal) -> Mapping[str, float] | None:
    """Return the target file's assumed seconds for parts not performed, by name; None if it assumes nothing."""
    return journal.manifest.assumed
