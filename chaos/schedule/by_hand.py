"""`midnight schedule run-now`: one run at once, in the ledger like any other."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from chaos.errors import Refused
from chaos.notify import outbox
from chaos.schedule import roll
from chaos.schedule.book import Book
from chaos.schedule.clock import RealClock
from chaos.schedule.file import ScheduleFile
from chaos.schedule.launch import MIDNIGHT, Processes
from chaos.schedule.schedule import Schedule
from chaos.schedule.service import TIMING, new_holder


def run_now(
    database: Engine,
    file: ScheduleFile,
    schedule: Schedule,
    say: Callable[[str], None],
    command: Sequence[str] = MIDNIGHT,
) -> int:
    """Play the schedule's run and give its exit code; a pause or a blackout does not keep it from it.

    Raises Refused while another run is aimed at its target.
    """
    book, clock = Book(database, file, new_holder()), RealClock()
    launcher = Processes(clock.wake, command)
    with database.begin() as connection:
        roll.enrol_one(connection, schedule, datetime.now(UTC))
        claim = book.ledger.claim_by_hand(connection, schedule, clock.now())
    if not book.start(claim, launcher.busy(schedule), clock.now()):
        raise Refused(f"target {schedule.target!r} is being played on by another run")
    child = launcher.start(schedule)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.stop())
    while (ended := child.ended()) is None:
        with suppress(DBAPIError):
            book.beat([claim], clock.now())
        clock.wait(TIMING.beat)
    say(f"{schedule.name}: {ended.headline}")
    try:
        book.end(claim, ended, clock.now())
        outbox.deliver(database, file.notify, clock.now)
    except DBAPIError as error:  # a run's code says what came of the run
        say(f"the database is out of reach: {' '.join(str(error.orig).split())}")
    return ended.exit_code if ended.exit_code >= 0 else 5  # killed: it could not say what it left
