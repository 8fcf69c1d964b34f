"""What a driver is: it brings a target up, or attaches to it, and gives its handles."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chaos.errors import Aborted, TargetError
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.events import RestoresMeasured
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model, Where


@dataclass(frozen=True, slots=True)
class Wants:
    """What bringing the target up and playing on it takes from the machine, in bytes."""

    disk: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how a target is brought up. `creating` journals an undo before the thing is created."""

    mark: str
    creating: Callable[[str, Undo], None]  # (what, undo); on the disk when it returns
    stopping: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises Aborted when the run is being stopped: between two stages of bringing a target up."""
        if self.stopping.is_set():
            raise Aborted("stopped while the target was being brought up")


@dataclass(frozen=True, slots=True)
class Incident:
    """What the operators of a target have to deal with: the evidence of the loss, empty while there is none."""

    loss: Evidence
    target: Target


class Driver(ABC):
    """One target. There is no `down`: what was journalled before it was created is undone by `heal`."""

    Options: ClassVar[type[Model]]
    actions: ClassVar[Mapping[str, type[Model]]] = {}  # of a runbook, that it can do: parameters by name
    started_by_us: ClassVar[bool] = True  # False: a service of somebody else's, which only ends with them
    needs_consent: ClassVar[bool] = False  # the target file has to say who agreed, and until when
    stages: ClassVar[frozenset[str]] = frozenset()  # keys of `Fault.staging` that it knows beside `STAGING`

    @classmethod
    @abstractmethod
    def offers(cls, target: Target) -> frozenset[str]:
        """The handles this target will give, known before it is up."""

    @classmethod
    def check_target(cls, target: Target, options: Any) -> None:
        """Raises BrokenRule, placed below `options`, for a rule that spans the target and its options."""
        del target, options  # most drivers have none

    @classmethod
    def plan_notes(cls, target: Target, options: Any, faults: Collection[str]) -> list[str]:
        """What a reader of the plan must know of these faults on this target; it may look, and changes nothing."""
        del target, options, faults
        return []

    @classmethod
    def check_profile(cls, at: Where) -> None:
        """Raises FileError for the first broken rule of a profile, whose file was read as `at`."""
        del at  # a target of somebody else's may have no rules of its own

    @abstractmethod
    def __init__(
        self, target: Target, options: Any, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        """Touches nothing. Raises UsageError for what the target's file names and is not there."""
        self._target = target

    @property
    def aim(self) -> str:
        """What a run aims at, as a file name: two runs never aim at the same."""
        return self._target.name

    @property
    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Each part of the target with its version and where it came from. Raises ToolMissing."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Known before `up`: what must never be written into a journal. None, unless a driver says so."""
        return ()

    def probes(self) -> Iterable[Probe]:
        """Whether what the target's file names can be used: signing in, rights, proxies. Changes nothing."""
        return ()

    @abstractmethod
    def wants(self) -> Wants: ...

    @abstractmethod
    def up(self, site: Site) -> Handles:
        """Bring the target up and wait until it is ready and quiet. Raises TargetError, Aborted."""

    def recheck(self) -> None:  # noqa: B027 (most targets have nothing that opens late)
        """Look again while the baseline is under load, within about two seconds: what opens its connections late is
        there by now. Raises NoVerdict where the steps would act on something else than the target."""

    def act(self, action: str, params: Any, incident: Incident, stop: threading.Event) -> Evidence:
        """Do one of `actions`, until it is done or `stop` is set. Raises TargetError when it was not done."""
        del params, incident, stop
        raise TargetError(f"the driver of {self._target.name!r} knows no action {action!r}")

    def measure_restores(self) -> RestoresMeasured | None:
        """What restores of several sizes take on this target's machine, for a projection; None where it cannot be
        measured. Raises TargetError."""
        return None

    @abstractmethod
    def drain(self) -> None:
        """Let the target write down what it still holds back, so that its logs can be read whole."""

    @classmethod
    @abstractmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Undo one thing that `up` created. Idempotent; raises UndoError."""
