"""The rotation at midnight: real logrotate on real grown logs, while writers keep the disk busy.

The stanza is the one that machines ship with (daily, rotate 7, compress); the target says how its operators
rotate (copytruncate or rename, which signal). The dose is bytes rotated, bytes synced, and what a sync cost.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from chaos.errors import FaultError
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import container_rotation
from chaos.faults.container_rotation import ContainerRotation
from chaos.handles import Handles, LogFiles
from chaos.host import disk_writers
from chaos.host.processes import spawn, stop_marked
from chaos.host.worker import Worker, python_module
from chaos.tools import logrotate
from chaos.units import NotNegative, Size
from chaos.yamlfile import Model


class LogrotateParams(Model):
    grown: Size = 400_000_000  # bytes that the log to be rotated has grown to
    writers: Annotated[int, Field(ge=0, le=64)] = 4
    block: Annotated[Size, Field(gt=0)] = 1_000_000  # bytes that each writer writes before it syncs
    min_rotated: Size = 10_000_000  # floors
    min_sync: NotNegative = 0.05  # seconds that the median sync takes: below this the disk was not busy


class Logrotate(Fault):
    Params = LogrotateParams
    needs = frozenset({"logs", "volumes.logs", "processes.api|containers.api"})

    @classmethod
    def staging(cls, params: LogrotateParams) -> Mapping[str, float]:
        files = params.writers * params.block * disk_writers.BLOCKS
        return {"logs.grown": params.grown, "machine.disk": files}

    def __init__(self, params: LogrotateParams, handles: Handles, mark: str) -> None:
        assert handles.logs is not None
        self._params, self._mark = params, mark
        self._rotation: subprocess.Popen[bytes] | None = None
        self._writers: Worker | None = None
        self._begun = 0.0
        self._sizes: dict[str, int] = {}
        self._elsewhere: ContainerRotation | None
        self._logs: LogFiles = handles.logs
        scratch = f"midnight-{mark.replace('/', '-')}"
        if self._logs.container is not None:
            self._elsewhere = ContainerRotation(self._logs.container, mark, self._spec_inside(scratch))
            return
        self._elsewhere = None
        self._api = handles.processes[handles.logs.process][0]
        self._scratch = handles.volumes["logs"].path / scratch

    def prepare(self) -> Undo:
        if self._elsewhere is not None:
            return self._elsewhere.undo()
        return {"mark": self._mark, "scratch": str(self._scratch)}

    def inject(self) -> Evidence:
        how = {"method": self._logs.method, "signal": self._logs.signal or "none"}
        if self._elsewhere is not None:
            return {**self._elsewhere.inject(), **how}
        binary = logrotate.find_binary()
        self._sizes = {file.name: file.stat().st_size for file in self._logs.files if file.exists()}
        self._scratch.mkdir(mode=0o700)
        conf = self._scratch / "logrotate.conf"
        conf.write_text(stanza(self._logs, self._api.pid))
        conf.chmod(0o600)
        argv = [str(binary), "--force", "--state", str(self._scratch / "state"), str(conf)]
        if self._logs.scheduling == "idle":
            argv = [*python_module("chaos.host.idle_exec"), *argv]
        if self._params.writers:
            self._writers = Worker("chaos.host.disk_writers", self._writers_spec(), self._mark)
        self._begun = time.monotonic()
        with (self._scratch / "output").open("wb") as output:
            self._rotation = spawn(argv, mark=self._mark, stdout=output, stderr=output)
        return {"logs": self._sizes, **how}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        if self._elsewhere is not None:
            return container_rotation.held(self._elsewhere.hold(seconds, stop), self._floor)
        assert self._rotation is not None
        end = time.monotonic() + seconds
        while self._rotation.poll() is None and time.monotonic() < end and not stop.is_set():
            stop.wait(0.1)
        took = time.monotonic() - self._begun
        stop.wait(max(0.0, end - time.monotonic()) if self._writers else 0.0)
        code = self._rotation.poll()
        output = (self._scratch / "output").read_text(errors="replace").strip()
        if code not in (None, 0):
            raise FaultError(f"logrotate ended with {code}: {output or 'it printed nothing'}")
        written = self._writers.finish(timeout=120.0) if self._writers else {}
        return Held(
            dose={
                "rotated_bytes": self._rotated(),
                "sync_median_seconds": written.get("sync_median", 0.0),
            },
            floor=self._floor,
            evidence={
                "rotation_seconds": round(took, 2) if code == 0 else None,
                "rotation": "ended" if code == 0 else f"still running after {took:.1f} s",
                "writers": written,
            },
        )

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        if "container" in undo:
            return container_rotation.restore(undo)
        stopped = stop_marked(undo["mark"], grace=1.0)
        scratch = Path(undo["scratch"])
        if scratch.is_dir():
            shutil.rmtree(scratch)
        return {"processes_stopped": len(stopped), "scratch_removed": not scratch.exists()}

    @property
    def _floor(self) -> dict[str, float]:
        return {"rotated_bytes": self._params.min_rotated, "sync_median_seconds": self._params.min_sync}

    def _spec_inside(self, scratch: str) -> dict[str, Any]:
        """What `chaos.host.rotation` is told, with places as the container has them."""
        logs, inside = self._logs, self._logs.inside
        there = replace(logs, files=tuple(inside / file.relative_to(logs.directory) for file in logs.files))
        return {
            "stanza": stanza(there, pid=1),
            "scratch": str(inside / scratch),
            "files": [str(file) for file in there.files],
            "idle": logs.scheduling == "idle",
            "writers": self._params.writers,
            "block": self._params.block,
            "deadline": 600.0,
        }

    def _writers_spec(self) -> dict[str, Any]:
        return {
            "directory": str(self._scratch),
            "writers": self._params.writers,
            "block": self._params.block,
            "deadline": 600.0,
        }

    def _rotated(self) -> int:
        """Bytes of the logs that are now shorter than they were: what copytruncate and rename both leave."""
        return sum(
            size
            for name, size in self._sizes.items()
            if not (file := self._logs.directory / name).exists() or file.stat().st_size < size
        )


def stanza(logs: LogFiles, pid: int) -> str:
    """logrotate's configuration for these logs."""
    lines = [*(f'"{file}"' for file in logs.files), "{", "    daily", "    rotate 7", "    compress"]
    if logs.delaycompress:
        lines.append("    delaycompress")
    lines += ["    missingok"]
    if logs.method == "copytruncate":
        lines.append("    copytruncate")
    if logs.signal is not None:
        signal.Signals[f"SIG{logs.signal}"]  # a name that the kernel knows, or KeyError
        lines += [
            "    sharedscripts",
            "    postrotate",
            f"        kill -{logs.signal} {pid}",
            "    endscript",
        ]
    return "\n".join([*lines, "}", ""])
