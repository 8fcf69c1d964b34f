"""The same on PostgreSQL: a real server, two schedulers, and claims that meet."""

from __future__ import annotations

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from threading import Barrier
from urllib.parse import quote

import pytest
from sqlalchemy.exc import DBAPIError

from chaos import database
from chaos.errors import UsageError
from chaos.notify import outbox
from chaos.schedule.clock import RealClock
from chaos.schedule.due import due_times
from chaos.schedule.lease import Lease, Stillness, fence
from chaos.schedule.triggers import Apscheduler
from tests.postgres.servers import PASSWORD, Servers
from tests.schedule.plans import schedule
from tests.schedule.serving import Place, every_second
from tests.schedule.simulated import World

pytestmark = pytest.mark.real
HOURLY = schedule("0 * * * *", name="hourly", on_fail={"notify": ["ops"]})


@pytest.fixture(scope="module")
def url(servers: Servers) -> str:
    return f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:{servers.primary()[0].port}/postgres"


def forget_lease(url: str) -> None:
    with database.connect(url).begin() as connection:
        connection.exec_driver_sql("DELETE FROM lease")


def test_eight_that_begin_at_once_make_the_tables_and_one_leader(url: str) -> None:
    together = Barrier(8)

    def begin(number: int) -> int | None:
        together.wait()
        opened = database.connect(url)
        try:
            return Lease(opened, f"scheduler-{number}", Stillness(RealClock().elapsed, 60)).hold()
        finally:
            opened.dispose()

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(begin, range(8)))
    assert sorted(token for token in tokens if token) == [1]
    forget_lease(url)


def test_a_leader_killed_at_the_due_instant_is_followed_and_nothing_is_played_twice(url: str) -> None:
    world = World(url, HOURLY, ops={"webhook": "http://127.0.0.1:9/", "events": ["missed"]})
    _, other = world.add(), world.add()
    world.pass_(minutes=59)
    world.schedulers.pop(0)
    world.pass_(minutes=90)
    assert other.leads
    world.sleep(hours=3)
    world.pass_(minutes=30)
    world.assert_each_once()
    assert world.states() == {"ended": 3, "missed": 2}
    assert outbox.deliver(world.database, world.file.notify, world.clock.now) == 0
    with world.database.begin() as connection:
        (row,) = outbox.undelivered(connection, world.clock.now())
    assert row.attempts == 1


@pytest.mark.full
def test_a_leader_stopped_within_a_transaction_does_not_block_the_others(url: str) -> None:
    clock, opened = RealClock(), database.connect(url)
    forget_lease(url)
    token = Lease(opened, "stopped", Stillness(clock.elapsed, 0)).hold()
    assert token is not None
    other = Lease(database.connect(url), "other", Stillness(clock.elapsed, 0))
    assert other.hold() is None
    with pytest.raises(DBAPIError, match="idle-in-transaction"), opened.begin() as connection:
        fence(connection, "stopped", token)
        assert other.hold() == token + 1  # as long as this lasts the transaction is silent
        fence(connection, "stopped", token)
    forget_lease(url)


@pytest.mark.full
def test_two_schedulers_survive_a_kill_of_one_and_a_pause_of_the_other(url: str, tmp_path: Path) -> None:
    with database.connect(url).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CREATE DATABASE two")
    place = Place(tmp_path, address=url.rpartition("/")[0] + "/two")
    place.write(every_second(misfire={"late_within": "2s"}))
    try:
        leader = place.serve()
        place.until(lambda: len(place.book) > 2)
        other = place.serve()
        place.until(lambda: f"{other.pid} stands by" in place.said)
        leader.kill()
        leader.wait()
        place.until(lambda: f"{other.pid} secondly: ended" in place.said)
        third = place.serve()
        place.until(lambda: f"{third.pid} stands by" in place.said)
        other.send_signal(signal.SIGSTOP)
        place.until(lambda: f"{third.pid} secondly: ended" in place.said)
        other.send_signal(signal.SIGCONT)
        place.until(lambda: f"{other.pid} stands by" in place.said.partition(f"{third.pid} holds")[2])
        seen = len(place.book)
        place.until(lambda: len(place.book) > seen + 4)
        for process in (other, third):
            process.terminate()
            assert process.wait(60) == 0
    finally:
        place.stop_all()
    rows, once = place.rows(), schedule("* * * * * *", name="secondly")
    dues = list(takewhile(lambda due: due <= rows[-1].due_utc, due_times(once, rows[0].due_utc)))
    assert [row.due_utc for row in rows[1:]] == dues
    assert {row.state for row in rows} <= {"ended", "missed"}
    assert len([line for line in place.book if line.startswith("began")]) <= sum(
        row.started is not None for row in rows
    )


def test_a_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgres://me@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        with pytest.raises(UsageError, match="cannot open database"):
            database.connect(address)


def test_settings_in_the_address_take_effect(url: str) -> None:
    address = f"{url}?options=-c%20lock_timeout%3D7s".replace("postgresql:", "postgres:")
    with database.connect(address).begin() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "7s"
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "10s"


def test_apscheduler_keeps_its_jobs_there(url: str) -> None:
    clock = RealClock()
    alarms = Apscheduler(database.connect(url), "holder", clock.wake)
    alarms.begin([schedule("* * * * * *", name="secondly")], 1)
    try:
        clock.wait(10)
        assert alarms.rung() == {"secondly"}
    finally:
        alarms.end()
