"""`schedules.yaml`: schedules and the destinations of their notifications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from chaos.errors import FileError, UsageError
from chaos.notify.destinations import Destination
from chaos.play.playable import Planned, Request
from chaos.schedule.due import due_times
from chaos.schedule.schedule import Schedule
from chaos.spec import assumed, broken, named_files
from chaos.spec.broken import BrokenRule
from chaos.spec.yamlfile import Mistakes, Model, Name, Where, unique

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # fifty runs from here cover every length of month and year


class ScheduleFile(Model):
    notify: dict[Name, Destination] = Field(default_factory=dict)
    schedules: Annotated[tuple[Schedule, ...], Field(min_length=1)]

    @field_validator("schedules")
    @classmethod
    def _named_once(cls, schedules: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
        return unique(schedules, "schedule")

    def broken_rules(self) -> Iterator[BrokenRule]:
        for index, schedule in enumerate(self.schedules):
            notified = schedule.on_fail.notify
            for number, name in enumerate(notified):
                place = ("schedules", index, "on_fail", "notify", number)
                if name in notified[:number]:
                    yield BrokenRule(f"duplicate destination {name!r}", *place)
                elif name not in self.notify:
                    rule = f"no destination {name!r} under `notify`"
                    yield broken.unknown(rule, name, self.notify, *place)


def load(path: Path, *, fitting: bool = True) -> ScheduleFile:
    """Load the file and check that every experiment and target in it exists. `fitting`: also that each experiment fits
    its target and profile, which takes longer than all else. Raises FileError."""
    document = Where.read(path).document

    def whole(other: object) -> None:
        at = Where(path, other)
        _check(at, at.parse(ScheduleFile), fitting=fitting)

    found = assumed.thorough(path, document, lambda other: Where(path, other).parse(ScheduleFile), whole)
    _check(Where(path, document), found, fitting=fitting)
    return found


def _check(whole: Where, found: ScheduleFile, *, fitting: bool) -> None:
    mistakes = Mistakes()
    planned: set[tuple[str, str, str | None]] = set()
    for index, schedule in enumerate(found.schedules):
        at = whole.under("schedules", index)
        with mistakes.noted():
            _check_times(at, schedule)
        what = (schedule.experiment, schedule.target, schedule.profile)
        if what not in planned:
            with mistakes.noted():
                _check_names(at, schedule)
                if fitting:
                    _check_plan(at, schedule)
            planned.add(what)
    mistakes.refuse()


def _check_times(at: Where, schedule: Schedule) -> None:
    some = list(islice(due_times(schedule, BEGINNING), 50 if schedule.jitter else 1))
    if not some:
        raise at.under("when").broken(
            "is never due: no month of it has that day (`L` is the last)", schedule.when
        )
    shortest = min((later - due for due, later in pairwise(some)), default=None)
    if shortest is not None and schedule.jitter >= shortest.total_seconds():
        rule = f"must be shorter than the interval between runs ({shortest})"
        raise at.under("jitter").broken(rule, schedule.jitter)


def _check_names(at: Where, schedule: Schedule) -> None:
    for key, folder in (("experiment", "experiments"), ("target", "targets")):
        name = getattr(schedule, key)
        at.under(key).named(partial(named_files.search, name, folder))


def _check_plan(at: Where, schedule: Schedule) -> None:
    """An error in the experiment's own file is reported with that file's name and line."""
    try:
        planned(schedule)
    except FileError:
        raise
    except UsageError as error:
        raise at.under("profile").broken(str(error)) from None


def planned(schedule: Schedule) -> Planned:
    """Plan the schedule's experiment. Raises FileError or UsageError."""
    from chaos.play import kinds  # slow: every kind of file; `schedule list` plans nothing

    request = Request(schedule.target, schedule.profile, schedule.seed)
    return kinds.find(schedule.experiment).plan(request)
