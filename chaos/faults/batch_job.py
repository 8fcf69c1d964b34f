"""The target's own nightly job, with extra processor workers and memory up to a stated limit.

The job does a fixed amount of work (rows and processor seconds), whatever its scheduling: its duration is
reported, and the floor asks that it was completed. An out-of-memory kill is told from any other kill.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

import psutil
from pydantic import Field

from chaos.engine import refs
from chaos.errors import FaultError
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import executed, memory_kills
from chaos.faults.memory_kills import MemoryKills
from chaos.handles import Handles
from chaos.host.ordered_end import end_in_order
from chaos.host.processes import spawn
from chaos.host.worker import Program
from chaos.units import InItsName, Positive
from chaos.yamlfile import Model

KILLED = (-9, 137)  # of a process of ours, and of one in a container
Count = Annotated[int, Field(ge=0)]


class BatchJobParams(Model):
    rows: Annotated[int, Field(ge=1)] = 60_000  # read and written in bulk
    burners: Annotated[int, Field(ge=0, le=64)] = 6
    cpu_seconds: Annotated[float, InItsName, Field(ge=0)] = 20.0  # of processor time, over all burners
    memory_mb: Count = 200
    queries: Annotated[int, Field(ge=0, le=32)] = 3  # heavy sorts at once
    deadline: Positive = 180.0  # the job ends itself then, whatever became of us


class BatchJob(Fault):
    Params = BatchJobParams
    needs = frozenset({"jobs.nightly"})

    @classmethod
    def staging(cls, params: BatchJobParams) -> Mapping[str, float]:
        return {"machine.memory": params.memory_mb * 1e6}

    def __init__(self, params: BatchJobParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._job = handles.jobs["nightly"]
        self._process: Program | None = None
        self._reports: list[dict[str, Any]] = []
        self._ended = threading.Event()
        self._peak = 0
        self._seen: set[int] = set()  # the job and its children, those of the past too

    def prepare(self) -> Undo:
        container = self._job.container
        return {"mark": self._mark, **({"container": refs.to_json(container)} if container else {})}

    def inject(self) -> Evidence:
        p = self._params
        argv = [
            *self._job.argv,
            *("--rows", str(p.rows), "--burners", str(p.burners), "--cpu-seconds", str(p.cpu_seconds)),
            *("--memory-mb", str(p.memory_mb), "--queries", str(p.queries), "--deadline", str(p.deadline)),
            "--until-eof",
        ]
        self._kills = memory_kills.Watch(self._job.container)
        self._process = self._start(argv)
        started = threading.Event()
        threading.Thread(target=self._read, args=(self._process, started), daemon=True).start()
        self._seen.add(self._process.pid)
        if not started.wait(15) or not self._reports:
            self._kills.stop(self._seen)
            raise FaultError(f"the nightly job did not start: {self._last()}")
        return {"pid": self._process.pid} if self._job.container is None else {"in": self._job.container.name}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._process is not None
        end = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(self._process.pid, end), daemon=True)
        watcher.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ended.wait(0.1) and not stop.is_set():
            pass
        end.set()
        watcher.join()
        last = self._last()
        done = last.get("phase") == "done"
        killed = self._kills.stop(self._seen)
        return Held(
            dose={
                "completed": float(done),
                "rows": float(last.get("rows", 0)),
                "cpu_seconds": float(last.get("cpu_seconds", 0.0)),
            },
            floor={
                "completed": 1.0,
                "rows": self._params.rows,
                "cpu_seconds": self._params.cpu_seconds * 0.95,
            },
            evidence={
                "out_of_memory_kills": killed.counts,
                "ended": self._how_it_ended(killed),
                "peak_rss_mb": round(self._peak / 1e6, 1) or last.get("peak_rss_mb"),
                "job": last,
            },
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()  # what the team's own job changes is its work

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        if "container" in undo:
            return executed.stop(refs.from_json(undo["container"]), undo["mark"])
        return end_in_order(undo["mark"])

    def _start(self, argv: list[str]) -> Program:
        """Here, or in the container that it belongs to."""
        if self._job.container is not None:
            cwd = str(self._job.cwd) if self._job.cwd is not None else None
            return executed.start(self._job.container, argv, self._job.env, self._mark, cwd)
        program: Program = spawn(
            argv,
            mark=self._mark,
            env=self._job.env,
            cwd=self._job.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return program

    def _read(self, process: Program, started: threading.Event) -> None:
        """Collect the job's own reports until its output ends."""
        assert process.stdout is not None
        for line in process.stdout:
            with suppress(json.JSONDecodeError):
                self._reports.append(json.loads(line))
                started.set()
        process.wait()
        started.set()
        self._ended.set()

    def _watch(self, pid: int, end: threading.Event) -> None:
        """The job, its children and their peak memory, twice a second; in a container the job reports its own."""
        if not pid:
            return
        with suppress(psutil.Error):
            job = psutil.Process(pid)
            while True:
                family = [job, *job.children(recursive=True)]
                self._seen |= {process.pid for process in family}
                self._peak = max(self._peak, _resident(family))
                if end.wait(0.5):
                    return

    def _last(self) -> dict[str, Any]:
        return self._reports[-1] if self._reports else {"phase": "no report"}

    def _how_it_ended(self, killed: MemoryKills) -> str:
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            return "still running when the hold ended"
        if code == 0:
            return "completed"
        because = self._last().get("because", "it gave no reason")
        if code in KILLED or str(because).endswith("ended with -9"):  # the job, or a child of it
            return killed.told
        return f"exit code {code}: {because}"


def _resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total
