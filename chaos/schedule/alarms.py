"""Alarms: who rings when a schedule's next run starts. APScheduler keeps the time; what a ring means is decided
in the engine, from the ledger."""

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
from sqlalchemy import Engine

from chaos.schedule.due import next_start
from chaos.schedule.schedule import Schedule

TABLE = "apscheduler_jobs"


class Alarms(Protocol):
    def begin(self, schedules: Iterable[Schedule]) -> None:
        """Ring for these, and for no others, from now on."""
        ...

    def end(self) -> None:
        """Ring no more."""
        ...

    def clock_was_set(self) -> None:
        """Look at the clock anew."""
        ...

    def rung(self) -> set[str]:
        """The schedules that have rung since this was asked last."""
        ...


class StartTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires when a run of the schedule starts."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return next_start(self.schedule, previous or now)


class Apscheduler:
    """APScheduler over its job store, which is made anew from the schedules: only the holder of the lease may
    begin it. A job of its store can only name a function; so the rings of a process meet in `_bells`."""

    _bells: ClassVar[dict[str, Callable[[str], None]]] = {}

    def __init__(self, engine: Engine, holder: str, wake: Callable[[], None]) -> None:
        self._engine, self._holder, self._wake = engine, holder, wake
        self._lock = threading.Lock()
        self._rung: set[str] = set()
        self._scheduler: Any = None
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def begin(self, schedules: Iterable[Schedule]) -> None:
        self.end()
        Apscheduler._bells[self._holder] = self._on_ring
        store = SQLAlchemyJobStore(engine=self._engine, tablename=TABLE)
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

    def clock_was_set(self) -> None:
        if self._scheduler is not None:
            self._scheduler.wakeup()  # it sleeps for seconds, not until a time

    def rung(self) -> set[str]:
        with self._lock:
            found, self._rung = self._rung, set()
        return found

    def _on_ring(self, name: str) -> None:
        with self._lock:
            self._rung.add(name)
        self._wake()


def ring(holder: str, name: str) -> None:
    """What every job calls. A ring for a scheduler that has ended is for nobody."""
    bell = Apscheduler._bells.get(holder)
    if bell is not None:
        bell(name)
