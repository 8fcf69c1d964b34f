"""Alarms: who rings when a schedule's next run starts. APScheduler keeps the time; what a ring means is decided
in the engine, from the occurrences."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy import Engine, inspect, text

from chaos.schedule.due import next_start
from chaos.schedule.schedule import Schedule

TABLE = "apscheduler_jobs_"  # and the token of the lease


class Alarms(Protocol):
    def begin(self, schedules: Iterable[Schedule], token: int) -> None:
        """Ring for these, and for no others, from now on; `token`: of the lease."""
        ...

    def end(self) -> None:
        """Ring no more."""
        ...

    def rung(self) -> set[str]:
        """The schedules that have rung since this was asked last."""
        ...

    def are_broken(self) -> bool:
        """Whether they ring no more although nobody ended them."""
        ...


class StartTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires when a run of the schedule starts."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return next_start(self.schedule, previous or now)


class Apscheduler:
    """APScheduler over a job store that each holder of the lease makes for itself: from a store that is shared,
    one that was deposed and does not know it yet would take the rings of its successor. A job can only name a
    function; so the rings of a process meet in `_bells`."""

    _bells: ClassVar[dict[str, Callable[[str], None]]] = {}

    def __init__(self, engine: Engine, holder: str, wake: Callable[[], None]) -> None:
        self._engine, self._holder, self._wake = engine, holder, wake
        self._lock = threading.Lock()
        self._rung: set[str] = set()
        self._scheduler: Any = None
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def begin(self, schedules: Iterable[Schedule], token: int) -> None:
        self.end()
        self._drop_stores_before(token)
        Apscheduler._bells[self._holder] = self._on_ring
        store = SQLAlchemyJobStore(engine=self._engine, tablename=f"{TABLE}{token}")
        scheduler = BackgroundScheduler(
            jobstores={"default": store},
            executors={"default": DebugExecutor()},  # a ring takes no time: no thread for it
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
            timezone=UTC,
        )
        store.start(scheduler, "default")
        store.remove_all_jobs()
        for schedule in schedules:
            scheduler.add_job(ring, StartTrigger(schedule), (self._holder, schedule.name), id=schedule.name)
        scheduler.start()
        self._scheduler = scheduler

    def end(self) -> None:
        if self._scheduler is not None:
            self._scheduler.shutdown()
            self._scheduler = None
            Apscheduler._bells.pop(self._holder, None)

    def rung(self) -> set[str]:
        with self._lock:
            found, self._rung = self._rung, set()
        return found

    def are_broken(self) -> bool:
        # its thread ends for good when the database fails right after a ring; APScheduler tells nobody
        return self._scheduler is not None and not self._scheduler._thread.is_alive()

    def _drop_stores_before(self, token: int) -> None:
        for table in inspect(self._engine).get_table_names():
            number = table.removeprefix(TABLE)
            if table.startswith(TABLE) and number.isdecimal() and int(number) < token:
                with self._engine.begin() as connection:
                    connection.execute(text(f"DROP TABLE IF EXISTS {table}"))

    def _on_ring(self, name: str) -> None:
        with self._lock:
            self._rung.add(name)
        self._wake()


def ring(holder: str, name: str) -> None:
    """What every job calls. A ring for a scheduler that has ended is for nobody."""
    bell = Apscheduler._bells.get(holder)
    if bell is not None:
        bell(name)
