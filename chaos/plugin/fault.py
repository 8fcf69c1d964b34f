"""What a fault is: prepare, inject, hold, undo. The verbs block; the runner calls them in threads."""

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
from chaos.spec.yamlfile import Model

Undo = Mapping[str, Any]
"""JSON that is enough by itself to undo, in another process, after a `kill -9`."""

Evidence = Mapping[str, Any]
"""JSON for the report: what was seen, with units in the names."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the act amounted to when the hold ended: its dose, beside the floor it must reach.

    A dose counts only what happened on the target's own path. `unproven`, where it is not empty, says why that is not
    known, and what would make it known: whatever the dose, the effect is then `unknown`.
    """

    dose: Mapping[str, float]
    floor: Mapping[str, float]
    evidence: Evidence = field(default_factory=dict)
    unproven: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Fault(ABC):
    """One fault aimed at one target. Adding a fault adds one file with one subclass.

    What `inject` creates bears `mark`, chosen beforehand, so that `undo` finds it by that alone.
    """

    Params: ClassVar[type[Model]]
    held_throughout: ClassVar[bool] = False  # its act lasts for the whole hold, and never ends by itself
    needs: ClassVar[frozenset[str]]  # handles, as `Handles.offered` names them; `A|B`: one of them is enough

    @classmethod
    def needs_of(cls, params: Any) -> frozenset[str]:
        """The handles that it needs with these parameters, beyond `needs`."""
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
    def plan_notes(cls, params: Any) -> Sequence[str]:
        """What a plan says of it with these parameters, beyond the parameters: one line each."""
        del params
        return ()

    @abstractmethod
    def __init__(self, params: Any, handles: Handles, mark: str) -> None: ...

    def probes(self) -> Iterable[Probe]:
        """What can be known before the play of whether this step would work: rights, tools, floors.

        Changes nothing. An error that it raises is a `no`.
        """
        return ()

    @abstractmethod
    def prepare(self) -> Undo:
        """Look at the target and say how to undo what is about to be done. Changes nothing.

        Raises FaultError; TargetGone when the target is down by now.
        """

    @abstractmethod
    def inject(self) -> Evidence:
        """Do the act, or start it. Raises FaultError; TargetGone when the target is down by now."""

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        """The kinds of things (`record.inventory.document.KINDS`) that its act may change: what of them differs after
        the run was left behind. All of them where a fault does not say."""
        del undo
        return frozenset(KINDS)

    @classmethod
    def explains(cls, undo: Undo) -> Sequence[Claim]:
        """What it changes on purpose, and leaves changed: `{"kind": ..., "thing": a shell pattern, "fields": [...]}`,
        see `chaos.record.inventory.differences`. Nothing where a fault does not say."""
        del undo
        return ()

    @abstractmethod
    def hold(self, seconds: float, stop: threading.Event) -> Held:
        """Wait until the act has ended by itself, `seconds` have passed or `stop` is set; give the dose."""

    @classmethod
    @abstractmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Undo, and verify. Needs no handles; idempotent; safe when `inject` never ran.

        Raises UndoError, which says what is left and how to undo it by hand.
        """
