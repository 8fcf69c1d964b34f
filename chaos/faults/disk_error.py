"""Fail a share of a disk's requests with EIO or ENOSPC. The dose is the requests that failed.

Only the blocks that its files occupy fail: the file system's journal and tables stay intact, as with bad sectors below
the data. One that does not tell which these are is refused: fuse2fs, which hides errors from the service, too. Blocks
that files get meanwhile fail as well, from a quarter of a second later on. What waits in the kernel's page cache is
written while the fault acts, not up to half a minute later.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from chaos.errors import FaultError
from chaos.faults.shared.served_disk import OnDisk, OnDiskParams, beats
from chaos.host import mounting
from chaos.host.disk import blocks
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.model import Error, Kind
from chaos.plugin.fault import Undo
from chaos.plugin.probe import Answer, Probe, no, yes
from chaos.spec.units import Ratio

LISTED_EVERY = 0.25  # seconds between listings of the files' blocks


class DiskErrorParams(OnDiskParams):
    path: str = ""  # a directory of the volume whose files fail; empty: all
    error: Error = Error.EIO
    share: Annotated[Ratio, Field(gt=0)] = 1.0
    requests: Annotated[tuple[Literal[Kind.READ, Kind.WRITE], ...], Field(min_length=1)] = (Kind.WRITE,)
    at_most: Annotated[int, Field(ge=1)] | None = None  # requests that fail; then the disk is in order again
    min_failed: Annotated[int, Field(ge=1)] = 1  # the floor

    @field_validator("path")
    @classmethod
    def _below(cls, path: str) -> str:
        if PurePath(path).is_absolute() or ".." in PurePath(path).parts:
            raise ValueError("name a directory of the volume, such as `primary/base`")
        return path


class DiskError(OnDisk):
    Params = DiskErrorParams
    knob = Knob.ERROR

    def probes(self) -> Iterator[Probe]:
        yield from super().probes()
        if self._volume.served is not None:
            yield self._narrowed()

    def prepare(self) -> Undo:
        undo = super().prepare()
        if (found := self._narrowed()).answer is Answer.NO:
            raise FaultError(f"disk_error: {found.line}")
        return undo

    def value(self) -> object:
        self._only = self._occupied()
        return self._failing()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        sync = None
        for _ in beats(seconds, LISTED_EVERY, stop):
            if sync is None or sync.poll() is not None:  # one at a time: on a slow disk it takes long
                sync = mounting.begin("sync", "--file-system", str(self._volume.path))
            with suppress(subprocess.TimeoutExpired):
                sync.wait(LISTED_EVERY)
            now = self._occupied()
            if now != self._only:
                self._only = now
                self._turn(self._failing())

    def described(self) -> Mapping[str, Any]:
        occupied = None if self._only is None else sum(end - start for start, end in self._only)
        return {"error": self._params.error, "share": self._params.share, "bytes_that_fail": occupied}

    def dose(self, before: Account, after: Account) -> Mapping[str, float]:
        failed = {kind: after.of(kind).errors - before.of(kind).errors for kind in self._params.requests}
        return {"requests_failed": sum(failed.values())}

    def floor(self) -> Mapping[str, float]:
        return {"requests_failed": self._params.min_failed}

    def unproven(self, before: Account) -> str:
        del before
        if self._only is not None:
            return ""
        return "the file system does not show whose requests failed, and fuse2fs hides errors: run it as root"

    def _narrowed(self) -> Probe:
        """Whether only the files below `path` can fail, and so be shown to have failed."""
        params = self._params
        if params.path and not (self._volume.path / params.path).is_dir():
            what = f"{params.path} is a directory of volume {params.volume}"
            return no(what, "it is not", "name one (`path`)")
        what = f"the file system of volume {params.volume} shows which blocks its files occupy"
        if self._occupied() is None:
            return no(what, "fuse2fs does not, and hides errors", "bring the disk up as root")
        return yes(what)

    def _occupied(self) -> blocks.Ranges | None:
        return blocks.occupied(self._volume.path / self._params.path)

    def _failing(self) -> object:
        params = self._params
        return {
            "error": params.error,
            "share": params.share,
            "kinds": list(params.requests),
            "only": self._only,
            "at_most": params.at_most,
        }
