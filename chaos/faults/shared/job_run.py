"""A running job of the target: its output, its exit, the processor time and memory of its process tree."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import psutil

from chaos.errors import FaultError
from chaos.faults.shared import container_exec
from chaos.host import owners
from chaos.host.processes import marked, spawn
from chaos.host.worker import Program
from chaos.plugin.handles import Job
from chaos.record.redact import known

LOOK, LOOK_FOR_MARKS = (
    0.2,
    1.0,
)  # seconds; the second also finds processes that are no longer descendants, and costs more
LINE, KEPT = 1 << 16, 5  # maximum bytes per line, and lines of text kept
TICKS = float(os.sysconf("SC_CLK_TCK"))


class JobRun:
    """Creating it starts the job. Raises FaultError; TargetGone if its container is not running."""

    def __init__(self, job: Job, argv: Sequence[str], mark: str) -> None:
        self.reports: list[dict[str, Any]] = []  # each line of it that is a JSON object
        self.said: deque[str] = deque(maxlen=KEPT)  # the last of all other lines
        self.reported, self.ended = threading.Event(), threading.Event()
        self.seen: set[int] = (
            set()
        )  # the job and its children, including ended ones, if they run on this machine
        self.cpu, self.peak = 0.0, 0  # seconds of the whole tree, bytes
        self._mark = mark
        self.process = self._start(job, list(argv), mark)
        for work in (self._read, self._wait, self._watch):
            threading.Thread(target=work, daemon=True).start()

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self.process.poll() if self.ended.is_set() else None

    def _start(self, job: Job, argv: list[str], mark: str) -> Program:
        if job.container is not None:
            cwd = str(job.cwd) if job.cwd is not None else None
            return container_exec.start(job.container, argv, job.env, mark, cwd)
        pipe = subprocess.PIPE
        stdin, stderr = (pipe, None) if job.reports else (subprocess.DEVNULL, subprocess.STDOUT)
        try:
            program: Program = spawn(
                argv, mark=mark, env=job.env, cwd=job.cwd, stdin=stdin, stdout=pipe, stderr=stderr
            )
        except OSError as error:
            raise FaultError(f"{argv[0]}: {error.strerror}") from error
        return program

    def _read(self) -> None:
        for line in self._lines():
            with suppress(ValueError, RecursionError):
                report = json.loads(line)
                if isinstance(report, dict):
                    self.reports.append(report)
                    self.reported.set()
                    continue
            if text := line.decode(errors="replace").strip():
                self.said.append(known(text)[:200])

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
                self.cpu = max(self.cpu, used.ru_utime + used.ru_stime)
        process.wait()
        self.ended.set()
        self.reported.set()

    def _watch(self) -> None:
        apart, since = set[int](), LOOK_FOR_MARKS
        while not self.ended.is_set():
            if since >= LOOK_FOR_MARKS:
                apart, since = {each.pid for each in marked(self._mark)}, 0.0
            self._look(apart)
            self.ended.wait(LOOK)
            since += LOOK

    def _look(self, apart: set[int]) -> None:
        family = owners.family({self.process.pid, *apart} - {0})
        self.seen |= family
        self.cpu = max(self.cpu, sum(_used(pid) for pid in family))
        self.peak = max(self.peak, sum(_resident(pid) for pid in family))


def _used(pid: int) -> float:
    """Processor seconds of a process and of the children it has waited for."""
    with suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        fields = file.read().rpartition(b")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS
    return 0.0


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
