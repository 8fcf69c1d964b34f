"""`schedules.yaml`: schedules and the destinations of their notifications."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from chaos.errors import FileError, UsageError
from chaos.notify.destinations import Destination
from chaos.play import kinds
from chaos.play.playable import Planned, Request
from chaos.schedule.due import due_times
from chaos.schedule.schedule import Schedule
from chaos.spec import named_files
from chaos.spec.yamlfile import BrokenRule, Model, Name, Where

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # fifty runs from here cover every length of month and year


class ScheduleFile(Model):
    notify: dict[Name, Destination] = Field(default_factory=dict)
    schedules: Annotated[tuple[Schedule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_hold(self) -> Self:
        seen: set[str] = set()
        for index, schedule in enumerate(self.schedules):
            if schedule.name in seen:
                raise BrokenRule(f"duplicate name {schedule.name!r}", "schedules", index, "name")
            seen.add(schedule.name)
            for place, name in enumerate(schedule.on_fail.notify):
                if name in schedule.on_fail.notify[:place]:
                    raise BrokenRule(
                        f"duplicate destination {name!r}", "schedules", index, "on_fail", "notify", place
                    )
                if name not in self.notify:
                    known = ", ".join(self.notify) or "none"
                    rule = f"no destination {name!r} under `notify`; known: {known}"
                    raise BrokenRule(rule, "schedules", index, "on_fail", "notify", place)
        return self


def load(path: Path) -> ScheduleFile:
    """Load the file and check that every experiment, target and profile in it exists and fits. Raises FileError."""
    whole = Where.read(path)
    found = whole.parse(ScheduleFile)
    planned: set[tuple[str, str, str | None]] = set()
    for index, schedule in enumerate(found.schedules):
        at = whole.under("schedules", index)
        _check_times(at, schedule)
        what = (schedule.experiment, schedule.target, schedule.profile)
        if what not in planned:
            _check_plan(at, schedule)
            planned.add(what)
    return found


def _check_times(at: Where, schedule: Schedule) -> None:
    some = list(islice(due_times(schedule, BEGINNING), 50 if schedule.jitter else 1))
    if not some:
        raise at.under("when").broken("is never due", schedule.when)
    shortest = min((later - due for due, later in pairwise(some)), default=None)
    if shortest is not None and schedule.jitter >= shortest.total_seconds():
        rule = f"must be shorter than the interval between runs ({shortest})"
        raise at.under("jitter").broken(rule, schedule.jitter)


def _check_plan(at: Where, schedule: Schedule) -> None:
    """An error in the experiment's own file is reported with that file's name and line."""
    for key, folder in (("experiment", "experiments"), ("target", "targets")):
        name = getattr(schedule, key)
        at.under(key).named(partial(named_files.search, name, folder))
    try:
        planned(schedule)
    except FileError:
        raise
    except UsageError as error:
        raise at.under("profile").broken(str(error)) from None


def planned(schedule: Schedule) -> Planned:
    """Plan the schedule's experiment. Raises FileError or UsageError."""
    request = Request(schedule.target, schedule.profile, schedule.seed)
    return kinds.find(schedule.experiment).plan(request)
