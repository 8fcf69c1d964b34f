"""Pure: decide which of a schedule's due times is played, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chaos.schedule.due import blacked_out, start_of
from chaos.schedule.occurrences import Settled, State
from chaos.schedule.schedule import Schedule
from chaos.spec.units import show_days


def decide(
    schedule: Schedule, dues: Sequence[datetime], now: datetime, paused: str | None
) -> tuple[datetime | None, list[Settled]]:
    """Return the due time to play now, if any, and the others with reasons. `paused`: the reason of a pause.

    Of several late ones, the newest is played.
    """
    chosen: datetime | None = None
    settled: list[Settled] = []
    for due in reversed(dues):
        forbidden = paused or blacked_out(schedule, due, start_of(schedule, due))
        if forbidden is not None:
            settled.append(Settled(due, State.SKIPPED, forbidden))
        elif too_late(schedule, due, now):
            settled.append(Settled(due, State.MISSED, late(schedule)))
        elif chosen is None:
            chosen = due
        else:
            settled.append(superseded(due))
    return chosen, settled[::-1]


def late(schedule: Schedule) -> str:
    return f"could not start within {show_days(schedule.misfire.late_within)} of its due time"


def too_late(schedule: Schedule, due: datetime, now: datetime) -> bool:
    return now > start_of(schedule, due) + timedelta(seconds=schedule.misfire.late_within)


def obstacle(schedule: Schedule, due: datetime, now: datetime, paused: str | None) -> Settled | None:
    """Settle a waiting claim that must not be played any more."""
    reason = paused or blacked_out(schedule, now)
    if reason is not None:
        return Settled(due, State.SKIPPED, reason)
    if too_late(schedule, due, now):
        return Settled(due, State.MISSED, f"{late(schedule)}: target busy")
    return None


def superseded(due: datetime) -> Settled:
    return Settled(due, State.MISSED, "a later one was played instead")
