"""What the faults on a served disk have in common: one knob, turned and lifted, and who felt it.

The effect counts if the disk's own account shows it and the target's processes waited for that disk meanwhile. It is
undone by removing a file: no process has to be reached, and an undo never waits behind the disk's queue.
"""

from __future__ import annotations

import os
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError, FaultError, UndoError
from chaos.host.disk import account, knobs
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import account_in, knobs_in
from chaos.path import disk_waits
from chaos.path.disk_waits import DiskWaits
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles, Volume
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.spec.yamlfile import Model, Name

ALIVE_WITHIN = 5.0  # seconds; an account is written fifty times a second
_HOW = "take a target that keeps its data on one; `midnight doctor` says what that needs"


def beats(seconds: float, period: float, stop: threading.Event) -> Iterator[None]:
    """Yield once a period while a hold of so many seconds lasts."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop.wait(min(left, period)):
        if time.monotonic() < end:
            yield


class OnDiskParams(Model):
    volume: Name = "data"


class OnDisk(Fault):
    """Subclasses turn one knob of the disk below a volume."""

    knob: ClassVar[Knob]
    needs = frozenset[str]()
    held_throughout = True

    @classmethod
    def needs_of(cls, params: Any) -> frozenset[str]:
        return frozenset({f"volumes.{params.volume}"})

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self._params, self._mark, self._handles = params, mark, handles
        self._volume: Volume = handles.volumes[params.volume]
        self._before = Account()

    def probes(self) -> Iterator[Probe]:
        what = f"volume {self._params.volume} is on a served disk"
        if self._volume.served is None:
            yield no(what, "it is not", self._volume.to_serve or _HOW)
            return
        if time.monotonic() - self._account().at > ALIVE_WITHIN:
            yield no(what, "its server has ended", "bring the target up again")
            return
        yield yes(what)
        yield from self._usable(self._volume.served)
        yield unknown(f"floor: {', '.join(self.floor())}", "known only once the target uses the disk")

    def _usable(self, served: Path) -> Iterator[Probe]:
        """Whether the disk obeys this user, and whose path it is on."""
        if not os.access(knobs_in(served), os.W_OK):
            yield no(
                f"this user may control the disk of {served}",
                "it may not",
                "run as the user who brought it up",
            )
        what, roots = f"a process of the target uses volume {self._params.volume}", self._roots()
        if not roots:
            yield no(what, "no process is known", "name one, as in `processes: {database: {name: postgres}}`")
        elif using := disk_waits.users(roots, self._volume.device or ""):
            yield yes(what, ", ".join(using))
        else:
            yield unknown(what, "none that this user may see has a file open there now")

    def prepare(self) -> Undo:
        if self._volume.served is None:
            raise FaultError(
                f"volume {self._params.volume} is not on a served disk; {self._volume.to_serve or _HOW}"
            )
        # urgent: a slow disk would hold up everything else
        return {"served": str(self._volume.served), "mark": self._mark, "urgent": True}

    def inject(self) -> Evidence:
        self._before = self._account()
        self._turn(self.value())
        return {"volume": self._params.volume, **self.described()}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        waits = DiskWaits(self._roots(), self._volume.device or "")
        waits.start()
        try:
            self.wait(seconds, stop)
        finally:
            waits.stop()
        after = self._account()
        waited = round(max(waits.waited.values(), default=0.0), 3)
        return Held(
            dose={**self.dose(self._before, after), "own_wait_seconds": waited},
            floor=self.floor(),
            evidence={"used_by": sorted(waits.used_by), "waited_seconds": waits.waited},
            unproven=self.unproven(self._before)
            if waits.used_by
            else f"no process of the target had a file open on {self._volume.path}",
        )

    def unproven(self, before: Account) -> str:
        """Why the dose proves nothing; empty if it does. `before`: the account before the knob was turned."""
        del before
        return ""

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Hold; a subclass whose knob has to be turned again does so here."""
        stop.wait(seconds)

    @abstractmethod
    def value(self) -> object:
        """What the knob is set to."""

    @abstractmethod
    def described(self) -> Mapping[str, Any]:
        """The act, as evidence."""

    @abstractmethod
    def dose(self, before: Account, after: Account) -> Mapping[str, float]:
        """What the disk did meanwhile, by its own account."""

    @abstractmethod
    def floor(self) -> Mapping[str, float]:
        """The least of the dose; `own_wait_seconds` is what the target's own threads waited for the disk."""

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()  # the disk's knobs are midnight's own

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        served = Path(undo["served"])
        if not knobs_in(served).is_dir():
            return {"disk": "gone"}
        try:
            return {"lifted": knobs.lift(knobs_in(served), cls.knob, undo["mark"])}
        except OSError as error:
            place = knobs.place_of(knobs_in(served), cls.knob, undo["mark"])
            raise UndoError(f"{place} could not be removed: {error}; by hand: rm {place}") from error

    def _turn(self, value: object) -> None:
        assert self._volume.served is not None
        try:
            knobs.turn(knobs_in(self._volume.served), self.knob, self._mark, value)
        except OSError as error:
            raise FaultError(
                f"the disk of volume {self._params.volume} cannot be reached: {error}"
            ) from error

    def _account(self) -> Account:
        """Raises FaultError if the disk is gone."""
        assert self._volume.served is not None
        try:
            return account.read(account_in(self._volume.served))
        except OSError as error:
            raise FaultError(f"the disk of volume {self._params.volume} is gone: {error}") from error

    def _roots(self) -> dict[str, list[int]]:
        """The first processes of the target, by role; those of containers as this machine sees them."""
        roots = {role: [ref.pid for ref in each] for role, each in self._handles.processes.items()}
        there = dict(self._handles.containers)
        if self._volume.container is not None and not any(
            self._volume.container in each for each in there.values()
        ):
            there[self._volume.container.name] = (self._volume.container,)
        for role, containers in there.items():
            for ref in containers:
                try:
                    with connected(ref.engine) as client:
                        found = refs.container_of(client, ref)
                except ControlError:
                    continue
                if found is not None and (pid := found.attrs["State"]["Pid"]):
                    roots.setdefault(role, []).append(int(pid))
        return roots
