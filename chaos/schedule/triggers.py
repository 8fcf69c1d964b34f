"""Triggers that fire when a schedule's next run starts. APScheduler keeps the time; the engine decides from the
occurrences what a trigger means."""

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

log = logging.getLogger(__name__)

TABLE = "apscheduler_jobs_"  # followed by the lease token


class Alarms(Protocol):
    def begin(self, schedules: Iterable[Schedule], token: int) -> None:
        """Fire only for these schedules from now on. `token`: of the lease."""
        ...

    def end(self) -> None:
        """Stop firing."""
        ...

    def rung(self) -> set[str]:
        """Return the schedules whose triggers fired since the last call."""
        ...

    def are_broken(self) -> bool:
        """Return True if the triggers stopped without being stopped."""
        ...


class StartTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires when a run of the schedule starts."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        at = next_start(self.schedule, previous or now)
        log.debug("%s: next wake-up %s", self.schedule.name, at or "never")
        return at


class Apscheduler:
    """APScheduler over a job store of its own for each lease holder: in a shared store, a deposed holder that does not
    know it yet could consume its successor's triggers. A job can only name a function, so the triggers of a process
    meet in `_bells`."""

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
            executors={"default": DebugExecutor()},  # firing takes no time: no thread needed
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
        # its thread dies if the database fails right after a trigger; APScheduler does not report it
        return self._scheduler is not None and not self._scheduler._thread.is_alive()

    def _drop_stores_before(self, token: int) -> None:
        for table in inspect(self._engine).get_table_names():
            number = table.removeprefix(TABLE)
            if table.startswith(TABLE) and number.isdecimal() and int(number) < token:
                with self._engine.begin() as connection:
                    connection.execute(text(f"DROP TABLE IF EXISTS {table}"))

    def _on_ring(self, name: str) -> None:
        log.debug("%s: trigger fired", name)
        with self._lock:
            self._rung.add(name)
        self._wake()


def ring(holder: str, name: str) -> None:
    """Called by every job. Ignored if its scheduler has ended."""
    bell = Apscheduler._bells.get(holder)
    if bell is not None:
        bell(name)
