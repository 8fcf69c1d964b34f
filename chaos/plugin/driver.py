"""The driver interface: start a target, or attach to one, and return its handles."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from chaos.errors import Aborted, TargetError
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model, Where

if TYPE_CHECKING:
    from chaos.record.events import RestoresMeasured


@dataclass(frozen=True, slots=True)
class Wants:
    """Disk and memory that the target takes from the machine, in bytes."""

    disk: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how to start a target. `creating` journals an undo before the thing is created."""

    mark: str
    creating: Callable[[str, Undo], None]  # (what, undo); on disk when it returns
    stopping: threading.Event = field(default_factory=threading.Event)
    records: Path | None = None  # where the output of what is started may be kept, without secrets

    def check(self) -> None:
        """Raises Aborted if the run is being stopped. Call between the stages of starting a target."""
        if self.stopping.is_set():
            raise Aborted("stopped while starting the target")


@dataclass(frozen=True, slots=True)
class Incident:
    """The incident that a target's operators handle: the evidence of the loss, empty before it."""

    loss: Evidence
    target: Target


class Driver(ABC):
    """One target. There is no `down`: `heal` undoes what was journaled before it was created."""

    Options: ClassVar[type[Model]]
    actions: ClassVar[Mapping[str, type[Model]]] = {}  # of a runbook, that it can do: parameters by name
    started_by_us: ClassVar[bool] = True  # False: midnight attaches to the service and never stops it
    needs_consent: ClassVar[bool] = False  # the target file has to say who agreed, and until when
    stages: ClassVar[frozenset[str]] = frozenset()  # keys of `Fault.staging` that it knows beside `STAGING`

    @classmethod
    @abstractmethod
    def offers(cls, target: Target) -> frozenset[str]:
        """Return the handles that this target will offer, before it is up."""

    @classmethod
    def check_target(cls, target: Target, options: Any) -> None:
        """Raises BrokenRule, placed under `options`, for a rule that spans the target and its options."""
        del target, options  # most drivers have no such rules

    @classmethod
    def plan_notes(cls, target: Target, options: Any, faults: Collection[str]) -> list[str]:
        """Return notes for the plan about these faults on this target. May read the target; changes nothing."""
        del target, options, faults
        return []

    @classmethod
    def to_keep(cls, options: Any) -> type[Driver] | None:
        """Return the driver of what `midnight stack up` starts and keeps; None: nothing. Default: the whole target, if
        midnight starts it."""
        del options
        return cls if cls.started_by_us else None

    @classmethod
    def next_steps(cls, options: Any) -> Sequence[str]:
        """Return lines that `midnight stack up` prints among the first: what to do with the target. Default: none."""
        del options
        return ()

    @classmethod
    def in_use(cls, undo: Undo) -> Sequence[str]:
        """Return who uses what this undo would remove: `midnight stack down` is refused then. Default: no one."""
        del undo
        return ()

    @classmethod
    def check_profile(cls, at: Where) -> None:
        """Raises FileError for the first broken rule of a profile, read from the file as `at`."""
        del at  # by default there are no rules for profiles

    @abstractmethod
    def __init__(
        self, target: Target, options: Any, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        """Raises UsageError for anything named in the target file that does not exist. Touches nothing."""
        self._target = target

    @property
    def aim(self) -> str:
        """Return an identifier of the target as a file name: two runs never share one."""
        return self._target.name

    @property
    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Return each part of the target with version and origin. Raises ToolMissing."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return secrets that must never be written to a journal, known before `up`. Default: none."""
        return ()

    def probes(self) -> Iterable[Probe]:
        """Probe whether everything in the target file is usable: logins, rights, proxies. Changes nothing."""
        return ()

    @abstractmethod
    def wants(self) -> Wants: ...

    @abstractmethod
    def up(self, site: Site) -> Handles:
        """Start the target and wait until it is ready and quiet. Raises TargetError, Aborted."""

    def recheck(self) -> None:  # noqa: B027 (most targets have nothing that opens late)
        """Check again while the baseline is under load, within about two seconds: connections opened late exist by now.
        Raises NoVerdict if the steps would act on anything other than the target."""

    def act(self, action: str, params: Any, incident: Incident, stop: threading.Event) -> Evidence:
        """Do one of `actions` until it is done or `stop` is set. Raises TargetError if it was not done."""
        del params, incident, stop
        raise TargetError(f"the driver of {self._target.name!r} has no action {action!r}")

    def measure_restores(self) -> RestoresMeasured | None:
        """Measure restores of several sizes on this target's machine, for a projection; None if not possible. Raises
        TargetError."""
        return None

    @abstractmethod
    def drain(self) -> None:
        """Flush the target's buffered logs, so that they can be read completely."""

    @classmethod
    @abstractmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Undo one thing that `up` created. Idempotent; raises UndoError."""
