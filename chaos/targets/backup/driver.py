"""The driver of a backup: it can tear down what restoring has created."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.host import scratch
from chaos.host.processes import mark_of, stop_marked
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles
from chaos.spec.target import Target
from chaos.targets.backup.options import BackupOptions


class BackupDriver(Driver):
    """Nothing can be played on a backup: an experiment with `restore:` restores it."""

    Options = BackupOptions

    def __init__(
        self, target: Target, options: BackupOptions, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        super().__init__(target, options, profile, staging)

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        del target  # it is not a service
        return frozenset()

    @property
    def versions(self) -> Mapping[str, str]:
        raise UsageError(_NO_SERVICE)

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        del site
        raise UsageError(_NO_SERVICE)

    def drain(self) -> None:
        """Nothing to do: there is no service."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return _UNDOS[undo["what"]](undo)


_NO_SERVICE = (
    "a backup is not a service that can be played on: use an experiment with `restore:`, such as restore-mine"
)


def _remove_directory(undo: Undo) -> Evidence:
    return scratch.remove(Path(undo["path"]), undo["owner"])


def _stop_processes(undo: Undo) -> Evidence:
    mark = undo["mark"]
    with suppress(OSError, ValueError, IndexError):
        pid = int(Path(undo["data"], "postmaster.pid").read_text().split()[0])
        if (mark_of(pid) or "").startswith(mark):
            os.kill(pid, signal.SIGQUIT)  # immediately, with its children: nothing of it is kept
    return {"processes_stopped": len(stop_marked(mark, grace=2.0))}


_UNDOS: Mapping[str, Callable[[Undo], Evidence]] = {
    "directory": _remove_directory,
    "processes": _stop_processes,
}
