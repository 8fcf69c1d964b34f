"""The server that the instruments aim at, and what it knows of its own answer times."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.attack import BenchError, percentiles
from chaos.checks.exact import Times
from chaos.tools.command import CommandFailed, output, which

_SOURCE = Path(__file__).with_name("truth_server.c")


@dataclass(frozen=True, slots=True)
class Truth:
    """The answered requests in order of their answers: two arrays on the monotonic clock, seconds."""

    arrived: Times
    answered: Times

    @property
    def percentiles(self) -> dict[float, float]:
        return percentiles(self.answered - self.arrived)

    def count(self, start: float, end: float) -> int:
        """How many requests arrived in [start, end)."""
        return int(np.count_nonzero((self.arrived >= start) & (self.arrived < end)))


def build(directory: Path) -> Path:
    """Compile the server. Raises BenchError where there is no C compiler."""
    compiler = which("cc")
    if compiler is None:
        raise BenchError(
            "the bench needs a C compiler for its server; on Debian: apt-get install gcc libc6-dev"
        )
    program = directory / "truth_server"
    try:
        output([compiler, "-O2", "-Wall", "-Wextra", "-o", program, _SOURCE], timeout=120)
    except CommandFailed as failure:
        raise BenchError(f"the server cannot be compiled: {failure}") from failure
    return program


class TruthServer:
    """A running server that answers every request after the same delay."""

    def __init__(self, process: subprocess.Popen[str], place: Path) -> None:
        self._process, self._records = process, place / "records"
        port, self.priority = self._answer().split()
        self.url = f"http://127.0.0.1:{port}/"

    def stall(self, after: float, length: float) -> None:
        """From `after` seconds past the next request on, answer nothing for `length` seconds."""
        self._tell(f"stall {after} {length}")

    def take(self) -> Truth:
        """What was answered since the last time."""
        self._tell(f"take {self._records}")
        rows = np.fromfile(self._records, dtype=np.float64).reshape(-1, 2)
        return Truth(rows[:, 0], rows[:, 1])

    def _tell(self, command: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"the server ended with code {self._process.wait()}")
        return line


@contextmanager
def serving(program: Path, place: Path, delay: float, body: str = "{}") -> Iterator[TruthServer]:
    """A server that answers `body` after `delay` seconds; it ends with the block, and when we die."""
    process = subprocess.Popen(
        [program, f"{delay * 1e6:.0f}", body], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield TruthServer(process, place)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
