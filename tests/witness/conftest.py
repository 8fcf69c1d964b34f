"""A Python process with the witness."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.witness.served import environment

WAITS = "print('ready', flush=True); sys.stdin.read()"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start Python with the witness, or another program with its environment; it ends with its standard input."""
    with ExitStack() as ending:

        def started(code: str = WAITS, *before: str, **variables: str) -> subprocess.Popen[bytes]:
            argv = [*before, sys.executable, "-c", f"import os, signal, sys\n{code}"]
            env = {**environment(tmp_path), **variables}
            child = ending.enter_context(
                subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            ending.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            return child

        yield started
