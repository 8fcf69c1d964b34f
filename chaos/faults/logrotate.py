"""The midnight rotation: real logrotate on logs grown to size, while writers keep the disk busy.

On a target that midnight started, the stanza is the usual distribution default. On any other it is the team's own, or
one written to match the directory, so that no log line can be lost. The dose is the bytes that logrotate rotated,
proven by the logs' inodes, and the time a sync took.
"""

from __future__ import annotations

import glob
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from chaos.errors import ControlError, FaultError, UndoError
from chaos.faults.shared import container_rotation, containers, foreseen
from chaos.host import disk_writers, rotation_undo
from chaos.host.processes import alive, stop_marked
from chaos.host.rotation_plan import CannotRotate
from chaos.host.worker import Worker, start_here
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles, LogFiles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.record.inventory.differences import Claim
from chaos.record.inventory.document import FILES
from chaos.spec import written
from chaos.spec.units import NotNegative, Positive, Size, show_seconds, show_size
from chaos.spec.yamlfile import Model
from chaos.tools import rotating

ENDING_GRACE = (
    30.0  # seconds that a rotation may take to finish when midnight is stopped and the target lives on
)
ENDED_WITHIN = 120.0  # seconds to clean up a rotation that is cut off, and for the last syncs of a slow disk
_STOPPED_WITHIN = 75.0  # seconds: longer than the grace and the cut
_POLL = 0.1


MOST_ROTATED = 10_000_000  # bytes; the floors that no disk or log is too fast or too small for
MOST_SYNC = 0.05  # seconds
BUSY = 2.0  # times as long as a sync takes alone


