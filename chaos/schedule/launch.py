"""Starting `midnight run` as a process of its own, and reading how it ended."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from chaos.checks import suite
from chaos.errors import MidnightError
from chaos.plan import build
from chaos.plan import suite as suite_plan
from chaos.plan.planned import Plan
from chaos.record import store
from chaos.schedule import outcome
from chaos.schedule.outcome import Ended
from chaos.schedule.schedule import Schedule
from chaos.spec import yamlfile

MIDNIGHT = (sys.executable, "-c", "from chaos.cli import main; main()")


class Child(Protocol):
    def ended(self) -> Ended | None:
        """How it ended; None while it plays."""
        ...

    def stop(self) -> None:
        """Ask it to undo everything and end."""
        ...


class Launcher(Protocol):
    def start(self, schedule: Schedule) -> Child:
        """Begin the schedule's run. Raises OSError."""
        ...

    def busy(self, schedule: Schedule) -> str | None:
        """Who is playing on the schedule's target, on this machine."""
        ...


def arguments(schedule: Schedule) -> list[str]:
    """What `midnight` is started with."""
    words = ["run", schedule.experiment, "--target", schedule.target, "--seed", str(schedule.seed), "--json"]
    return words if schedule.profile is None else [*words, "--profile", schedule.profile]


class Process:
    """A run in a session of its own, so that a Ctrl-C meant for the scheduler reaches it once."""

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
        return outcome.read(code, _all_of(self._out), _all_of(self._err))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def _await_end(self) -> None:
        self._process.wait()
        self._on_end()


class Processes:
    """Launches processes; `on_end` is called from another thread when one has ended."""

    def __init__(self, on_end: Callable[[], None], command: Sequence[str] = MIDNIGHT) -> None:
        self._on_end, self._command = on_end, command

    def start(self, schedule: Schedule) -> Child:
        return Process([*self._command, *arguments(schedule)], self._on_end)

    def busy(self, schedule: Schedule) -> str | None:
        try:
            found = _first_plan(schedule)
            aim = found.driver(found.target, found.options, found.settings, found.staging).aim
        except MidnightError:  # the run itself will say what is wrong, and is refused for it
            return None
        return _holder(aim)


def _first_plan(schedule: Schedule) -> Plan:
    """Of a suite, that of its first scenario: all aim at the same. Raises MidnightError."""
    file = yamlfile.search(schedule.experiment, "experiments")
    if suite.is_suite(file):
        return suite_plan.build(file, schedule.target, schedule.profile, schedule.seed)[0]
    return build.build(schedule.experiment, schedule.target, schedule.profile, schedule.seed)


def _holder(aim: str) -> str | None:
    """The run that holds the lock of what is aimed at."""
    try:
        with store.lock_file(aim).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "a run that is just beginning"
    except FileNotFoundError:
        pass
    return None


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
