"""`midnight schedule run-now`: start one run now, recorded among the occurrences like any other."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from chaos.errors import ExitCode, Refused
from chaos.notify import outbox
from chaos.schedule import registered
from chaos.schedule.clock import RealClock
from chaos.schedule.engine import Timing
from chaos.schedule.file import ScheduleFile
from chaos.schedule.launch import MIDNIGHT, Child, Processes
from chaos.schedule.lease import Stillness
from chaos.schedule.occurrences import Claim, State
from chaos.schedule.outcome import Ended
from chaos.schedule.schedule import Schedule
from chaos.schedule.service import TIMING, new_holder
from chaos.schedule.transactions import Book

Say = Callable[[str], None]


def run_now(
    database: Engine,
    file: ScheduleFile,
    schedule: Schedule,
    say: Say,
    *,
    command: Sequence[str] = MIDNIGHT,
    timing: Timing = TIMING,
) -> int:
    """Play the schedule's run and return its exit code, in spite of a pause or blackout.

    Raises Refused while another run uses its target.
    """
    book, clock = Book(database, file, new_holder()), RealClock()
    launcher = Processes(clock.wake, command)
    _report_the_dead(book, schedule.target, clock, timing, say)
    with database.begin() as connection:
        registered.enrol_one(connection, schedule, clock.now())
        claim = book.occurrences.claim_by_hand(connection, schedule, clock.now())
    if not book.start(claim, launcher.busy(schedule), clock.now()):
        outbox.deliver(database, file.notify, clock.now)
        raise Refused(f"target {schedule.target!r} is in use by another run")
    ended = _play(book, claim, launcher, clock, timing)
    say(f"{schedule.name}: {ended.headline}")
    try:
        book.end(claim, ended, clock.now())
        outbox.deliver(database, file.notify, clock.now)
    except DBAPIError as error:  # the exit code is the run's own
        say(f"database unreachable: {' '.join(str(error.orig).split())}")
    return ended.exit_code if ended.exit_code >= 0 else ExitCode.FAILED  # killed: what it left is unknown


def _play(book: Book, claim: Claim, launcher: Processes, clock: RealClock, timing: Timing) -> Ended:
    """Wait for the run to end. A signal stops it; one that arrives during the start is kept until then."""
    asked: list[int] = []
    child: Child | None = None

    def stop(number: int, _: object) -> None:
        asked.append(number)
        if child is not None:
            child.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        child = launcher.start(claim.schedule)
    except OSError as error:
        return Ended(ExitCode.FAILED, f"could not be started: {error}")
    if asked:
        child.stop()
    while (ended := child.ended()) is None:
        with suppress(DBAPIError):
            book.beat([claim], clock.now())
        clock.wait(timing.beat)
    return ended


def _report_the_dead(book: Book, target: str, clock: RealClock, timing: Timing, say: Say) -> None:
    """Report runs on the target without heartbeats as missed, since there may be no scheduler to do so. Returns as
    soon as one of them is seen alive."""
    stillness, seen = Stillness(clock.elapsed, timing.claim), dict[int, object]()
    while rows := [
        row for row in book.active_besides(()) if (row.target, row.state) == (target, State.RUNNING)
    ]:
        for row in rows:
            if row.id not in seen:
                say(f"{row.holder} may be using {target}: checking whether it is alive")
            if seen.setdefault(row.id, row.heartbeat) != row.heartbeat:
                return
            if stillness.is_still(row.id, row.heartbeat) and book.abandon(row, clock.now()):
                say(f"{row.schedule}: {row.holder} is gone: reported as missed")
        clock.wait(timing.beat / 5)
