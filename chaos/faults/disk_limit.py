"""Throttle a disk: a container's own writes, or a served disk for all. The dose is the time spent waiting.

With `volume`, on a served disk: reads and writes of everything that uses it. With `target`, a container's
writes: the engine cannot change this limit, so a sidecar writes it into the container's cgroup. The engine knows the
limits the container was created with: the undo puts those back, and a limit set by hand is refused. A restarted
container already has them, so nothing is left to undo; a paused one keeps midnight's limit until the undo lifts it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from chaos.engine import refs, sidecar
from chaos.engine.attached import Attached
from chaos.engine.client import connected
from chaos.errors import ControlError, FaultError, UndoError
from chaos.faults.shared import containers, exclusive, foreseen
from chaos.faults.shared.each import OnContainer, OnEach
from chaos.faults.shared.served_limit import ServedLimit
from chaos.host.worker import Worker
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, until_no, yes
from chaos.record.inventory.document import CONTAINERS
from chaos.spec.units import NotNegative, Size, show_seconds
from chaos.spec.yamlfile import Model, Name

THROTTLE, WATCH = "chaos.host.throttle", "chaos.host.write_watch"
DEADLINE = 600.0  # seconds after which the watch ends by itself


class DiskLimitParams(Model):
    target: Name = "database"
    volume: Name | None = None  # on a served disk: limit that disk, not a container
    which: containers.Which = "all"  # of a role with several containers
    write: Annotated[Size, Field(ge=100_000)] = 2_000_000  # bytes per second; with `volume`, reads too
    min_held_back: NotNegative = 0.2  # the floor: seconds that its own threads waited for the disk
    path: str | None = None  # a directory of the container on the disk; its first volume if not given


class DiskLimitOne(OnContainer):
    Params = DiskLimitParams

    def __init__(self, params: DiskLimitParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params
        self._path = params.path or ""
        self._created_with: dict[str, int] = {}
        self._watch: Worker | None = None

    @until_no
    def probes(self) -> Iterator[Probe]:
        with containers.acting(self._ref, "disk_limit") as found:
            yield foreseen.runs(found)
        self._find_disk()
        what = f"writes of {self._ref.name} below {self._path} can be limited"
        said = self._ask(could=self._params.write, created_with=self._created_with)
        if "refused" in said:
            yield no(what, said["refused"], said["remedy"])
        else:
            yield yes(what, f"to {self._params.write} bytes per second, from {said['before'] or 'no limit'}")
        yield unknown(
            "floor: held_back_seconds",
            f"its own threads must wait {show_seconds(self._params.min_held_back)} for the disk",
        )

    def prepare(self) -> Undo:
        with exclusive.claimed(self._ref, "disk_limit", self._mark):
            self._find_disk()
        return {
            "container": refs.to_json(self._ref),
            "path": self._path,
            "mark": self._mark,
            "created_with": self._created_with,
            "write": self._params.write,
            "urgent": True,  # it would hold up the exit
        }

    def inject(self) -> Evidence:
        done = self._ask(set=self._params.write, created_with=self._created_with)
        if "refused" in done:
            raise FaultError(f"disk_limit: {self._ref.name}: {done['refused']}")
        self._begin()
        return {"container": self._ref.name, "path": self._path, **done}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        report, because = self._reported()
        own, waited = float(report.get("written", 0)), float(report.get("waited", 0.0))
        if not because and not own:
            because = f"{self._ref.name} wrote nothing to the disk below {self._path} then"
        return Held(
            dose={"own_bytes_written": own, "held_back_seconds": waited},
            floor={"own_bytes_written": 1, "held_back_seconds": self._params.min_held_back},
            unproven=because,
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({CONTAINERS})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        ref, ours = refs.from_json(undo["container"]), undo["write"]
        by_hand = f"by hand: docker restart {ref.name}"
        said = {"path": undo["path"], "unset": ours, "created_with": undo["created_with"]}
        try:
            sidecar.remove(ref.engine, undo["mark"])
            with connected(ref.engine) as client:
                found = refs.container_of(client, ref)
            if found is None or not refs.lives(found):
                now = {"limit": "ended with it", "container_is": "gone" if found is None else found.status}
            else:
                now = sidecar.ask(ref, THROTTLE, undo["mark"], said)
        except ControlError as error:
            raise UndoError(f"write limit of {ref.name}: {error}; {by_hand}") from error
        if now.get("limit") == ours:
            raise UndoError(f"write limit of {ref.name} is still {ours}; {by_hand}")
        exclusive.release(ref, "disk_limit", undo["mark"])
        return {"container": ref.name, **now}

    def _find_disk(self) -> None:
        """Find its directory on the disk and the limits it was created with. Raises FaultError, TargetGone."""
        with containers.acting(self._ref, "disk_limit") as found:
            mounts = [str(mount["Destination"]) for mount in found.attrs["Mounts"] if mount["RW"]]
            limits = found.attrs["HostConfig"].get("BlkioDeviceWriteBps") or []
        if not mounts:
            raise FaultError(
                f"disk_limit: {self._ref.name} has no volume that it may write to, and only the disk "
                "below a volume can be limited"
            )
        self._path = self._path or mounts[0]
        self._created_with = {str(each["Path"]): int(each["Rate"]) for each in limits}

    def _begin(self) -> None:
        """Start watching what the container itself writes. Raises FaultError, TargetGone."""

        def start(module: str, mark: str) -> Attached:
            return sidecar.start(self._ref, module, mark)

        try:
            self._watch = Worker(WATCH, {"path": self._path, "deadline": DEADLINE}, self._mark, start)
        except ControlError as error:
            raise containers.failure("disk_limit", error) from error

    def _reported(self) -> tuple[dict[str, Any], str]:
        """Return what the watch saw, and if nothing, why."""
        assert self._watch is not None
        try:
            report = self._watch.finish()
        except FaultError as error:  # the container has ended, and its sidecar with it
            return {}, f"what {self._ref.name} wrote is not known: {error}"
        return report, str(report.get("refused", ""))

    def _ask(self, **what: Any) -> dict[str, Any]:
        try:
            return sidecar.ask(self._ref, THROTTLE, self._mark, {"path": self._path, **what})
        except ControlError as error:
            raise containers.failure("disk_limit", error) from error


class DiskLimit(OnEach):
    Params = DiskLimitParams
    One = DiskLimitOne
    held_throughout = True

    @classmethod
    def needs_of(cls, params: DiskLimitParams) -> frozenset[str]:
        return (ServedLimit if params.volume else cls.One).needs_of(params)

    def __init__(self, params: DiskLimitParams, handles: Handles, mark: str) -> None:
        if params.volume:
            self.only(ServedLimit(params, handles, mark), params.volume)
        else:
            super().__init__(params, handles, mark)

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return ServedLimit.touches(undo) if "served" in undo else super().touches(undo)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return ServedLimit.undo(undo) if "served" in undo else super().undo(undo)
