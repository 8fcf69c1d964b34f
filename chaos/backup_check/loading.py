"""A program that loads a dump: feed it, enforce its deadline, end it gracefully, and collect its messages."""

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
_MOST = 4 << 20  # bytes of its output to read


@dataclass(frozen=True, slots=True)
class Loaded:
    """Its return code (negative: the signal) and its output. `whole`: it has read all its input."""

    code: int
    said: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Loader:
    """A program with its arguments, as `user` (None: the current one), with exactly `env`."""

    argv: Sequence[str | Path]
    mark: str
    env: Mapping[str, str]
    user: SystemUser | None = None

    def run(self, deadline: float, text: Iterator[bytes] | None = None) -> Loaded:
        """Feed it `text`. Raises Outlasted at `deadline` (monotonic clock), and any error of `text`."""
        with tempfile.TemporaryFile() as words:
            child = spawn(
                self.argv,
                mark=self.mark,
                env=self.env,
                user=self.user,
                cwd=Path("/"),  # a directory that every user can enter
                stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            try:
                whole = _feed(child, text, deadline) if text is not None else True
                code = child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                raise Outlasted("the dump was not loaded in time") from error
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
    """False if the reader is gone. Raises Outlasted."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLOUT)
    while left:
        seconds = deadline - time.monotonic()
        if seconds <= 0 or not waiting.poll(seconds * 1000):
            raise Outlasted("the dump was not loaded in time")
        try:
            left = left[os.write(pipe, left) :]
        except BrokenPipeError:
            return False
    return True
