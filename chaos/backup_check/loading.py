"""A program that loads a dump: fed, held to its deadline, ended in order, and what it said of itself."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.backup_check.kind import Outlasted
from chaos.host.privileges import SystemUser
from chaos.host.processes import end_group, spawn

_GRACE = 15.0  # seconds: it cancels its statements at the server and closes its files
_MOST = 4 << 20  # bytes of its words that are read


@dataclass(frozen=True, slots=True)
class Loaded:
    """How it ended: its return code (negative: the signal), and its words. `whole`: it has read all it was fed."""

    code: int
    said: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Loader:
    """A program with its arguments, as `user` (None: ourselves), in `env` alone."""

    argv: Sequence[str | Path]
    mark: str
    env: Mapping[str, str]
    user: SystemUser | None = None

    def run(self, deadline: float, text: Iterator[bytes] | None = None) -> Loaded:
        """Feed it `text`. Raises Outlasted at `deadline`, on the monotonic clock, and what `text` raises."""
        with tempfile.TemporaryFile() as words:
            child = spawn(
                self.argv,
                mark=self.mark,
                env=self.env,
                user=self.user,
                cwd=Path("/"),  # one that every user can enter
                stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            try:
                whole = _feed(child, text, deadline) if text is not None else True
                code = child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                raise Outlasted("the dump was not loaded in the time given") from error
            finally:
                end_group(child, _GRACE)
            words.seek(0)
            return Loaded(code, words.read(_MOST).decode(errors="replace"), whole)


def _feed(child: subprocess.Popen[bytes], text: Iterator[bytes], deadline: float) -> bool:
    assert child.stdin is not None
    os.set_blocking(child.stdin.fileno(), False)
    for chunk in text:
        if not _write(child.stdin.fileno(), memoryview(chunk), deadline):
            return False
    child.stdin.close()
    return True


def _write(pipe: int, left: memoryview, deadline: float) -> bool:
    """False where nobody reads any more. Raises Outlasted."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLOUT)
    while left:
        seconds = deadline - time.monotonic()
        if seconds <= 0 or not waiting.poll(seconds * 1000):
            raise Outlasted("the dump was not loaded in the time given")
        try:
            left = left[os.write(pipe, left) :]
        except BrokenPipeError:
            return False
    return True
