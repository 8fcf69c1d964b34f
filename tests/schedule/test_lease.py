"""The lease and its fence: one holder, and a former one writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from chaos import database
from chaos.schedule.file import ScheduleFile
from chaos.schedule.lease import Deposed, Lease, Stillness
from chaos.schedule.transactions import Book
from tests.schedule.plans import schedule
from tests.schedule.simulated import BEGIN, SimClock

HOURLY = schedule("0 * * * *", name="hourly")


@pytest.fixture(name="opened")
def _opened(tmp_path: Path) -> Engine:
    return database.connect(f"sqlite:///{tmp_path / 'lease.db'}")


def lease(opened: Engine, holder: str, clock: SimClock) -> Lease:
    return Lease(opened, holder, Stillness(clock.elapsed, 20))


def test_the_lease_is_kept_by_heartbeats_and_taken_without_them(opened: Engine) -> None:
    clock = SimClock()
    one, two = lease(opened, "one", clock), lease(opened, "two", clock)
    assert one.hold() == 1
    for _ in range(10):
        clock.wait(15)
        assert (one.hold(), two.hold()) == (1, None)
    clock.wait(19)
    assert two.hold() is None
    clock.wait(1)
    assert two.hold() == 2
    assert one.hold() is None


def test_a_lease_that_was_given_back_is_taken_at_once(opened: Engine) -> None:
    clock = SimClock()
    one, two = lease(opened, "one", clock), lease(opened, "two", clock)
    one.hold()
    one.give_back()
    assert two.hold() == 2


def test_a_wall_clock_that_is_set_changes_nothing(opened: Engine) -> None:
    clock = SimClock()
    one, two = lease(opened, "one", clock), lease(opened, "two", clock)
    assert (one.hold(), two.hold()) == (1, None)
    clock.at = BEGIN.replace(year=2036)
    assert two.hold() is None
    clock.at = BEGIN.replace(year=2016)
    assert two.hold() is None


def test_a_former_holder_writes_nothing(opened: Engine) -> None:
    clock = SimClock()
    one, two = lease(opened, "one", clock), lease(opened, "two", clock)
    file = ScheduleFile(schedules=(HOURLY,))
    former, book = Book(opened, file, "one"), Book(opened, file, "two")
    assert one.hold() == 1
    former.open(clock.now(), 1)
    assert two.hold() is None
    clock.wait(3600)
    assert two.hold() == 2
    with pytest.raises(Deposed):
        former.consider(HOURLY, None, clock.now(), 1)
    with pytest.raises(Deposed):
        former.open(clock.now(), 1)
    claim, _ = book.consider(HOURLY, None, clock.now(), 2)
    assert claim is not None and claim.due == clock.now()


def test_an_existing_occurrence_cannot_be_claimed_again(opened: Engine) -> None:
    clock = SimClock()
    lease(opened, "one", clock).hold()
    book = Book(opened, ScheduleFile(schedules=(HOURLY,)), "one")
    book.open(clock.now(), 1)
    with opened.begin() as connection:
        book.occurrences.claim(connection, HOURLY, BEGIN, BEGIN, 1)
    with pytest.raises(IntegrityError), opened.begin() as connection:
        book.occurrences.claim(connection, HOURLY, BEGIN, BEGIN, 1)
