"""`midnight schedule run`: the engine in the foreground, notifications in a thread, and signals."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from chaos import database
from chaos.errors import FileError
from chaos.notify import outbox
from chaos.schedule import file as files
from chaos.schedule.clock import RealClock
from chaos.schedule.engine import Engine, Timing
from chaos.schedule.file import ScheduleFile
from chaos.schedule.launch import MIDNIGHT, Processes
from chaos.schedule.missing_secrets import missing
from chaos.schedule.transactions import Book
from chaos.schedule.triggers import Apscheduler

log = logging.getLogger(__name__)

TIMING = Timing()
POST_EVERY = 2.0  # seconds


def new_holder() -> str:
    """Return a unique scheduler name."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def run(
    path: Path,
    say: Callable[[str], None],
    *,
    url: str | None = None,
    command: Sequence[str] = MIDNIGHT,
    timing: Timing = TIMING,
) -> None:
    """Run the schedules of the file until SIGTERM or SIGINT; then stop and undo the runs in progress.

    SIGHUP reloads the file; a bad one is reported, and the schedules stay unchanged.
    """
    service = _Service(path, say, url or database.address(), command, timing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.engine.stop())
    signal.signal(signal.SIGHUP, lambda *_: service.ask_to_read_again())
    service.run()


class _Service:
    def __init__(
        self, path: Path, say: Callable[[str], None], url: str, command: Sequence[str], timing: Timing
    ) -> None:
        self._path, self._say, self._timing = path, say, timing
        log.debug("schedules of %s; a heartbeat every %g s", path, timing.beat)
        self._clock = RealClock()
        self._read_again = False
        holder = new_holder()
        self._database = database.connect(url)
        self._book = Book(self._database, self._loaded(), holder)
        # its jobs are created at each start: none has to survive a crash
        alarms = Apscheduler(database.connect(url, durable=False), holder, self._clock.wake)
        launcher = Processes(self._clock.wake, command)
        self.engine = Engine(self._book, self._clock, alarms, launcher, say, timing)

    def ask_to_read_again(self) -> None:
        self._read_again = True
        self._clock.wake()

    def run(self) -> None:
        done = threading.Event()
        post = threading.Thread(target=self._deliver_until, args=(done,), daemon=True)
        post.start()
        while not self.engine.stopping:
            if self._read_again:
                self._read_again = False
                self._reload()
            self.engine.step()
            self._clock.wait(self._timing.beat)
        self.engine.finish()
        done.set()
        post.join(timeout=30)

    def _loaded(self) -> ScheduleFile:
        """Read the file, and report what it needs and this process does not have. Raises FileError."""
        found = files.load(self._path)
        for line in missing(found):
            self._say(f"warning: {line}")
        return found

    def _reload(self) -> None:
        try:
            self.engine.replace(self._loaded())
        except FileError as error:
            for line in error.lines:
                self._say(f"{line}; schedules unchanged")

    def _deliver_until(self, done: threading.Event) -> None:
        while not done.wait(POST_EVERY):
            self._deliver()
        self._deliver()  # the last run's notifications

    def _deliver(self) -> None:
        with suppress(DBAPIError):  # the engine reports it; the outbox waits
            outbox.deliver(self._database, self._book.file.notify, lambda: datetime.now(UTC))
