"""A small helper program in a process of its own: a JSON line in, a JSON line out.

It reads its specification from the first line of standard input, prints `started` as a JSON line, and ends when its
standard input ends, when its work is done, or at the deadline in its specification, so it never outlives midnight.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, Protocol

from chaos.errors import FaultError
from chaos.host.processes import spawn
from chaos.record.redact import known
from chaos.spec.units import show_seconds

START_WITHIN = 30.0  # seconds


def python_module(module: str) -> list[str]:
    # -P: files in the user's directory must not shadow modules
    return [sys.executable, "-P", "-m", module]


class Program(Protocol):
    """The interface of a program started with its standard streams: a `Popen`, or one in a container."""

    returncode: Any
    pid: Any

    @property
    def stdin(self) -> Any: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def communicate(self, *, timeout: float | None = None) -> tuple[bytes, bytes]: ...


def start_here(module: str, mark: str) -> Program:
    """On this machine, as the current user."""
    program: Program = spawn(
        python_module(module),
        mark=mark,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return program


class Worker:
    """The parent's side of such a program, wherever it is started."""

    def __init__(
        self,
        module: str,
        spec: Mapping[str, Any],
        mark: str,
        start: Callable[[str, str], Program] = start_here,
    ) -> None:
        self._module = module
        self._process = start(module, mark)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(spec).encode() + b"\n")
        self._process.stdin.flush()
        answers, _, _ = select.select([self._process.stdout], [], [], START_WITHIN)
        if not answers:
            self._process.kill()
            self._process.wait()
            raise FaultError(f"{module} did not start within {START_WITHIN:g} s")
        if not (said := self._process.stdout.readline()):
            raise FaultError(f"{module} did not start: {self._failure()}")
        self.started: dict[str, Any] = json.loads(said)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def go(self) -> None:
        """Release a waiting program: its start-up is over, so the caller chooses the instant."""
        self.say("go")

    def say(self, word: str) -> None:
        """Write one line to its standard input; ignored if it has ended."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()

    def ended(self) -> bool:
        return self._process.poll() is not None

    def finish(self, timeout: float = 30.0) -> dict[str, Any]:
        """Close its standard input, wait for it, and return its report. Raises FaultError."""
        try:
            out, _ = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise FaultError(f"{self._module} did not end within {show_seconds(timeout)}") from None
        lines = out.decode(errors="replace").strip().splitlines()
        if self._process.returncode != 0 or not lines:
            raise FaultError(f"{self._module} ended with {self._process.returncode}")
        report: dict[str, Any] = json.loads(lines[-1])
        return report

    def _failure(self) -> str:
        _, err = self._process.communicate(timeout=10)
        return known(err.decode(errors="replace")).strip()[-500:] or f"exit code {self._process.returncode}"
