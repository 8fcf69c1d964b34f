"""A world whose clock obeys: schedulers on one database, weeks in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

from sqlalchemy import Engine as Database
from sqlalchemy import Row, select

from chaos import database
from chaos.schedule.due import due_times, next_start
from chaos.schedule.engine import Engine, Timing
from chaos.schedule.file import ScheduleFile
from chaos.schedule.outcome import Ended
from chaos.schedule.schedule import Schedule
from chaos.schedule.tables import occurrences
from chaos.schedule.transactions import Book

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMING = Timing(beat=60.0, lease=180.0, claim=300.0)


class Killed(BaseException):
    """The scheduler is gone in this very moment, as by kill -9."""


@dataclass
class SimClock:
    """`now` may be set; `elapsed` only goes on."""

    at: datetime = BEGIN
    passed: float = 0.0

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> float:
        return self.passed

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.passed += seconds

    def wake(self) -> None:
        pass


class SimAlarms:
    """Rings as APScheduler does, by the simulated clock: it sleeps for so many seconds, not until a time."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._awake_at = 0.0
        self._next: dict[str, tuple[Schedule, datetime | None]] = {}

    def begin(self, schedules: Iterable[Schedule], token: int) -> None:
        del token
        self._next = {each.name: (each, next_start(each, self._clock.now())) for each in schedules}
        self._fall_asleep()

    def end(self) -> None:
        self._next = {}

    def rung(self) -> set[str]:
        if self._clock.elapsed() < self._awake_at:
            return set()
        now = self._clock.now()
        found = {name for name, (_, at) in self._next.items() if at is not None and at <= now}
        for name in found:
            schedule, _ = self._next[name]
            self._next[name] = (schedule, next_start(schedule, now))
        self._fall_asleep()
        return found

    def are_broken(self) -> bool:
        return False

    def _fall_asleep(self) -> None:
        at = self.earliest()
        seconds = 1e12 if at is None else (at - self._clock.now()).total_seconds()
        self._awake_at = self._clock.elapsed() + seconds - 0.001  # no ring is lost by rounding

    def earliest(self) -> datetime | None:
        return min((at for _, at in self._next.values() if at is not None), default=None)


@dataclass
class SimChild:
    clock: SimClock
    until: float
    ending: Ended
    stopped: bool = False

    def ended(self) -> Ended | None:
        if self.stopped:
            return Ended(4, "aborted, everything undone")
        return self.ending if self.clock.elapsed() >= self.until else None

    def stop(self) -> None:
        self.stopped = True


@dataclass
class Machine:
    """Plays runs of a length; what is played outlives its scheduler. `code` decides how each ends."""

    clock: SimClock
    length: float = 120.0
    code: Callable[[Schedule], int] = lambda _: 0
    kill: Callable[[], None] = lambda: None  # called when a run is about to be started
    started: Counter[str] = field(default_factory=Counter)
    at: list[tuple[str, datetime]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    occupied: str | None = None  # by somebody else's run

    def start(self, schedule: Schedule) -> SimChild:
        self.kill()
        self.started[schedule.name] += 1
        self.at.append((schedule.name, self.clock.now()))
        code, until = self.code(schedule), self.clock.elapsed() + self.length
        self.ends.append(until)
        return SimChild(self.clock, until, Ended(code, f"ended with {code}"))

    def busy(self, schedule: Schedule) -> str | None:
        del schedule
        return self.occupied


class World:
    """`schedulers` share a database (a directory, or an address), a clock and a machine. One that was killed steps
    no more."""

    def __init__(
        self, place: Path | str, *schedules: Schedule, timing: Timing = TIMING, **notify: object
    ) -> None:
        self.clock = SimClock()
        self.machine = Machine(self.clock)
        self.file = ScheduleFile.model_validate({"schedules": schedules, "notify": notify})
        self.timing = timing
        url = place if isinstance(place, str) else f"sqlite:///{place / 'world.db'}"
        self.database: Database = database.connect(url, durable=False)
        self.schedulers: list[tuple[Engine, SimAlarms]] = []
        self.said: list[str] = []

    def add(self) -> Engine:
        """Another scheduler, as a new process has it."""
        alarms = SimAlarms(self.clock)
        book = Book(self.database, self.file, f"scheduler-{len(self.said)}-{self.clock.passed}-{id(alarms)}")
        engine = Engine(book, self.clock, alarms, self.machine, self.said.append, self.timing)
        self.schedulers.append((engine, alarms))
        return engine

    def step(self) -> None:
        for pair in list(self.schedulers):
            try:
                pair[0].step()
            except Killed:
                self.schedulers.remove(pair)

    def kill_all(self) -> None:
        self.schedulers.clear()

    def pass_(self, **time: float) -> None:
        """Let time go by, step by step: a beat each, and right at each start."""
        end = self.clock.passed + timedelta(**time).total_seconds()
        self.step()
        while self.clock.passed < end:
            waits = [self.timing.beat, end - self.clock.passed]
            waits += [until - self.clock.passed for until in self.machine.ends if until > self.clock.passed]
            waits += [
                (at - self.clock.at).total_seconds()
                for _, alarms in self.schedulers
                if (at := alarms.earliest())
            ]
            self.clock.wait(max(min(waits), 0.001))
            self.step()

    def sleep(self, **time: float) -> None:
        """The machine sleeps: nothing goes on but the clock on the wall."""
        self.clock.at += timedelta(**time)

    def rows(self, name: str | None = None) -> list[Row[tuple[object, ...]]]:
        chosen = select(occurrences).order_by(occurrences.c.due_utc)
        if name is not None:
            chosen = chosen.where(occurrences.c.schedule == name)
        with self.database.begin() as connection:
            return list(connection.execute(chosen))

    def states(self, name: str | None = None) -> Counter[str]:
        return Counter(row.state for row in self.rows(name))

    def due(self, schedule: Schedule, until: datetime | None = None) -> list[datetime]:
        """What came due since the world began."""
        end = until or self.clock.at
        return list(takewhile(lambda due: due <= end, due_times(schedule, BEGIN)))

    def assert_each_once(self) -> None:
        """Every due time stands among the occurrences once, and no run was started but those that it says."""
        for schedule in self.file.schedules:
            rows = self.rows(schedule.name)
            assert [row.due_utc for row in rows] == self.due(schedule)
            played = sum(row.started is not None for row in rows)
            assert self.machine.started[schedule.name] <= played
