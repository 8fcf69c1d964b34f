"""A volume of the target's is full: one file of ours takes what was free, and no more than is allowed."""

from __future__ import annotations

import threading

from chaos.engine import mounts, refs, sidecar
from chaos.errors import ControlError, FaultError, UndoError
from chaos.faults.shared import containers, volume_files
from chaos.host import filler
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.record.inventory.document import FILES
from chaos.spec.units import Size
from chaos.spec.yamlfile import Model, Name

SLACK = 4_000_000  # bytes that may be free again: others remove what is theirs meanwhile


class DiskFullParams(Model):
    volume: Name = "logs"
    leave: Size = 0  # bytes left free
    at_most: Size = 4_000_000_000  # bytes that may be written; a greater volume is refused


class DiskFull(Fault):
    Params = DiskFullParams
    held_throughout = True
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: DiskFullParams) -> frozenset[str]:
        return frozenset({f"volumes.{params.volume}"})

    def __init__(self, params: DiskFullParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        volume = handles.volumes[params.volume]
        self._container = volume.container
        place = volume.path if volume.container is None else volume.inside
        self._file = place / f"midnight-{mark.replace('/', '-')}"

    def prepare(self) -> Undo:
        if self._container is None:
            wanted = filler.free(self._file.parent) - self._params.leave
            if wanted > self._params.at_most:
                raise FaultError(
                    f"disk_full: {wanted} bytes are free, more than the {self._params.at_most} allowed"
                )
            return {"file": str(self._file)}
        with containers.acting(self._container, "disk_full") as found:
            undo = volume_files.undo(found, self._container, self._mark, self._file)
        return {"file": str(self._file), **undo}

    def inject(self) -> Evidence:
        params = self._params
        if self._container is None:
            done = filler.fill(self._file, params.leave, params.at_most)
        else:
            said = {"fill": str(self._file), "leave": params.leave, "at_most": params.at_most}
            try:
                done = sidecar.ask(self._container, "chaos.host.filler", self._mark, said, running=False)
            except ControlError as error:
                raise containers.failure("disk_full", error) from error
        if "refused" in done:
            raise FaultError(f"disk_full: {done['refused']}")
        self._done = done
        return done

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        full = self._done["free"] <= self._params.leave + SLACK
        written = self._done["written_lately"]
        return Held(
            dose={"full": float(full), "files_in_use": written},
            floor={"full": 1, "files_in_use": 1},
            evidence=self._done,
            unproven="" if written else f"nobody has written to {self._file.parent} in the minute before",
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({FILES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        file = undo["file"]
        if "container" not in undo:
            try:
                return filler.remove([file])
            except OSError as error:
                raise UndoError(f"{file} could not be removed: {error}; by hand: rm {file}") from error
        name = undo["container"]["name"]
        try:
            engine = refs.from_json(undo["container"]).engine
            stopped = sidecar.remove(engine, undo["mark"], settled=1.0)
            return {"container": name, "containers_removed": stopped, **volume_files.remove(undo, [file])}
        except ControlError as error:
            lies = mounts.named(undo["mount"])
            raise UndoError(f"{error}; by hand: remove {file} from the {lies} of {name}") from error
