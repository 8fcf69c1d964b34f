"""Transactions: occurrences, registered schedules and outbox, written together. Each method is one transaction."""

from __future__ import annotations

import logging
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

log = logging.getLogger(__name__)

PAGE = 1000  # due times settled in one transaction


class Book:
    """The writes of one scheduler. `file` may be replaced; open claims keep the schedule they began with."""

    def __init__(self, database: Engine, file: ScheduleFile, holder: str) -> None:
        self.database, self.file = database, file
        self.occurrences = Occurrences(holder)

    def open(self, now: datetime, token: int) -> None:
        """Register the schedules of the file. Raises Deposed."""

        def settle(connection: Connection, was: Schedule) -> None:
            while dues := self._ripe(connection, was, now):
                because = "its rule changed before it could be played"
                missed = [Settled(due, State.MISSED, because) for due in dues]
                self._settle(connection, was, missed, now, token)

        with self.database.begin() as connection:
            fence(connection, self.occurrences.holder, token)
            registered.enrol(connection, self.file.schedules, now, settle)

    def consider(
        self, schedule: Schedule, before: Claim | None, now: datetime, token: int
    ) -> tuple[Claim | None, bool]:
        """Claim or settle one page of what has come due. Returns the claim that waits now, in place of `before`, and
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
            claim = self.occurrences.claim(connection, schedule, chosen, now, token)
            log.debug("%s: due %s: claimed (%d) under token %d", schedule.name, chosen, claim.id, token)
            return claim, len(dues) == PAGE

    def start(self, claim: Claim, on_machine: str | None, now: datetime) -> bool | None:
        """True: start it now. False: it is settled. None: its target is busy, and it waits.

        `on_machine`: the run that uses its target on this machine. Raises Deposed for what is due by the file.
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
            log.debug("%s: due %s: target in use by %s", schedule.name, claim.due, busy)
            if schedule.when_busy == "wait" and not claim.by_hand:
                return None
            reason = f"target {schedule.target!r} is in use by {busy}"
            self._drop(connection, claim, Settled(claim.due, State.REFUSED, reason), now)
            return False

    def end(self, claim: Claim, ended: Ended, now: datetime) -> Event | None:
        """Record how a run ended, notify, and pause if the schedule says so. None if it was reported as missed
        meanwhile."""
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
        """Leave claims that were not started to other schedulers."""
        with self.database.begin() as connection:
            if not self.occurrences.give_back(connection, claim):
                reason = "the scheduler stopped while it waited for its target"
                self._drop(connection, claim, Settled(claim.due, State.MISSED, reason), now)

    def beat(self, claims: Sequence[Claim], now: datetime) -> None:
        """Renew our heartbeat and that of these claims."""
        if claims:
            with self.database.begin() as connection:
                self.occurrences.beat(connection, claims, now)

    def active_besides(self, claims: Sequence[Claim]) -> list[Row[Any]]:
        """Return the claims that are not ours."""
        ours = {claim.id for claim in claims}
        with self.database.begin() as connection:
            return [row for row in self.occurrences.active(connection) if row.id not in ours]

    def abandon(self, row: Row[Any], now: datetime, token: int | None = None) -> bool:
        """Report a claim whose holder is gone as missed; it is not played again. `token`: given if the caller acts as
        the holder of the lease. Raises Deposed."""
        doing = "was running" if row.state == State.RUNNING else "waited for its target"
        reason = f"its scheduler {row.holder} disappeared while it {doing}"
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
        for each in settled:
            log.debug("%s: due %s: %s: %s", schedule.name, each.due, each.state, each.because)
        self._report_missed(connection, schedule, settled, now)

    def _drop(self, connection: Connection, claim: Claim, into: Settled, now: datetime) -> None:
        log.debug("%s: due %s: %s: %s", claim.schedule.name, claim.due, into.state, into.because)
        if self.occurrences.drop(connection, claim, into.state, into.because, now):
            self._report_missed(connection, claim.schedule, [into], now)

    def _report_missed(
        self, connection: Connection, schedule: Schedule, settled: Iterable[Settled], now: datetime
    ) -> None:
        """Send one message for all of them, except those skipped on purpose."""
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
