"""Commands of the target file: run without a shell, timed, their output kept beside the journal without secrets."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

from chaos.errors import TargetError
from chaos.host.ordered_end import end_in_order
from chaos.host.processes import spawn
from chaos.plugin.fault import Evidence
from chaos.record.redact import known
from chaos.record.store import RunDir

POLL = 0.1  # seconds between checks whether a command has ended, or `midnight done` was called
LONGEST_COPY = 2**20  # bytes of a command's output masked at once
NOTHING = "no output"
SAID = 2000  # characters of a command's output kept in the journal; its file has all


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended by itself: its exit code, and the end of its output; NOTHING if it printed none."""

    code: int
    tail: str


def run_command(
    run: RunDir, url: str, name: str, command: tuple[str, ...], stop: threading.Event
) -> Evidence:
    """Wait until the command exits 0. Raises TargetError with the end of its output if it fails, or as `ran` does."""
    done = ran(run, url, name, command, stop)
    if done.code != 0:
        raise TargetError(f"{command[0]}: exit code {done.code}: {done.tail}")
    return {"command": list(command), "output": done.tail, "output_file": run.output(name).name}


def ran(run: RunDir, url: str, name: str, command: tuple[str, ...], stop: threading.Event) -> Ran:
    """Wait until the command ends; its output is kept beside the journal, as NAME.log.

    Raises TargetError if it cannot be started, or is still running when `stop` is set.
    """
    output, mark = run.output(name), f"{run.id}/{name}"
    surroundings = {**os.environ, "MIDNIGHT_RUN": str(run.path), "MIDNIGHT_STEP": name, "MIDNIGHT_URL": url}
    # unnamed, and open as long as background processes of the command write to it
    with tempfile.TemporaryFile(dir=run.path) as said, output.open("w", encoding="utf-8") as file:
        try:
            child = spawn(command, mark=mark, env=surroundings, stdout=said, stderr=subprocess.STDOUT)
        except OSError as error:
            raise TargetError(f"{command[0]}: {error.strerror or error}") from error
        copied = 0
        while child.poll() is None and not stop.wait(POLL):
            copied = _copy(said, copied, file, whole=False)
        how = end_in_order(mark)["ended"] if child.poll() is None else ""
        _copy(said, copied, file, whole=True)
    if how:
        raise TargetError(f"{command[0]} was still running and was stopped ({how}): {_tail(output)}")
    return Ran(child.returncode, _tail(output))


def _copy(said: IO[bytes], copied: int, file: TextIO, *, whole: bool) -> int:
    """Copy the lines from byte `copied` on, masking secrets that the command may have read from its environment; with
    `whole`, also an unfinished last line. Returns where the next line begins."""
    told = os.pread(said.fileno(), LONGEST_COPY, copied)
    while told:
        lines = (
            told
            if whole
            else told[: told.rfind(b"\n") + 1 or (len(told) if len(told) == LONGEST_COPY else 0)]
        )
        if not lines:
            break
        file.write(known(lines.decode(errors="replace")))
        copied += len(lines)
        told = os.pread(said.fileno(), LONGEST_COPY, copied)
    file.flush()
    return copied


def _tail(file: Path) -> str:
    return file.read_text(errors="replace").strip()[-SAID:] or NOTHING
