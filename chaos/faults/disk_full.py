"""Fill a volume of the target: one file takes the free space, up to an allowed maximum."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from chaos.engine import mounts, refs, sidecar
from chaos.errors import ControlError, FaultError, UndoError
from chaos.faults.shared import containers, volume_files
from chaos.host import filler
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.record.inventory.document import FILES
from chaos.spec.units import Size
from chaos.spec.yamlfile import Model, Name

SLACK = 4_000_000  # bytes that may become free again: others remove their own files meanwhile


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

    def probes(self) -> Iterator[Probe]:
        place, seen = self._file.parent, self._look()
        what = f"{place} can be written to"
        if seen["refused"]:
            yield no(what, seen["refused"], "mount it writable, or name another volume (`volume`)")
            return
        yield yes(what)
        yield self._floor(seen["free"])
        written = seen["written_lately"]
        because = f"{written} were written to in the last minute, 1 is required"
        yield (yes if written else unknown)(f"floor: files of {place} in use", because)

    def prepare(self) -> Undo:
        if self._container is None:
            wanted = filler.free(self._file.parent) - self._params.leave
            if wanted > self._params.at_most:
                raise FaultError(
                    f"disk_full: {wanted} bytes are free, more than at_most allows ({self._params.at_most})"
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
            unproven="" if written else f"no process wrote to {self._file.parent} in the minute before",
        )

    def _look(self) -> dict[str, Any]:
        if self._container is None:
            return filler.look(self._file.parent)
        with containers.acting(self._container, "disk_full") as found:
            volume_files.undo(found, self._container, self._mark, self._file)
        said = {"look": str(self._file.parent)}
        try:
            return sidecar.ask(self._container, "chaos.host.filler", self._mark, said, running=False)
        except ControlError as error:
            raise containers.failure("disk_full", error) from error

    def _floor(self, free: int) -> Probe:
        what, leave, at_most = f"floor: {self._file.parent} full", self._params.leave, self._params.at_most
        wanted = free - leave
        if wanted <= 0:
            return no(what, f"{free} bytes are free, {leave} must be left", f"set `leave` below {free}")
        if wanted > at_most:
            enough = f"set `at_most: {-(-wanted * 11 // 10_000_000)}MB`, or name a smaller volume"
            return no(what, f"{wanted} bytes would be written, at most {at_most} are allowed", enough)
        return yes(what, f"{wanted} bytes would be written, at most {at_most} are allowed")

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
