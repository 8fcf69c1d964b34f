"""Logs as teams have them, and one rotation of them as a run plays it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import secrets
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.faults.logrotate import Logrotate
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles, LogFiles, ProcessRef, Stanza

_READERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".bz2": bz2.decompress,
    ".zst": lambda data: subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout,
}


def packed(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


def contents(*directories: Path) -> dict[str, str]:
    """What all files hold, unpacked, by name."""
    files = [file for directory in directories for file in directory.rglob("*") if file.is_file()]
    return {str(file): _READERS.get(file.suffix, bytes)(file.read_bytes()).decode() for file in files}


def texts(*directories: Path) -> list[str]:
    """What all files hold, empty ones aside: nothing of it may be lost."""
    return sorted(text for text in contents(*directories).values() if text)


@dataclass
class Played:
    """One rotation: prepared, injected, held and undone."""

    logs: LogFiles
    params: dict[str, Any] = field(default_factory=dict)
    processes: tuple[ProcessRef, ...] = ()
    evidence: Evidence = field(default_factory=dict)
    undone: Evidence = field(default_factory=dict)

    def begun(self) -> tuple[Logrotate, Undo]:
        params = {"writers": 0, "min_rotated": 1, "min_sync": 0, **self.params}
        handles = Handles(logs=self.logs, processes={self.logs.process: self.processes})
        fault = Logrotate(
            Logrotate.Params.model_validate(params), handles, f"test-{secrets.token_hex(4)}/rotate"
        )
        return fault, fault.prepare()

    def __call__(self, seconds: float = 0.0, stop: threading.Event | None = None) -> Held:
        fault, undo = self.begun()
        try:
            self.evidence = fault.inject()
            return fault.hold(seconds, stop or threading.Event())
        finally:
            self.undone = Logrotate.undo(undo)
            Logrotate.undo(undo)


def log_files(directory: Path, *names: str, **how: Any) -> LogFiles:
    """Logs of a target that midnight did not start."""
    files = tuple(directory / name for name in names or ("app.log",))
    given = {
        "method": "rename",
        "delaycompress": None,
        "scheduling": "normal",
        "signal": None,
        "process": "api",
    }
    return LogFiles(directory, files, ours=False, **(given | how))


def by(stanza: Path, directory: Path, *names: str, conf: Path | None = None, agreed: bool = True) -> LogFiles:
    return log_files(directory, *names, stanza=Stanza(stanza, conf, agreed))


def whole(held: Held) -> bool:
    return all(held.dose[name] >= least for name, least in held.floor.items())
