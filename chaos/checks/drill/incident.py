"""The loss of a drill and its operators' actions, from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec.drill import Drill


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

    @property
    def over(self) -> float | None:
        return self.stopped if self.ended is None else self.ended


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


def runbook_steps(drill: Drill | None, journal: Journal) -> list[RunbookStepRun]:
    """Return every runbook step, in the drill's order."""
    runbook = drill.runbook if drill else ()
    return [_runbook_step(step.name, journal) for step in runbook]


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
