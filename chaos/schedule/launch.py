"""Start `midnight run` as a process, and read how it ended."""

from __future__ import annotations

import fcntl
import logging
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from chaos.errors import MidnightError
from chaos.record import store
from chaos.schedule import outcome
from chaos.schedule.file import planned
from chaos.schedule.outcome import Ended
from chaos.schedule.schedule import Schedule

log = logging.getLogger(__name__)

MIDNIGHT = (sys.executable, "-c", "from chaos.cli import main; main()")


class Child(Protocol):
    def ended(self) -> Ended | None:
        """Return how it ended; None while it is running."""
        ...

    def stop(self) -> None:
        """Signal it to undo everything and exit."""
        ...


class Launcher(Protocol):
    def start(self, schedule: Schedule) -> Child:
        """Start the schedule's run. Raises OSError."""
        ...

    def busy(self, schedule: Schedule) -> str | None:
        """Return the run that uses the schedule's target on this machine, if any."""
        ...


def arguments(schedule: Schedule) -> list[str]:
    """Return the arguments of `midnight`."""
    words = ["run", schedule.experiment, "--target", schedule.target, "--seed", str(schedule.seed), "--json"]
    return words if schedule.profile is None else [*words, "--profile", schedule.profile]


class Process:
    """A run in its own session, so that Ctrl-C on the scheduler reaches it only once."""

    def __init__(self, argv: Sequence[str], on_end: Callable[[], None]) -> None:
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  outlive this
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err, start_new_session=True
        )
        self._on_end = on_end
        threading.Thread(target=self._await_end, daemon=True).start()

    def ended(self) -> Ended | None:
        code = self._process.poll()
        if code is None:
            return None
        log.debug("PID %d: ended with %d", self._process.pid, code)
        return outcome.read(code, _all_of(self._out), _all_of(self._err))

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def _await_end(self) -> None:
        self._process.wait()
        self._on_end()


class Processes:
    """Launch processes. `on_end` is called from another thread when one ends."""

    def __init__(self, on_end: Callable[[], None], command: Sequence[str] = MIDNIGHT) -> None:
        self._on_end, self._command = on_end, command

    def start(self, schedule: Schedule) -> Child:
        log.debug("%s: starting midnight %s", schedule.name, " ".join(arguments(schedule)))
        return Process([*self._command, *arguments(schedule)], self._on_end)

    def busy(self, schedule: Schedule) -> str | None:
        try:
            aim = planned(schedule).aim
        except MidnightError as error:  # the run itself will refuse and give the reason
            log.debug("%s: target unknown: %s", schedule.name, error)
            return None
        return _holder(aim)


def _holder(aim: str) -> str | None:
    """Return the run that holds the target's lock."""
    try:
        with store.lock_file(aim).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "a run that is just starting"
    except FileNotFoundError:
        pass
    return None


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