def fits(size: int, alone: float, *, ours: bool) -> tuple[int, float]:
    """Return the floors of bytes and seconds: lower on a target that midnight did not start if its logs hold less, or
    if its disk syncs a block faster: half of the logs, and twice the seconds that a sync takes alone."""
    if ours:
        return MOST_ROTATED, MOST_SYNC
    return min(MOST_ROTATED, max(1, size // 2)), min(MOST_SYNC, BUSY * alone)


class LogrotateParams(Model):
    grown: Size = 400_000_000  # bytes that the log to be rotated has grown to
    writers: Annotated[int, Field(ge=0, le=64)] = 4
    block: Annotated[Size, Field(gt=0)] = 1_000_000  # bytes that each writer writes before it syncs
    min_rotated: Size | None = None  # floors; None: as the logs and the disk allow, see `fits`
    min_sync: NotNegative | None = None  # seconds for the median sync: below this the disk was not busy
    finish_within: Positive = 600.0  # seconds that a rotation may go on after the hold, before it is cut off


class Logrotate(Fault):
    Params = LogrotateParams
    needs = frozenset({"logs"})

    @classmethod
    def plan_notes(cls, params: LogrotateParams) -> list[str]:
        rotated, sync = show_size(MOST_ROTATED), written.time(MOST_SYNC)
        floors = (
            (params.min_rotated, f"{rotated} rotated", "half of its logs"),
            (params.min_sync, f"a sync of {sync}", "twice the time of a sync before it acts"),
        )
        left = [(floor, at_most) for given, floor, at_most in floors if given is None]
        if not left:
            return []
        defaults, most = (" and ".join(texts) for texts in zip(*left, strict=True))
        return [f"by default it needs {defaults}; on a target that midnight did not start, at most {most}"]

    @classmethod
    def staging(cls, params: LogrotateParams) -> Mapping[str, float]:
        files = params.writers * params.block * disk_writers.BLOCKS
        return {"logs.grown": params.grown, "machine.disk": files}

    def __init__(self, params: LogrotateParams, handles: Handles, mark: str) -> None:
        assert handles.logs is not None
        self._params, self._mark, self._logs = params, mark, handles.logs
        self._scratch = rotating.scratch_of(self._logs, mark)
        self._signalled = (
            handles.processes.get(self._logs.process, ()) if self._logs.signal is not None else ()
        )
        self._planned: dict[str, Any] = {}
        self._worker: Worker | None = None

    def probes(self) -> Iterator[Probe]:
        if self._logs.container is None:
            yield from map(foreseen.may_be_signalled, self._signalled)
        try:
            self._planned = self._look()
        except FaultError as error:
            yield no("logs", str(error))
            return
        yield yes(
            "logs", "; ".join(line.partition("\n")[0] for line in rotating.shown(self._planned, self._logs))
        )
        if not self._logs.ours:
            size = self._size()
            least, _ = self._floors(size, 0.0)
            because = f"the logs hold {size} bytes now, {least} required"
            enough = size >= least
            yield (yes if enough else unknown)("floor: rotated_bytes", because)

    def prepare(self) -> Undo:
        if gone := [ref.pid for ref in self._signalled if self._logs.container is None and not alive(ref)]:
            raise FaultError(
                f"process {gone[0]} of {self._logs.process} has ended: its logs would not be reopened"
            )
        self._planned = self._planned or self._look()
        undo = {
            "mark": self._mark,
            "scratch": str(self._scratch),
            "explained": self._explained(),
            **self._planned["before"],
        }
        return (
            undo if self._logs.container is None else container_rotation.undo_of(self._logs.container, undo)
        )

    def inject(self) -> Evidence:
        begin = rotating.start(self._logs) or start_here
        try:
            self._worker = Worker("chaos.host.rotation", self._specification(), self._mark, begin)
        except ControlError as error:
            raise containers.failure("logrotate", error) from error
        told = self._worker.started
        stanza = str(self._logs.stanza.path) if self._logs.stanza is not None else "written by midnight"
        also = {"rotated_beside": self._planned["also"]} if self._planned["also"] else {}
        charged = {"charged_to": told["charged_to"]} if told["charged_to"] is not None else {}
        return {"logs": told["started"], "stanza": stanza, "notes": self._planned["notes"], **also, **charged}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._worker is not None
        if self._params.writers:
            stop.wait(seconds)
        if not stop.is_set():
            self._worker.say("go")
            self._wait(self._worker, seconds if not self._params.writers else 0.0, stop)
        return self._held(self._worker.finish(timeout=ENDING_GRACE + ENDED_WITHIN))

    @classmethod
    def explains(cls, undo: Undo) -> Sequence[Claim]:
        """A rotation is not undone. Every archive's content must still exist, unless the team's own stanza removes
        it, and the log must be in its place, as that stanza creates it.
        """
        told = undo.get("explained", {})
        return (
            {"kind": FILES, "thing": "*", "fields": ["inode", "shrunk", "moved"]},
            *(
                {"kind": FILES, "thing": f"*{glob.escape(path)}", "fields": ["lost"]}
                for path in told.get("ends", ())
            ),
            *(
                {"kind": FILES, "thing": f"*{glob.escape(path)}", "fields": ["gone", "mode", "owner"]}
                for path in told.get("made", ())
            ),
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({FILES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if "container" in undo:
            return container_rotation.undo(undo)
        stopped = stop_marked(undo["mark"], grace=_STOPPED_WITHIN)
        try:
            return {"processes_stopped": len(stopped), **rotation_undo.undo(undo)}
        except OSError as error:
            raise UndoError(f"{error}; by hand: rm -r {undo['scratch']}") from error

    def _look(self) -> dict[str, Any]:
        pids = [ref.pid for ref in self._signalled] if self._logs.container is None else [1]
        own = stanza(self._logs, rotating.here_or_inside(self._logs), pids) if self._logs.ours else None
        try:
            answer = rotating.look(self._logs, pids, own, self._mark)
            rotating.refuse_scripts(answer, self._logs)
            return answer
        except CannotRotate as error:
            raise FaultError(str(error)) from error
        except ControlError as error:
            raise containers.failure("logrotate", error) from error

    def _explained(self) -> dict[str, list[str]]:
        """List what the team's own stanza removes and re-creates by its own rules."""
        planned = self._planned
        if self._logs.stanza is None:
            return {"ends": planned["unreadable"], "made": []}
        return {
            "ends": [*planned["ends"], *planned["unreadable"]],
            "made": [*planned["logs"], *planned["also"]],
        }

    def _specification(self) -> dict[str, Any]:
        """Build the request for `chaos.host.rotation`."""
        return {
            **rotating.request(self._logs, ()),
            "conf": self._planned["conf"],
            "before": self._planned["before"],
            "scratch": str(self._scratch),
            "writers": self._params.writers,
            "block": self._params.block,
            "deadline": 600.0,
            "grace": 0.0 if self._logs.ours else ENDING_GRACE,
        }

    def _wait(self, worker: Worker, rest: float, stop: threading.Event) -> None:
        """Wait until the rotation has ended by itself; cut it off if it outlasts the hold by too much."""
        end = time.monotonic() + rest + self._params.finish_within
        while not worker.ended() and not stop.is_set():
            if time.monotonic() > end:
                worker.say("cut")
                return
            stop.wait(_POLL)

    def _held(self, report: Mapping[str, Any]) -> Held:
        writers = report["writers"]
        dose = {
            "rotated_bytes": report["rotated_bytes"],
            "logs_rotated": report["logs_rotated"],
            "sync_median_seconds": writers["sync_median"],
        }
        least, sync = self._floors(self._size(), writers["sync_alone"])
        floor = {
            "rotated_bytes": least,
            "logs_rotated": len(report["logs"]),
            "sync_median_seconds": sync if self._params.writers else 0.0,
        }
        shown = {
            key: value for key, value in report.items() if key not in {*dose, "code", "seconds", "ended"}
        }
        evidence = {
            "rotation_seconds": report["seconds"],
            "rotation": _how(report),
            "exit_code": report["code"],
            **shown,
        }
        return Held(dose, floor, evidence)

    def _size(self) -> int:
        """Bytes that the logs held when they were looked at."""
        return sum(told["size"] for told in self._planned["before"]["logs"].values())

    def _floors(self, size: int, alone: float) -> tuple[int, float]:
        rotated, sync = fits(size, alone, ours=self._logs.ours)
        params = self._params
        return (
            rotated if params.min_rotated is None else params.min_rotated,
            sync if params.min_sync is None else params.min_sync,
        )


def _how(report: Mapping[str, Any]) -> str:
    """Say whether the rotation finished, and if not, what was done about it."""
    if report["ended"] == "by itself":
        return "ended by itself"
    words = {"half_made_removed": "half-made, removed", "kept_whole": "whole, kept", "put_back": "put back"}
    done = [f"{words[key]}: {', '.join(report[key])}" for key in words if report.get(key)]
    return "; ".join([f"{report['ended']} after {show_seconds(report['seconds'])}", *done])


def stanza(logs: LogFiles, files: Sequence[Path], pids: Sequence[int]) -> str:
    """logrotate's configuration for the logs of a target that midnight started."""
    lines = [*(f'"{file}"' for file in files), "{", "    daily", "    rotate 7", "    compress"]
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
            f"        kill -{logs.signal} {' '.join(str(pid) for pid in pids)}",
            "    endscript",
        ]
    return "\n".join([*lines, "}", ""])
