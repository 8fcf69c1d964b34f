"""The book: occurrences, roll and outbox, written together. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Row

from chaos.notify import outbox
from chaos.notify.message import Event, Message
from chaos.schedule import decide, registered
from chaos.schedule.due import due_within
from chaos.schedule.file import ScheduleFile
from chaos.schedule.lease import fence
from chaos.schedule.occurrences import Claim, Occurrences, Settled, State
from chaos.schedule.outcome import Ended, event_of
from chaos.schedule.schedule import Schedule

PAGE = 1000  # due times settled in one transaction


class Book:
    """What one scheduler writes. `file` may be replaced; claims in hand keep the schedule they began with."""

    def __init__(self, database: Engine, file: ScheduleFile, holder: str) -> None:
        self.database, self.file = database, file
        self.occurrences = Occurrences(holder)

    def open(self, now: datetime, token: int) -> None:
        """Make the roll that of the file. Raises Deposed."""

        def settle(connection: Connection, was: Schedule) -> None:
            while dues := self._ripe(connection, was, now):
                because = "its rule was changed before it could be played"
                missed = [Settled(due, State.MISSED, because) for due in dues]
                self._settle(connection, was, missed, now, token)

        with self.database.begin() as connection:
            fence(connection, self.occurrences.holder, token)
            registered.enrol(connection, self.file.schedules, now, settle)

    def consider(
        self, schedule: Schedule, before: Claim | None, now: datetime, token: int
    ) -> tuple[Claim | None, bool]:
        """Claim or settle what has come due, a page of it; the claim that waits now, in place of `before`, and
        whether there may be more. Raises Deposed."""
        with self.database.begin() as connection:
            dues = self._ripe(connection, schedule, now)
            if not dues:
                return before, False
            paused = registered.paused(connection, [schedule.name]).get(schedule.name)
            chosen, settled = decide.decide(schedule, dues, now, paused)
            self._settle(connection, schedule, settled, now, token)
            if chosen is None:
                return before, len(dues) == PAGE
            if before is not None:
                self._drop(connection, before, decide.superseded(before.due), now)
            return self.occurrences.claim(connection, schedule, chosen, now, token), len(dues) == PAGE

    def start(self, claim: Claim, on_machine: str | None, now: datetime) -> bool | None:
        """True: start it now. False: it came to nothing. None: its target is busy, and it waits.

        `on_machine`: who else plays on its target on this machine. Raises Deposed for what is due by the file.
        """
        schedule = claim.schedule
        with self.database.begin() as connection:
            if not claim.by_hand:
                fence(connection, self.occurrences.holder, claim.token)
                paused = registered.paused(connection, [schedule.name]).get(schedule.name)
                if (obstacle := decide.obstacle(schedule, claim.due, now, paused)) is not None:
                    self._drop(connection, claim, obstacle, now)
                    return False
            busy = on_machine or self.occurrences.target_in_use(connection, schedule.target)
            if busy is None:
                return self.occurrences.start(connection, claim, now)
            if schedule.when_busy == "wait" and not claim.by_hand:
                return None
            reason = f"target {schedule.target!r} is being played on by {busy}"
            self._drop(connection, claim, Settled(claim.due, State.REFUSED, reason), now)
            return False

    def end(self, claim: Claim, ended: Ended, now: datetime) -> Event | None:
        """Write down how a run ended, tell people, and pause where the schedule says so; None when it had been
        reported as missed in the meantime."""
        schedule = claim.schedule
        with self.database.begin() as connection:
            event = event_of(ended, self.occurrences.was_bad(connection, schedule.name))
            if not self.occurrences.end(connection, claim, ended, event, now):
                return None
            self._tell(connection, schedule, event, claim.due, now, ended.headline, ended)
            if event is Event.FAIL and schedule.on_fail.pause:
                registered.pause(connection, schedule.name, f"{ended.run or claim.due}: {ended.headline}")
        return event

    def let_go(self, claim: Claim, now: datetime) -> None:
        """A scheduler that stops leaves what it has not started to another one."""
        with self.database.begin() as connection:
            if not self.occurrences.give_back(connection, claim):
                reason = "its scheduler was stopped while it waited for its target"
                self._drop(connection, claim, Settled(claim.due, State.MISSED, reason), now)

    def beat(self, claims: Sequence[Claim], now: datetime) -> None:
        """Say that we are there, and have these in hand."""
        if claims:
            with self.database.begin() as connection:
                self.occurrences.beat(connection, claims, now)

    def active_besides(self, claims: Sequence[Claim]) -> list[Row[Any]]:
        """The claims that are in the hands of others, or in nobody's."""
        ours = {claim.id for claim in claims}
        with self.database.begin() as connection:
            return [row for row in self.occurrences.active(connection) if row.id not in ours]

    def abandon(self, row: Row[Any], now: datetime, token: int | None = None) -> bool:
        """Report a claim whose holder is gone as missed; nobody plays it again. `token`: of one who acts as the
        holder of the lease. Raises Deposed."""
        doing = "was being played" if row.state == State.RUNNING else "waited for its target"
        reason = f"its scheduler {row.holder} went away while it {doing}"
        schedule = next((each for each in self.file.schedules if each.name == row.schedule), None)
        with self.database.begin() as connection:
            if token is not None:
                fence(connection, self.occurrences.holder, token)
            done = self.occurrences.abandon(connection, row, reason, now)
            if done and schedule is not None:
                self._report_missed(connection, schedule, [Settled(row.due_utc, State.MISSED, reason)], now)
        return done

    def _ripe(self, connection: Connection, schedule: Schedule, now: datetime) -> list[datetime]:
        after = self.occurrences.cursor(connection, schedule.name)
        return list(islice(due_within(schedule, after, now), PAGE))

    def _settle(
        self, connection: Connection, schedule: Schedule, settled: list[Settled], now: datetime, token: int
    ) -> None:
        self.occurrences.settle(connection, schedule, settled, now, token)
        self._report_missed(connection, schedule, settled, now)

    def _drop(self, connection: Connection, claim: Claim, into: Settled, now: datetime) -> None:
        if self.occurrences.drop(connection, claim, into.state, into.because, now):
            self._report_missed(connection, claim.schedule, [into], now)

    def _report_missed(
        self, connection: Connection, schedule: Schedule, settled: Iterable[Settled], now: datetime
    ) -> None:
        """One message for all of them; what was skipped was wished so."""
        told = [each for each in settled if each.state is not State.SKIPPED]
        if told:
            last = told[-1]
            headline = f"{last.state}: {last.because}"
            if len(told) > 1:
                span = f"{len(told)} runs from {told[0].due:%Y-%m-%d %H:%M} to {last.due:%Y-%m-%d %H:%M} UTC"
                headline = f"missed: {span}: {last.because}"
            self._tell(connection, schedule, Event.MISSED, last.due, now, headline)

    def _tell(
        self,
        connection: Connection,
        schedule: Schedule,
        event: Event,
        due: datetime,
        now: datetime,
        headline: str,
        ended: Ended | None = None,
    ) -> None:
        names = schedule.on_fail.notify
        wanted = [
            name for name in names if name in self.file.notify and event in self.file.notify[name].events
        ]
        message = Message(
            event=event,
            schedule=schedule.name,
            experiment=schedule.experiment,
            target=schedule.target,
            profile=schedule.profile,
            due=due,
            headline=headline,
            **({} if ended is None else ended.told()),
        )
        outbox.post(connection, wanted, message, now)
