"""APScheduler rings on, whatever other schedulers and the database do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from chaos import database
from chaos.schedule.clock import RealClock
from chaos.schedule.triggers import Apscheduler
from tests.schedule.plans import schedule

SECONDLY = schedule("* * * * * *", name="secondly")


@pytest.fixture(name="opened")
def _opened(tmp_path: Path) -> Engine:
    return database.connect(f"sqlite:///{tmp_path / 'alarms.db'}")


@pytest.fixture(name="clock")
def _clock() -> RealClock:
    return RealClock()


@pytest.fixture(name="alarms")
def _alarms(opened: Engine, clock: RealClock) -> Iterator[Apscheduler]:
    found = Apscheduler(opened, "holder", clock.wake)
    yield found
    found.end()


def rings(alarms: Apscheduler, clock: RealClock) -> bool:
    """Whether one more ring comes within some seconds."""
    alarms.rung()
    for _ in range(20):
        clock.wait(1)
        if alarms.rung():
            return True
    return False


def test_a_deposed_holder_that_does_not_know_it_takes_no_ring_of_its_successor(
    opened: Engine, alarms: Apscheduler, clock: RealClock
) -> None:
    former = Apscheduler(opened, "former", clock.wake)
    alarms.begin([SECONDLY], 2)
    former.begin([SECONDLY], 1)  # it was stopped for a while as it began
    try:
        assert all(rings(each, clock) for each in (alarms, former, alarms))
    finally:
        former.end()


def test_a_job_store_of_a_former_holder_goes_when_another_begins(opened: Engine, alarms: Apscheduler) -> None:
    for token in (8, 9, 10):
        alarms.begin([SECONDLY], token)
    stores = [name for name in inspect(opened).get_table_names() if name.startswith("apscheduler")]
    assert stores == ["apscheduler_jobs_10"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_broken_triggers_report_it_and_fire_again_after_a_restart(
    opened: Engine, alarms: Apscheduler, clock: RealClock
) -> None:
    alarms.begin([SECONDLY], 1)
    with opened.begin() as connection:
        refuse = "BEFORE UPDATE ON apscheduler_jobs_1 BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER full {refuse}")
    while not alarms.are_broken():
        clock.wait(0.1)
    with opened.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    alarms.begin([SECONDLY], 1)
    assert not alarms.are_broken() and rings(alarms, clock)
