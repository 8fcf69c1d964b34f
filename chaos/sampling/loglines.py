"""Which lines of the target's logs survived the rotation: followed from before the run, found again after it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.engine import sidecar
from chaos.errors import ControlError, MidnightError
from chaos.host.processes import MARK
from chaos.host.worker import Program, Worker, start_here
from chaos.plugin.handles import LogFiles
from chaos.record.event import NOW
from chaos.record.events import LogsRead

log = logging.getLogger(__name__)

_PROGRAM = "chaos.host.log_follow"
_CAPS = ("SYS_PTRACE", "DAC_READ_SEARCH")  # to look at the writers' descriptors, and into every directory
_LONGEST = 7 * 86400.0  # seconds
_READ_WITHIN = 600.0  # seconds: archives may have to be unpacked
_OLDDIR = re.compile(r"^\s*olddir\s+(\S+)", re.MULTILINE)
_MOST_CONFIGURATION = 1 << 20  # bytes of a stanza's file


class Following:
    """Follow the logs where they are: on this machine, or from a sidecar. Never raises: a target's logs may be beyond
    reach, and then `finish` says why."""

    def __init__(self, logs: LogFiles, mark: str) -> None:
        self._logs, self._because = logs, ""
        self._worker: Worker | None = None
        self._mark = f"{mark}/logs"
        # the container beside which they are followed: they are on a volume that this machine does not show
        self._beside = None if logs.container is None or logs.directory.is_dir() else logs.container
        try:
            self._worker = Worker(_PROGRAM, self._specification(), self._mark, self._start)
        except (MidnightError, OSError) as error:
            self._because = f"the logs cannot be followed: {error}"
        else:
            if not self._worker.started["started"]:
                self._because = f"no file matches {', '.join(self._files())}"

    def finish(self, dropped: int = 0) -> LogsRead:
        """Read the files, and return what became of the lines. `dropped`: by the target itself, as it publishes."""
        if self._worker is None or self._because:
            self.close()
            return LogsRead(NOW, because=self._because or "the logs were not followed")
        worker, self._worker = self._worker, None
        try:
            worker.say("end")
            return read_of(worker.finish(timeout=_READ_WITHIN), dropped)
        except MidnightError as error:
            return LogsRead(NOW, because=f"the logs were not followed to the end: {error}")
        finally:
            self._remove()

    def close(self) -> None:
        """End it without a report. Idempotent."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(MidnightError):
                worker.say("stop")
                worker.finish(timeout=10.0)
            self._remove()

    def _start(self, module: str, mark: str) -> Program:
        if self._beside is None:
            return start_here(module, mark)
        return sidecar.start(self._beside, module, mark, caps=_CAPS, vanishes=True)

    def _remove(self) -> None:
        if self._beside is not None:
            try:
                sidecar.remove(self._beside.engine, self._mark)
            except ControlError as error:  # it is to remove itself, too
                log.debug("%s=%s: %s", MARK, self._mark, error)

    def _specification(self) -> dict[str, Any]:
        return {
            "logs": self._files(),
            "places": [str(place) for place in _places(self._logs)],
            "line_id": self._logs.line_id,
            "deadline": _LONGEST,
        }

    def _files(self) -> list[str]:
        logs = self._logs
        if self._beside is None:
            return [str(file) for file in logs.files]
        below = (
            file.relative_to(logs.directory) for file in logs.files if file.is_relative_to(logs.directory)
        )
        return [str(logs.inside / file) for file in below]


def read_of(report: dict[str, Any], dropped: int) -> LogsRead:
    """The event of a report of `chaos.host.log_follow`."""
    logs = report["logs"]
    known = [each["at_most"] for each in logs if each["at_most"] is not None]
    unread = next((each["unread"] for each in logs if each["unread"]), "")
    found = sum(each["found"] for each in logs)
    files = sum(each["files"] for each in logs)
    return LogsRead(
        NOW,
        lines=found,
        expected=sum(each["lines"] + each["unseen"] + (each["missing"] or 0) for each in logs),
        lost=sum(each["lost"] for each in logs),
        at_most=sum(known) if len(known) == len(logs) else None,
        unbounded=len(known) < len(logs),
        doubled=sum(each["doubled"] for each in logs),
        dropped=dropped,
        rotations=report["rotations"] + sum(each["truncations"] for each in logs),
        kept_writing=tuple(text for each in logs for text in each["kept_writing"]),
        stopped=tuple(each["log"] for each in logs if each["stopped"]),
        by_log={each["log"]: {key: value for key, value in each.items() if key != "log"} for each in logs},
        complete=bool(logs) and not unread,
        because=unread or f"{files} files read",
    )


def _places(logs: LogFiles) -> Iterator[Path]:
    """Where the team's own stanza keeps archives, if not beside the logs."""
    if logs.stanza is None or not logs.stanza.path.exists():
        return
    path = logs.stanza.path
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        with suppress(OSError):
            if file.is_file() and file.stat().st_size <= _MOST_CONFIGURATION:
                for place in _OLDDIR.findall(file.read_text(errors="replace")):
                    yield logs.directory / place
