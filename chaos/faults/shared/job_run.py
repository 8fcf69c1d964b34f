"""A running job of the target: its output, its exit, what its process tree uses."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from chaos.errors import FaultError, UsageError
from chaos.faults.shared import container_exec
from chaos.faults.shared.job_output import LINE, JobOutput
from chaos.host import owners, privileges
from chaos.host.processes import marked, spawn
from chaos.host.tree_account import TreeAccount, Used
from chaos.host.worker import Program
from chaos.plugin.handles import Job

LOOK, LOOK_FOR_MARKS = (
    0.2,
    1.0,
)  # seconds; the second also finds processes that are no longer descendants, and costs more
_READ_ON = 2.0  # seconds that the rest of its output may take after its end: a child may keep that open


class JobRun:
    """Creating it starts the job. Raises FaultError; TargetGone if its container is not running."""

    def __init__(self, job: Job, mark: str) -> None:
        self.output, self.ended = JobOutput(job.expect), threading.Event()
        self.seen: set[int] = (
            set()
        )  # the job and its children, including ended ones, if they run on this machine
        self.alive: set[int] = set()  # those of them that lived at the last look
        self._account, self._looking = TreeAccount(), threading.Lock()
        self.expects, self._mark = job.expect, mark
        self.process = self._start(job, mark)
        self._reader = threading.Thread(target=self._read, daemon=True)
        for thread in (
            self._reader,
            *(threading.Thread(target=w, daemon=True) for w in (self._wait, self._watch)),
        ):
            thread.start()

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self.process.poll() if self.ended.is_set() else None

    @property
    def used(self) -> Used:
        """What the whole tree has used so far."""
        return self._account.used

    def unmet(self) -> str:
        """What is missing for its work to count as done; empty if nothing. Not known while it runs."""
        if self.code is None or self.code not in self.expects.exit:
            return "" if self.code is None else f"exit code {self.code}"
        return self.output.unmet()

    @property
    def completed(self) -> bool:
        return self.code is not None and not self.unmet()

    def _start(self, job: Job, mark: str) -> Program:
        if job.container is not None:
            cwd = str(job.cwd) if job.cwd is not None else None
            return container_exec.start(job.container, job.argv, job.env, mark, cwd, job.user)
        try:
            program: Program = spawn(
                job.argv,
                mark=mark,
                env=job.env,
                user=None if job.user is None else privileges.user_named(job.user),
                cwd=job.cwd,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                settled=False,
            )
        except (OSError, UsageError) as error:
            raise FaultError(f"{job.argv[0]}: {getattr(error, 'strerror', None) or error}") from error
        return program

    def _read(self) -> None:
        for line in self._lines():
            self.output.feed(line)

    def _lines(self) -> Iterator[bytes]:
        stream: Any = self.process.stdout
        if isinstance(stream, io.RawIOBase):
            stream = io.BufferedReader(stream)
        with suppress(OSError, ValueError):  # it was closed
            yield from iter(lambda: stream.readline(LINE), b"")

    def _wait(self) -> None:
        """Wait until it has ended, not until its output is closed: a child may keep that open."""
        process = self.process
        if isinstance(process, subprocess.Popen):
            with suppress(ChildProcessError):  # reaped elsewhere in midnight: fall back on the samples
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                self._look(set())
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                with self._looking:
                    self._account.ended(process.pid, used.ru_utime + used.ru_stime)
        process.wait()
        self._reader.join(_READ_ON)
        self.ended.set()

    def _watch(self) -> None:
        apart, since = set[int](), LOOK_FOR_MARKS
        while not self.ended.is_set():
            if since >= LOOK_FOR_MARKS:
                apart, since = {each.pid for each in marked(self._mark)}, 0.0
            self._look(apart)
            self.ended.wait(LOOK)
            since += LOOK

    def _look(self, apart: set[int]) -> None:
        with self._looking:
            family = owners.family({self.process.pid, *apart} - {0})
            self.seen |= family
            self.alive = family
            self._account.look(family)
