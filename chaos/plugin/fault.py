"""The fault interface: prepare, inject, hold, undo. The verbs block; the runner calls them in threads."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.inventory.differences import Claim
from chaos.record.inventory.document import KINDS
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model

Undo = Mapping[str, Any]
"""JSON that suffices to undo, in another process, after `kill -9`."""

Evidence = Mapping[str, Any]
"""JSON for the report: observations, with units in the names."""


@dataclass(frozen=True, slots=True)
class Held:
    """The result of the act at the end of the hold: its dose, and the floor that it must reach.

    A dose counts only what happened on the target's own path. If that is not known, `unproven` states why, and how to
    find out; then the effect is `unknown`, whatever the dose. `acted`: seconds of the hold after which the act was
    over and nothing of it in force, so that the target was on its own; None: it lasted until the undo.
    """

    dose: Mapping[str, float]
    floor: Mapping[str, float]
    evidence: Evidence = field(default_factory=dict)
    unproven: str = ""
    output: str = (
        ""  # of the step's program; kept beside the journal as STEP.log, so bound it and mask secrets
    )
    acted: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as the journal has it: without the output."""
        return {name: value for name, value in asdict(self).items() if name != "output"}


class Fault(ABC):
    """One fault on one target. To add a fault, write one subclass in one file, and register it under `midnight.faults`.

    Everything created by `inject` carries `mark`, chosen in advance, so that `undo` can find it by the mark alone.
    """

    Params: ClassVar[type[Model]]
    held_throughout: ClassVar[bool] = False  # the act lasts for the whole hold and never ends by itself
    needs: ClassVar[frozenset[str]]  # handle names as in `Handles.offered`; `A|B`: either one

    @classmethod
    def needs_of(cls, params: Any) -> frozenset[str]:
        """Return handles needed with these parameters, besides `needs`."""
        del params
        return frozenset()

    @classmethod
    def staging(cls, params: Any) -> Mapping[str, float]:
        """What the target must set up before load starts for this fault to be meaningful, by the keys of `STAGING`
        or of the driver's `stages`. The plan refuses any other key.

        `machine.memory` and `machine.disk` are bytes that the fault itself takes from the machine.
        """
        del params
        return {}

    @classmethod
    def fitted(cls, params: Any, target: Target) -> Mapping[str, tuple[Any, str]]:
        """Return values that fit the target for parameters that the experiment leaves to midnight, by name, each with
        the reason, which the plan shows. Default: none."""
        del params, target
        return {}

    @classmethod
    def plan_notes(cls, params: Any) -> Sequence[str]:
        """Return notes for the plan about these parameters, one line each."""
        del params
        return ()

    @classmethod
    def reachable(cls, params: Any, hold: float) -> Mapping[str, float]:
        """Return how far a hold of that many seconds lets these parameters get, by name: the plan refuses a greater
        one, a floor that no dose could reach. Default: no parameter depends on the hold."""
        del params, hold
        return {}

    @abstractmethod
    def __init__(self, params: Any, handles: Handles, mark: str) -> None: ...

    def probes(self) -> Iterable[Probe]:
        """Probe before the play whether this step would work: rights, tools, floors.

        Changes nothing. An error that it raises is a `no`.
        """
        return ()

    @abstractmethod
    def prepare(self) -> Undo:
        """Inspect the target and return how to undo what is about to be done. Changes nothing.

        Raises FaultError, or TargetGone if the target is down by now.
        """

    @abstractmethod
    def inject(self) -> Evidence:
        """Do the act, or start it. Raises FaultError, or TargetGone if the target is down by now."""

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        """Return the kinds of things (`record.inventory.document.KINDS`) that the act may change: differences in them
        after the run were left behind. Default: all."""
        del undo
        return frozenset(KINDS)

    @classmethod
    def explains(cls, undo: Undo) -> Sequence[Claim]:
        """Return intended lasting changes: `{"kind": ..., "thing": a shell pattern, "fields": [...]}`, see
        `chaos.record.inventory.differences`. Default: none."""
        del undo
        return ()

    @abstractmethod
    def hold(self, seconds: float, stop: threading.Event) -> Held:
        """Wait until the act has ended by itself, `seconds` have passed or `stop` is set. Returns the dose."""

    @classmethod
    @abstractmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Undo and verify. Needs no handles; idempotent; safe if `inject` never ran.

        Raises UndoError, stating what is left and how to undo it by hand.
        """
