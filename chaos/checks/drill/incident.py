"""The loss of a drill: when it happened, and what its operators did then, as the journal tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    begun = journal.last("run", "run", "begun")
    injected = journal.last("step", drill.loss, "injected")
    if begun is None or injected is None:
        return None
    evidence = dict(injected.detail.get("evidence") or {})
    instant = evidence.pop("instant", None)
    if instant is None:  # a fault that does not tell: it acted at some time between these two
        injecting = journal.last("step", drill.loss, "injecting")
        return Incident(injecting.at if injecting else injected.at, injected.at, evidence)
    zero = float(begun.detail["monotonic"])
    return Incident(float(instant["begun"]) - zero, float(instant["ended"]) - zero, evidence)


def deeds(drill: Drill | None, journal: Journal) -> list[Deed]:
    """Every step of the runbook, in the drill's order."""
    runbook = drill.runbook if drill else ()
    return [_deed(step.name, journal) for step in runbook]


def _deed(name: str, journal: Journal) -> Deed:
    at = {event.phase: event for event in journal.find("runbook", name)}
    begun, ended = at.get("begun"), at.get("ended")
    stopped = at.get("failed") or at.get("skipped")
    return Deed(
        name=name,
        by=str(begun.detail.get("by", "")) if begun else "",
        begun=begun.at if begun else None,
        ended=ended.at if ended else None,
        stopped=stopped.at if stopped else None,
        because=str(stopped.detail.get("because", "no reason given")) if stopped else "",
        evidence=ended.detail.get("evidence") or {} if ended else {},
    )


def assumed(journal: Journal) -> Mapping[str, float] | None:
    """Seconds of what nobody performed, by what it is, as the target's file assumes; None: it assumes nothing."""
    found: Mapping[str, float] | None = (journal.about.get("target") or {}).get("assumed")
    return found
