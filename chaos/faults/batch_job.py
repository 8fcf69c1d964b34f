"""The target's own nightly job.

A job that `reports` gets an amount of work, with extra CPU workers and memory up to a stated limit, and the floor
requires that it did that much. Any other job is started unchanged and may print anything: it must exit with 0 and
must have used CPU time. An out-of-memory kill is distinguished from any other kill.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from chaos.engine import refs
from chaos.errors import FaultError
from chaos.faults.shared import container_exec, job_there, memory_kills
from chaos.faults.shared.job_run import JobRun
from chaos.faults.shared.memory_kills import MemoryKills
from chaos.host.ordered_end import end_in_order
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, unknown
from chaos.spec.units import InItsName, Positive
from chaos.spec.yamlfile import Model

KILLED = (-9, 137)  # from midnight's own child process, and from one in a container
_NEARLY = 0.95  # of the processor time requested
STARTS_WITHIN = 15.0  # seconds until its first report
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, InItsName, Field(ge=0)]


class BatchJobParams(Model):
    rows: Annotated[int, Field(ge=1)] = 60_000  # read and written in bulk
    burners: Annotated[int, Field(ge=0, le=64)] = 6
    cpu_seconds: Seconds = 20.0  # of processor time, over all burners
    memory_mb: Count = 200
    queries: Annotated[int, Field(ge=0, le=32)] = 3  # heavy sorts at once
    deadline: Positive = (
        180.0  # the job ends itself then, even if midnight is gone; one that does not report is ended
    )
    min_cpu_seconds: Seconds = 0.01  # the floor of one that does not report: processor time of its whole tree


class BatchJob(Fault):
    Params = BatchJobParams
    needs = frozenset({"jobs.nightly"})

    @classmethod
    def staging(cls, params: BatchJobParams) -> Mapping[str, float]:
        return {"machine.memory": params.memory_mb * 1e6}

    def __init__(self, params: BatchJobParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._job = handles.jobs["nightly"]
        self._run: JobRun | None = None
        self._begun = 0.0

    def probes(self) -> Iterator[Probe]:
        yield from job_there.probes(self._job)
        if self._job.reports:
            asked = f"{self._params.rows} rows, {self._params.cpu_seconds * _NEARLY:g} s of processor time"
        else:
            asked = f"to end with 0, after {self._params.min_cpu_seconds:g} s of processor time"
        yield unknown("floor: the job done", f"{asked}: known when it has ended")

    def prepare(self) -> Undo:
        container = self._job.container
        return {"mark": self._mark, **({"container": refs.to_json(container)} if container else {})}

    def inject(self) -> Evidence:
        container = self._job.container
        self._kills, self._begun = memory_kills.Watch(container), time.monotonic()
        try:
            run = self._run = JobRun(self._job, [*self._job.argv, *self._told()], self._mark)
            if self._job.reports and (not run.reported.wait(STARTS_WITHIN) or not run.reports):
                raise FaultError(f"the nightly job did not start: {self._last(run)}")
        except BaseException:
            self._kills.stop(set())
            raise
        return {"pid": run.process.pid} if container is None else {"in": container.name}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._run is not None
        until = time.monotonic() + seconds
        if not self._job.reports:
            until = min(until, self._begun + self._params.deadline)
        while time.monotonic() < until and not self._run.ended.wait(0.1) and not stop.is_set():
            pass
        killed = self._kills.stop(self._run.seen)
        return (
            self._of_its_reports(self._run, killed) if self._job.reports else self._as_seen(self._run, killed)
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()  # what the team's own job changes is its work product

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if "container" in undo:
            return container_exec.stop(refs.from_json(undo["container"]), undo["mark"])
        return end_in_order(undo["mark"])

    def _told(self) -> list[str]:
        """The work requested of a job that reports."""
        p = self._params
        if not self._job.reports:
            return []
        return [
            *("--rows", str(p.rows), "--burners", str(p.burners), "--cpu-seconds", str(p.cpu_seconds)),
            *("--memory-mb", str(p.memory_mb), "--queries", str(p.queries), "--deadline", str(p.deadline)),
            "--until-eof",
        ]

    def _of_its_reports(self, run: JobRun, killed: MemoryKills) -> Held:
        last = self._last(run)
        return Held(
            dose={
                "completed": float(last.get("phase") == "done"),
                "rows": _number(last.get("rows")),
                "cpu_seconds": _number(last.get("cpu_seconds")),
            },
            floor={
                "completed": 1.0,
                "rows": self._params.rows,
                "cpu_seconds": self._params.cpu_seconds * _NEARLY,
            },
            evidence={**self._evidence(run, killed), "job": last},
        )

    def _as_seen(self, run: JobRun, killed: MemoryKills) -> Held:
        container = self._job.container
        because = ""
        if container is not None and not run.seen:
            because = (
                f"the processes of {container.name} cannot be seen: run midnight as root, beside the engine"
            )
        elif run.code is None:
            because = f"the job was still running after {time.monotonic() - self._begun:.0f} s and is being shut down"
        return Held(
            dose={"completed": float(run.code == 0), "cpu_seconds": round(run.cpu, 3)},
            floor={"completed": 1.0, "cpu_seconds": self._params.min_cpu_seconds},
            evidence={**self._evidence(run, killed), "last_lines": list(run.said)},
            unproven=because,
        )

    def _evidence(self, run: JobRun, killed: MemoryKills) -> dict[str, Any]:
        return {
            "out_of_memory_kills": killed.counts,
            "ended": self._how_it_ended(run, killed),
            "peak_rss_mb": round(run.peak / 1e6, 1) or self._last(run).get("peak_rss_mb"),
        }

    @staticmethod
    def _last(run: JobRun) -> dict[str, Any]:
        return run.reports[-1] if run.reports else {"phase": "no report", "said": list(run.said)}

    def _how_it_ended(self, run: JobRun, killed: MemoryKills) -> str:
        code = run.code
        if code is None:
            return "still running when the hold ended"
        if code == 0:
            return "completed"
        because = self._last(run).get("because") or (run.said[-1] if run.said else "it gave no reason")
        if code in KILLED or str(because).endswith("ended with -9"):  # the job, or a child of it
            return killed.told
        return f"exit code {code}: {because}"


def _number(said: object) -> float:
    """Return a reported value as a number, or None if it is not one."""
    return float(said) if isinstance(said, int | float) else 0.0
