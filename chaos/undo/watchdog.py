"""A separate process that heals a run when the run's own process is gone.

It holds the read end of a pipe. A byte means that the run has ended and healed itself; end of file without it
means that the runner died. It runs outside the runner's session and, where permitted, cgroup, so that what kills
the runner does not kill it too.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chaos.errors import ExitCode, of_undo
from chaos.plugin import registry
from chaos.record.store import RunDir
from chaos.undo.heal import heal_elsewhere

DISMISSED = b"."
READY_WITHIN = 30.0
"""Seconds for the watchdog to start an interpreter and load the faults, on a possibly busy machine."""


class Watchdog:
    """The runner's side."""

    def __init__(self, run: RunDir, undoes: Iterable[str]) -> None:
        """`undoes`: by what the run's journal may have to be undone, such as `fault:idle_drop`."""
        with (run.path / "watchdog.log").open("ab") as log:
            self._process = subprocess.Popen(
                # -P: files in the user's directory must not be imported as modules
                [sys.executable, "-P", "-m", "chaos.undo.watchdog", str(run.path), *undoes],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until the watchdog is ready: create nothing before."""
        assert self._process.stdout is not None
        told, _, _ = select.select([self._process.stdout], [], [], READY_WITHIN)
        if not told or self._process.stdout.readline() != b"watching\n":
            raise OSError("the watchdog did not start; see watchdog.log in the run's directory")

    def dismiss(self) -> None:
        """Dismiss the watchdog after the run has healed itself: wait for it to end, else kill it."""
        try:
            with suppress(BrokenPipeError):
                self._process.communicate(DISMISSED, timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """Leave the undo to the watchdog, once the run's lock is released."""
        assert self._process.stdin is not None
        self._process.stdin.close()


def _leave_cgroup() -> None:
    """Move to the root cgroup of every hierarchy, where permitted: killing the runner's cgroup must not kill us."""
    root = Path("/sys/fs/cgroup")
    unified = (root / "cgroup.procs").is_file()  # v2: it contains groups, not hierarchies
    for place in (root,) if unified else tuple(root.glob("*")):
        with suppress(OSError):
            if (place / "cgroup.procs").is_file():
                (place / "cgroup.procs").write_text(str(os.getpid()))


def watch(run: RunDir, undoes: Iterable[str]) -> ExitCode:
    """Wait on standard input; heal if it ends without the dismissal. Returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _leave_cgroup()
    for by in undoes:  # load now, so that healing can start at once
        registry.undo_of(by)
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    if sys.stdin.buffer.read(1) == DISMISSED:
        return ExitCode.PASS
    healed = heal_elsewhere(run, "watchdog", wait=30.0, patience=20.0)
    failed = [f"{result.what.name}: {result.error}" for result in healed if result.error]
    for line in failed:
        print(line, file=sys.stderr)
    return of_undo(bool(failed))


if __name__ == "__main__":
    sys.exit(watch(RunDir(Path(sys.argv[1])), sys.argv[2:]))
