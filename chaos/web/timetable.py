"""Schedules for the pages, read from the schedule file and the scheduler's database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from chaos import database
from chaos.errors import MidnightError, UsageError
from chaos.schedule import file as files
from chaos.schedule import registered, status
from chaos.schedule.file import ScheduleFile
from chaos.schedule.occurrences import State
from chaos.schedule.schedule import Schedule

LOOK_BACK = timedelta(days=7)
MOST = 1000  # due times looked back on


@dataclass(frozen=True, slots=True)
class Told:
    """The schedules of one page. `problems` says what could not be read."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    leader: str | None = None
    troubles: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)  # of the last week, by schedule
    history: list[dict[str, Any]] = field(default_factory=list)


class Timetable:
    """Reads the file again when it has changed; without one there are no schedules, only their history."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._file: ScheduleFile | None = None
        self._engine: tuple[str, Engine] | None = None

    def told(self, now: datetime, name: str | None = None, count: int = 0) -> Told:
        """Return the schedules, and what became of their newest `count` due times, newest last. Never raises: a
        schedule file with a mistake must not hide the runs."""
        problems = list[str]()
        found = self._loaded(problems)
        try:
            with self._database() as connection:
                history = status.history(connection, name, None, count) if count else []
                week = status.history(connection, None, now - LOOK_BACK, MOST)
                missed = Counter(each["schedule"] for each in week if each["state"] == State.MISSED)
                return Told(
                    status.rows(found, connection, now) if found else [],
                    status.leader(connection),
                    status.troubles(connection, now),
                    problems,
                    missed,
                    history,
                )
        except MidnightError as error:
            problems.extend(error.lines)
        except SQLAlchemyError as error:
            problems.append(f"the scheduler's database cannot be read ({type(error).__name__})")
        return Told(problems=problems)

    def refuse_unknown(self, name: str) -> None:
        """Raises UsageError for a schedule that the file does not have, and for a file that cannot be read."""
        self._named(name)

    def pause(self, name: str, because: str) -> None:
        """Pause a schedule of the file, as `midnight schedule pause` does. Raises UsageError."""
        schedule = self._named(name)
        with self._database() as connection:
            registered.enrol_one(connection, schedule, datetime.now(UTC))
            registered.pause(connection, name, because)

    def resume(self, name: str) -> None:
        """Raises UsageError."""
        self._named(name)
        with self._database() as connection:
            registered.resume(connection, name)

    def _named(self, name: str) -> Schedule:
        problems = list[str]()
        found = self._loaded(problems)
        for schedule in found.schedules if found else ():
            if schedule.name == name:
                return schedule
        raise UsageError(problems[0] if problems else f"no schedule {name[:60]!r} in {self.path}")

    def _loaded(self, problems: list[str]) -> ScheduleFile | None:
        try:
            about = self.path.stat()
            seen = about.st_mtime_ns, about.st_size
            if self._file is None or seen != self._seen:
                self._file, self._seen = files.load(self.path), seen
        except FileNotFoundError:
            self._file = None
        except MidnightError as error:
            self._file = None
            problems.extend(error.lines)
        except OSError as error:
            self._file = None
            problems.append(f"{self.path}: cannot be read: {error.strerror or error}")
        return self._file

    @contextmanager
    def _database(self) -> Iterator[Connection]:
        address = database.address()
        if self._engine is None or self._engine[0] != address:
            self._engine = address, database.connect(address)
        with self._engine[1].begin() as connection:
            yield connection
