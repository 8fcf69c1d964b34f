"""Shared by faults that start a job of the target."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos.faults.shared import job_left, job_there, job_work, memory_kills
from chaos.faults.shared.beside import Beside
from chaos.faults.shared.job_work import JobWork
from chaos.plugin.fault import Fault, Undo
from chaos.plugin.handles import Handles, Job
from chaos.plugin.probe import Probe


class StartsJob(Fault):
    """A subclass starts `_job` in `inject`, within `_beginning`, and measures its dose in `hold`."""

    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: JobWork) -> frozenset[str]:
        return frozenset({f"jobs.{params.job}"})

    def __init__(self, params: JobWork, handles: Handles, mark: str) -> None:
        self._work, self._mark = params, mark
        given = handles.jobs[params.job]
        self._job: Job = job_work.filled(given, params)
        self._load = job_work.beside(given, params)
        self._left_out = job_work.left_out(given, params)
        self._begun = 0.0

    def probes(self) -> Iterator[Probe]:
        yield from job_there.probes(self._job, self._work.job)
        yield from job_there.values(self._work.job, self._left_out)

    def prepare(self) -> Undo:
        return job_left.undo_of(self._job, self._mark, self._load)

    @contextmanager
    def _beginning(self) -> Iterator[None]:
        """Count kills from now on, and start the load beside the job; what fails to start leaves no watch behind."""
        container = self._job.container
        self._kills, self._begun = memory_kills.Watch(container), time.monotonic()
        try:
            self._beside = Beside(self._load, container, self._mark, self._work.deadline)
            yield
        except BaseException:
            self._kills.stop(set())
            raise

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()  # what the team's own job changes is its work product
