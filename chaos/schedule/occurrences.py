"""The occurrences: the outcome of every due time. A recorded one is never run again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from chaos.notify.message import BAD, Event
from chaos.schedule.lease import fence
from chaos.schedule.outcome import Ended
from chaos.schedule.schedule import Schedule
from chaos.schedule.tables import occurrences, schedules


class State(StrEnum):
    CLAIMED = "claimed"  # waiting until its target is free
    RUNNING = "running"
    ENDED = "ended"
    MISSED = "missed"
    SKIPPED = "skipped"  # by a pause or a blackout: as intended
    REFUSED = "refused"


ACTIVE = (State.CLAIMED, State.RUNNING)
SETTLED = tuple(state for state in State if state not in ACTIVE)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to play one due time, once."""

    id: int
    schedule: Schedule
    due: datetime
    token: int
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A due time that is not played."""

    due: datetime
    state: State
    because: str


class Occurrences:
    """Each method works in the transaction of the given connection, so that related rows are written together."""

    def __init__(self, holder: str) -> None:
        self.holder = holder

    def cursor(self, connection: Connection, name: str) -> datetime:
        """Return the time up to which the schedule's due times are settled or claimed."""
        newest = select(func.max(occurrences.c.due_utc)).where(
            occurrences.c.schedule == name, occurrences.c.by_hand.is_(False)
        )
        since: datetime = connection.execute(
            select(schedules.c.since).where(schedules.c.name == name)
        ).scalar_one()
        return max(since, connection.execute(newest).scalar() or since)

    def settle(
        self,
        connection: Connection,
        schedule: Schedule,
        settled: Iterable[Settled],
        now: datetime,
        token: int,
    ) -> None:
        """Record what is not played. Raises Deposed, and IntegrityError if one is recorded already."""
        fence(connection, self.holder, token)
        rows = [
            {
                **self._row(schedule, each.due, token),
                "state": each.state,
                "because": each.because,
                "ended": now,
            }
            for each in settled
        ]
        if rows:
            connection.execute(insert(occurrences), rows)

    def claim(
        self, connection: Connection, schedule: Schedule, due: datetime, now: datetime, token: int
    ) -> Claim:
        """Claim a due time. Raises Deposed, and IntegrityError if it is recorded already."""
        fence(connection, self.holder, token)
        return self._claim(connection, schedule, due, now, token)

    def claim_by_hand(self, connection: Connection, schedule: Schedule, now: datetime) -> Claim:
        """Claim a run requested by hand; needs no lease."""
        return self._claim(connection, schedule, now, now, 0, by_hand=True)

    def _claim(
        self,
        connection: Connection,
        schedule: Schedule,
        due: datetime,
        now: datetime,
        token: int,
        by_hand: bool = False,
    ) -> Claim:
        row = {
            **self._row(schedule, due, token),
            "state": State.CLAIMED,
            "heartbeat": now,
            "by_hand": by_hand,
        }
        key = connection.execute(insert(occurrences).values(row)).inserted_primary_key
        assert key is not None
        return Claim(key[0], schedule, due, token, by_hand)

    def _row(self, schedule: Schedule, due: datetime, token: int) -> dict[str, Any]:
        target = schedule.target
        return {
            "schedule": schedule.name,
            "due_utc": due,
            "target": target,
            "holder": self.holder,
            "token": token,
        }

    def start(self, connection: Connection, claim: Claim, now: datetime) -> bool:
        """Move a claim to running. False if the claim is no longer ours: do not start anything then."""
        values = {"state": State.RUNNING, "started": now, "heartbeat": now}
        return self._move(connection, claim, State.CLAIMED, values)

    def end(self, connection: Connection, claim: Claim, ended: Ended, event: Event, now: datetime) -> bool:
        """Record how the run ended. False if it was given up as missed meanwhile."""
        values = {
            "state": State.REFUSED if ended.refused else State.ENDED,
            "ended": now,
            "because": ended.headline,
            "run": ended.run,
            "exit_code": ended.exit_code,
            "event": event,
        }
        return self._move(connection, claim, State.RUNNING, values)

    def drop(self, connection: Connection, claim: Claim, state: State, because: str, now: datetime) -> bool:
        """Settle a claim that is not played. False if it is no longer ours."""
        values = {"state": state, "because": because, "ended": now}
        return self._move(connection, claim, State.CLAIMED, values)

    def give_back(self, connection: Connection, claim: Claim) -> bool:
        """Delete a claim that was not started, so that another scheduler can claim it. False if a later one is recorded
        already: schedulers only look after the latest."""
        if self.cursor(connection, claim.schedule.name) > claim.due:
            return False
        connection.execute(
            delete(occurrences).where(*self._ours(claim), occurrences.c.state == State.CLAIMED)
        )
        return True

    def beat(self, connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
        """Renew the heartbeat of our claims."""
        ours = (
            occurrences.c.id.in_([claim.id for claim in claims]),
            occurrences.c.holder == self.holder,
            occurrences.c.state.in_(ACTIVE),
        )
        connection.execute(update(occurrences).where(*ours).values(heartbeat=now))

    def active(self, connection: Connection) -> Sequence[Row[Any]]:
        """Return all claims of all schedulers that are waiting or running."""
        return connection.execute(select(occurrences).where(occurrences.c.state.in_(ACTIVE))).all()

    def abandon(self, connection: Connection, row: Row[Any], because: str, now: datetime) -> bool:
        """Report a claim as missed if its heartbeat is still the one seen; False if it has moved."""
        same = (
            occurrences.c.id == row.id,
            occurrences.c.state == row.state,
            occurrences.c.heartbeat == row.heartbeat,
        )
        values = {"state": State.MISSED, "because": because, "ended": now}
        return connection.execute(update(occurrences).where(*same).values(values)).rowcount == 1

    def target_in_use(self, connection: Connection, target: str) -> str | None:
        """Return the schedule whose run is in progress on the target."""
        playing = (occurrences.c.target == target, occurrences.c.state == State.RUNNING)
        name: str | None = connection.execute(select(occurrences.c.schedule).where(*playing)).scalar()
        return name

    def was_bad(self, connection: Connection, name: str) -> bool:
        """Return True if the schedule's last played run ended with fail or unknown."""
        played = (occurrences.c.schedule == name, occurrences.c.state == State.ENDED)
        newest = select(occurrences.c.event).where(*played).order_by(occurrences.c.due_utc.desc()).limit(1)
        return connection.execute(newest).scalar() in BAD

    def _move(self, connection: Connection, claim: Claim, state: State, values: dict[str, Any]) -> bool:
        moved = update(occurrences).where(*self._ours(claim), occurrences.c.state == state).values(values)
        return connection.execute(moved).rowcount == 1

    def _ours(self, claim: Claim) -> tuple[ColumnElement[bool], ...]:
        return (
            occurrences.c.id == claim.id,
            occurrences.c.holder == self.holder,
            occurrences.c.token == claim.token,
        )
