"""The first page: last night, the calendar, drills, schedules, runs in progress."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.responses import Response

from chaos.history.drills import DUE_AFTER, last_passed
from chaos.history.entry import Entry
from chaos.history.query import Query
from chaos.undo.heal import in_progress
from chaos.web import nights
from chaos.web.acting import READER, Visitor
from chaos.web.memory import Memory
from chaos.web.rendering import about, page, verdict_of
from chaos.web.timetable import Timetable

MOST = 100  # rows of a table


@dataclass(frozen=True, slots=True)
class Drilled:
    """The drills against one target: the last one, and the last that passed as a whole."""

    target: str
    newest: Entry
    passed: Entry | None
    days: float | None  # since it passed
    overdue: bool


def drilled(drills: list[Entry], now: datetime) -> list[Drilled]:
    """Return the targets that were ever drilled, overdue ones first. `drills`: oldest first."""
    newest = {each.target: each for each in drills if not each.part}
    passed = last_passed(drills)
    found = []
    for target, entry in newest.items():
        last = passed.get(target)
        seconds = None if last is None else (now - datetime.fromisoformat(last.started)).total_seconds()
        days = None if seconds is None else seconds / 86400
        found.append(Drilled(target, entry, last, days, seconds is None or seconds > DUE_AFTER))
    return sorted(found, key=lambda each: (not each.overdue, each.target))


def front(
    memory: Memory, timetable: Timetable, visitor: Visitor = READER, now: datetime | None = None
) -> Response:
    at = now or datetime.now(UTC)
    since = nights.stamp(nights.begins(nights.first_shown(at)))
    with memory.reading() as index:
        newest, starts = index.newest(), index.starts(since)
        drills = index.find(Query(drill=True))
    weeks = nights.calendar(_with_those_in_progress(starts, newest), at)
    today = at.astimezone().date()
    last = nights.last_night(weeks, today)
    newest = sorted(newest, key=lambda each: each.started, reverse=True)
    return page(
        "front.html",
        title="midnight",
        last=last,
        called=nights.called(last, today) if last is not None else "",
        newest=newest[:MOST],
        left_out=max(0, len(newest) - MOST),
        weeks=weeks,
        zone=at.astimezone().tzname(),
        drills=drilled(drills, at),
        due_after=int(DUE_AFTER // 86400),
        told=timetable.told(at),
        file=timetable.path,
        visitor=visitor,
        playing=[(run.id, about(run)) for run in in_progress()],
    )


def _with_those_in_progress(
    starts: list[tuple[str, str | None, int]], newest: list[Entry]
) -> list[tuple[str, str | None, int]]:
    """Return the starts with what is in progress as a kind of its own. A target takes one run at a time, so such a run
    is the newest of its kind."""
    begun = Counter(each.started for each in newest if verdict_of(each) == "playing")
    found = [
        (started, verdict, count - begun[started] if verdict is None else count)
        for started, verdict, count in starts
    ]
    return [*found, *((started, "playing", count) for started, count in begun.items())]
