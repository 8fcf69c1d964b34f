"""The loss of a drill: when it happened, and what its operators did then, as the journal tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec.drill import Drill


@dataclass(frozen=True, slots=True)
class Incident:
    """On the run clock. The act has a length: a killed server's sessions end a moment after it. What is told
    against the target counts from `begun`; what the loss excuses may have been sent until `ended`."""

    begun: float
    ended: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """One step of the runbook. `ended` is None while it was never done; `because` says why not."""

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
    """None outside of a drill, or when the loss never happened."""
    if drill is None:
        return None
    begun = journal.latest(events.RunBegun)
    injected = journal.latest(events.StepInjected, drill.loss)
    if begun is None or injected is None:
        return None
    evidence = dict(injected.evidence)
    instant = evidence.pop("instant", None)
    if instant is None or begun.monotonic is None:  # not told: it acted at some time between these two
        injecting = journal.latest(events.StepInjecting, drill.loss)
        return Incident(injecting.at if injecting else injected.at, injected.at, evidence)
    zero = begun.monotonic
    return Incident(float(instant["begun"]) - zero, float(instant["ended"]) - zero, evidence)


def deeds(drill: Drill | None, journal: Journal) -> list[Deed]:
    """Every step of the runbook, in the drill's order."""
    runbook = drill.runbook if drill else ()
    return [_deed(step.name, journal) for step in runbook]


def _deed(name: str, journal: Journal) -> Deed:
    begun, ended = journal.latest(events.DeedBegun, name), journal.latest(events.DeedEnded, name)
    stopped = journal.latest(events.DeedFailed, name) or journal.latest(events.DeedSkipped, name)
    return Deed(
        name=name,
        by=begun.by if begun else "",
        begun=begun.at if begun else None,
        ended=ended.at if ended else None,
        stopped=stopped.at if stopped else None,
        because=stopped.because if stopped else "",
        evidence=ended.evidence if ended else {},
    )


def assumed(journal: Journal) -> Mapping[str, float] | None:
    """Seconds of what nobody performed, by what it is, as the target's file assumes; None: it assumes nothing."""
    return journal.manifest.assumed
