"""The runner's side of the load process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import chaos
from chaos.errors import LoadError
from chaos.host.processes import MARK
from chaos.load.spec import LoadSpec

_PACKAGES = Path(chaos.__file__).parent.parent

START_DEADLINE = 20.0
STOP_DEADLINE = 5.0
"""Seconds that a start and a stop may take; after the latter, the process is killed."""


class LoadProcess:
    """One load process, from start to stop. It also stops by itself if this process dies, because its input ends."""

    def __init__(self, spec: LoadSpec, *, mark: str, log: Path) -> None:
        """Nothing runs yet. The process carries `mark`; `log` gets its stderr."""
        self._spec, self._mark, self._log = spec, mark, log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def spec(self) -> LoadSpec:
        return self._spec

    @property
    def pid(self) -> int:
        """Of the started process."""
        return self._running.pid

    async def start(self) -> str:
        """Start it, send the specification, and return its priority once it is ready.

        Raises LoadError with the process's output if it does not become ready.
        """
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # files in the working directory must not shadow modules
                "-m",
                "chaos.load",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_DEADLINE):
                await self._tell(self._spec.model_dump_json())
                answer = await self._answer()
        except TimeoutError:
            await self.stop()
            raise LoadError(f"the load process was not ready within {START_DEADLINE:.0f} s") from None
        return str(answer["priority"])

    async def go(self, zero: float) -> None:
        """Begin the schedule at the run clock's time `zero`."""
        await self._tell(f"go {zero!r}")

    async def paused(self) -> None:
        """Wait until each request before the next pause has ended, at its timeout at the latest, and is in the file.

        Raises LoadError if the process ended before that.
        """
        await self._answer()

    async def play(self, delay: float) -> None:
        """Play on after a pause, the rest `delay` seconds later than planned until now."""
        await self._tell(f"play {delay!r}")

    async def finished(self) -> int:
        """Wait for the end of the schedule and its last answer; return how many requests were sent.

        Raises LoadError if the process ended before that.
        """
        answer = await self._answer()
        if await self._running.wait() != 0:
            raise LoadError(self._ended_early())
        return int(answer["sent"])

    async def stop(self) -> None:
        """Stop it at once, in any state; unsent requests stay unsent. Safe to call at any time."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_DEADLINE):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
        ours = {MARK: self._mark, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONPATH": path}
        return {**os.environ, **ours}

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise LoadError("the load process was not started")
        return self._process

    async def _tell(self, line: str) -> None:
        stdin = self._running.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError):  # it has died: its missing answer is handled by the caller
            stdin.write(line.encode() + b"\n")
            await stdin.drain()

    async def _answer(self) -> dict[str, Any]:
        stdout = self._running.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line:
            await self._running.wait()
            raise LoadError(self._ended_early())
        document: dict[str, Any] = json.loads(line)
        return document

    def _ended_early(self) -> str:
        said = self._log.read_text(errors="replace").strip()[-500:] or "no output"
        return f"the load process ended early with code {self._running.returncode}: {said}"
