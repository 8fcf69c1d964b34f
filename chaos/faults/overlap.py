"""Several runs of one job at the same time: the former one is late, or every worker has a scheduler of its own.

The effect is the time in which they worked side by side: alive, with CPU time or bytes moved rising in each process
tree. How each run ended is evidence, not a floor: a job that notices the other and gives up has done right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from chaos.faults.shared import job_left
from chaos.faults.shared.job_ended import told_of
from chaos.faults.shared.job_run import JobRun
from chaos.faults.shared.job_work import JobWork
from chaos.faults.shared.memory_kills import MemoryKills
from chaos.faults.shared.side_by_side import Meter, SideBySide
from chaos.faults.shared.starts_job import StartsJob
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import ContainerRef, Handles
from chaos.plugin.probe import Probe, unknown
from chaos.spec.units import NotNegative, Positive, show_seconds

LOOK = 0.25  # seconds


class OverlapParams(JobWork):
    runs: Annotated[int, Field(ge=2, le=16)] = 2
    apart: NotNegative = 0.0  # from one start to the next; 0: all in the same instant
    min_together: Positive = 2.0  # the floor: seconds in which all of them worked


@dataclass(slots=True)
class _Started:
    """One run, and when it was started."""

    number: int
    run: JobRun
    at: float
    meter: Meter = field(default_factory=Meter)
    ended: float | None = None  # seconds after its start

    def at_work(self, seconds: float, now: float) -> bool:
        """Return whether it lived and worked in the last so many seconds."""
        if self.run.ended.is_set():
            self.ended = self.ended or now - self.at
            return False
        return self.meter.look(tuple(self.run.alive)).counts(seconds)


class Overlap(StartsJob):
    Params = OverlapParams

    @classmethod
    def staging(cls, params: OverlapParams) -> Mapping[str, float]:
        return {"machine.memory": params.runs * (params.memory_mb or 0) * 1e6}

    @classmethod
    def reachable(cls, params: OverlapParams, hold: float) -> Mapping[str, float]:
        return {"min_together": max(0.0, hold - (params.runs - 1) * params.apart)}

    def __init__(self, params: OverlapParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params
        self._runs: list[_Started] = []
        self._side = SideBySide(params.runs)

    def probes(self) -> Iterator[Probe]:
        yield from super().probes()
        asked = f"{show_seconds(self._params.min_together)}, {self._params.runs} runs at once"
        yield unknown("floor: runs side by side", f"{asked}: known only while they work")

    def prepare(self) -> Undo:
        undo = super().prepare()
        marks = [self._mark_of(number) for number in range(1, self._params.runs + 1)]
        return undo if self._job.container is None else {**undo, "marks": marks}

    def inject(self) -> Evidence:
        with self._beginning():
            self._start(range(1, 1 + (self._params.runs if self._params.apart == 0 else 1)))
        spread = max(each.at for each in self._runs) - min(each.at for each in self._runs)
        return {
            "pids": [each.run.process.pid for each in self._runs],
            "started_within_seconds": round(spread, 3),
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        until = min(time.monotonic() + seconds, self._begun + self._params.deadline)
        last = self._begun
        while True:
            now = time.monotonic()
            self._side.passed(now - last, [each.at_work(now - last, now) for each in self._runs])
            last = now
            if now >= until or self._all_ended() or stop.wait(min(LOOK, until - now)):
                break
            self._start_those_due()
        killed = self._kills.stop(set().union(*(each.run.seen for each in self._runs)))
        return self._held(killed)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return job_left.end(undo, undo.get("marks", ()))

    def _mark_of(self, number: int) -> str:
        return f"{self._mark}/{number}"

    def _start(self, numbers: Iterable[int]) -> None:
        """Start these runs at the same time."""

        def begin(number: int) -> None:
            at = time.monotonic()
            run = JobRun(self._job, self._mark_of(number))
            self._runs.append(_Started(number, run, at))

        with ThreadPoolExecutor(self._params.runs) as pool:
            list(pool.map(begin, numbers))

    def _start_those_due(self) -> None:
        number = len(self._runs) + 1
        due = self._begun + (number - 1) * self._params.apart
        if number <= self._params.runs and time.monotonic() >= due:
            self._start([number])

    def _all_ended(self) -> bool:
        return len(self._runs) == self._params.runs and all(each.run.ended.is_set() for each in self._runs)

    def _held(self, killed: MemoryKills) -> Held:
        runs = [self._told(each, killed) for each in self._in_order()]
        missing = self._params.runs - len(runs)
        told = [f"run {each['run']} {_when(each)}" for each in runs]
        told += [f"{missing} not started"] if missing else []
        container = self._job.container
        dose, floor, evidence = self._beside.finish()
        return Held(
            dose={"together_seconds": round(self._side.seconds, 2), **dose},
            floor={"together_seconds": self._params.min_together, **floor},
            evidence={
                "job_name": self._params.job,
                "most_at_once": self._side.most,
                "out_of_memory_kills": killed.counts,
                "runs": runs,
                "shortfall": ", ".join(told),
                **evidence,
            },
            unproven=self._unseen(container),
            output="".join(f"--- run {each.number}\n{each.run.output.text()}" for each in self._in_order()),
        )

    def _unseen(self, container: ContainerRef | None) -> str:
        if container is None or any(each.run.seen for each in self._runs):
            return ""
        return job_left.UNSEEN.format(container.name)

    def _in_order(self) -> list[_Started]:
        return sorted(self._runs, key=lambda each: each.number)

    def _told(self, each: _Started, killed: MemoryKills) -> dict[str, Any]:
        return {
            "run": each.number,
            "started_after_seconds": round(each.at - self._begun, 3),
            "seconds": None if each.ended is None else round(each.ended, 2),
            **told_of(each.run, killed),
        }


def _when(told: Mapping[str, Any]) -> str:
    if told["seconds"] is None:
        return "was still running"
    return f"ended after {show_seconds(told['seconds'])} ({told['ended']})"
