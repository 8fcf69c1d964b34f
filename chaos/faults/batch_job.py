"""The target's own nightly job: any command, started as it is.

It must end as its file expects (exit code, output), and must have used CPU time, or read or written as much as the
step's floors say. Burners and memory that the step asks for are the job's own work if it takes them as values, else
midnight's own, beside it. An out-of-memory kill is distinguished from any other kill.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from chaos.faults.shared import job_left
from chaos.faults.shared.beside import NEARLY
from chaos.faults.shared.job_ended import told_of
from chaos.faults.shared.job_run import JobRun
from chaos.faults.shared.job_work import JobWork, Seconds
from chaos.faults.shared.memory_kills import MemoryKills
from chaos.faults.shared.starts_job import StartsJob
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, unknown
from chaos.spec.units import Size, show_seconds


class BatchJobParams(JobWork):
    min_cpu_seconds: Seconds = 0.01  # floors: CPU time of its whole tree,
    min_read: Size = 0  # and bytes that the tree reads and writes, from and to whatever
    min_written: Size = 0


class BatchJob(StartsJob):
    Params = BatchJobParams

    @classmethod
    def staging(cls, params: BatchJobParams) -> Mapping[str, float]:
        return {"machine.memory": (params.memory_mb or 0) * 1e6}

    def __init__(self, params: BatchJobParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._floor = _floor(params, self._job.values)
        self._run: JobRun | None = None

    def probes(self) -> Iterator[Probe]:
        yield from super().probes()
        asked = [f"{show_seconds(self._floor['cpu_seconds'])} of CPU time"]
        asked += [
            f"{self._floor[name]:g} {name.replace('_', ' ')}" for name in self._floor if "bytes" in name
        ]
        codes = " or ".join(map(str, self._job.expect.exit))
        yield unknown(
            "floor: the job done", f"must end with {codes}, after {', '.join(asked)}: known once it has ended"
        )

    def inject(self) -> Evidence:
        container = self._job.container
        with self._beginning():
            run = self._run = JobRun(self._job, _mark_of(self._mark))
        told = {"values_left_out": self._left_out} if self._left_out else {}
        return {**({"pid": run.process.pid} if container is None else {"in": container.name}), **told}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._run is not None
        until = min(time.monotonic() + seconds, self._begun + self._work.deadline)
        while time.monotonic() < until and not self._run.ended.wait(0.1) and not stop.is_set():
            pass
        if (
            self._load.cpu_seconds is not None or not self._load.burners
        ):  # else it burns as long as the job runs
            self._rest(until, stop)
        killed = self._kills.stop(self._run.seen)
        return self._held(self._run, killed)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return job_left.end(undo, [_mark_of(undo["mark"])])

    def _rest(self, until: float, stop: threading.Event) -> None:
        self._beside.rest()
        while time.monotonic() < until and not self._beside.done() and not stop.wait(0.1):
            pass

    def _held(self, run: JobRun, killed: MemoryKills) -> Held:
        container = self._job.container
        because = ""
        if container is not None and not run.seen:
            because = job_left.UNSEEN.format(container.name)
        elif run.code is None:
            running = show_seconds(round(time.monotonic() - self._begun))
            because = f"the job was still running after {running} and is being shut down"
        used = run.used
        dose, floor, evidence = self._beside.finish()
        told = told_of(run, killed)
        done = {
            "completed": float(run.completed),
            "cpu_seconds": round(used.cpu, 3),
            "read_bytes": used.read or 0,
            "written_bytes": used.written or 0,
        }
        return Held(
            dose={**{name: value for name, value in done.items() if name in self._floor}, **dose},
            floor={**self._floor, **floor},
            evidence={
                "job_name": self._work.job,
                "out_of_memory_kills": killed.counts,
                "shortfall": "" if run.completed else f"the job: {told['ended']}",
                **told,
                **evidence,
            },
            unproven=because,
            output=run.output.text(),
        )


def _mark_of(mark: str) -> str:
    """The mark of the job itself: what runs beside it is not part of its tree."""
    return f"{mark}/job"


def _floor(params: BatchJobParams, values: Mapping[str, Any]) -> dict[str, float]:
    own = params.cpu_seconds if params.cpu_seconds and "cpu_seconds" in values else 0.0
    floor: dict[str, float] = {"completed": 1.0, "cpu_seconds": max(params.min_cpu_seconds, own * NEARLY)}
    moved = {"read_bytes": params.min_read, "written_bytes": params.min_written}
    return floor | {name: float(least) for name, least in moved.items() if least}
