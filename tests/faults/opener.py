"""A process that opens, closes, forks and limits itself as it is told, line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.host.processes import ref_of
from chaos.plugin.handles import ProcessRef


class Opener:
    """Such a process, and what it may be told."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.ref: ProcessRef = ref_of(child.pid)

    def tell(self, command: str, number: int = 0) -> int:
        """The number that it answers."""
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(json.dumps([command, number]).encode() + b"\n")
        self._child.stdin.flush()
        return int(self._child.stdout.readline())


@contextmanager
def opener(soft: int = 1000) -> Iterator[Opener]:
    """One with this limit; it and its children end with the block."""
    program = Path(__file__).with_name("opener_program.py")
    child = subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        found = Opener(child)
        assert found.tell("limit", soft) == soft
        yield found
    finally:
        child.communicate()
