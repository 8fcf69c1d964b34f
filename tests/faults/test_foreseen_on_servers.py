"""What makes a step impossible on a proxy or a database is known before the play, on real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.plugin.handles import Database, Handles, Proxy, Replication, Volume
from chaos.plugin.probe import Answer
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.attach.service import Service
from tests.faults.foreseeing import probed, refused
from tests.postgres.servers import PASSWORD, Servers, ask, dsn, execute
from tests.waiting import wait_until

pytestmark = pytest.mark.real

ON_A_PROXY: dict[str, dict[str, Any]] = {
    "latency": {},
    "bandwidth": {},
    "cut_off": {},
    "idle_drop": {},
    "reconnect_storm": {"burst": 0},
}
LETS_PASS = "proxy 'database' lets connections pass"


@pytest.mark.parametrize("fault", ON_A_PROXY)
def test_a_proxy_that_lets_nothing_pass_is_refused_with_what_to_type(
    fault: str, handles: Handles, toxiproxy: Toxiproxy
) -> None:
    params = ON_A_PROXY[fault]
    assert probed(fault, handles, **params)[LETS_PASS].answer is Answer.YES
    toxiproxy.disable("database")
    (line,) = refused(probed(fault, handles, **params))
    assert line.startswith(f"{LETS_PASS}: it is disabled; curl -X POST {toxiproxy.url}/proxies/database -d")
    toxiproxy.enable("database")

    gone = replace(handles.proxies["database"], name="gone")
    (line,) = refused(probed(fault, replace(handles, proxies={"database": gone}), **params))
    assert "has no proxy of that name; curl -X POST" in line
    nowhere = replace(handles.proxies["database"], api="http://127.0.0.1:9")
    (line,) = refused(probed(fault, replace(handles, proxies={"database": nowhere}), **params))
    assert "start Toxiproxy" in line


def test_the_floor_of_a_drop_is_unknown_while_the_service_has_no_session(handles: Handles) -> None:
    floor = probed("idle_drop", handles, min_closed=7)["floor: connections of the service"]
    assert (floor.answer, floor.because) == (Answer.UNKNOWN, "0 now, 7 required")


def test_a_burst_on_what_the_service_does_not_answer_is_refused(handles: Handles, service: Service) -> None:
    there = replace(handles, base_url=service.url)
    found = probed("reconnect_storm", there, burst_path="/ready")
    assert refused(found) == [] and found["the burst on /ready is answered"].because == "200 OK"
    (line,) = refused(probed("reconnect_storm", there, burst_path="/nowhere"))
    assert line == "the burst on /nowhere is answered: 404 Not Found; " + BURST
    (line,) = refused(probed("reconnect_storm", handles, burst_path="/ready"))  # nobody listens
    assert line.endswith(BURST)


BURST = "set `burst_path` to a path that it answers, or `burst: 0`"


def test_a_crowd_that_may_not_sign_in_is_refused(handles: Handles, primary: Cluster) -> None:
    wrong = make_conninfo(dsn(primary), user="nobody-here")
    database = handles.databases["primary"]
    there = replace(handles, databases={"primary": replace(database, dsns={"crowd": wrong})})
    (line,) = refused(probed("reconnect_storm", there, burst=0))
    assert line.startswith("the crowd: signs in: nobody-here at ")


def test_a_crowd_for_which_a_process_may_not_open_enough_files_is_refused(
    handles: Handles, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(probed("reconnect_storm", handles, burst=0)) == []
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 200))
    (line,) = refused(probed("reconnect_storm", handles, burst=0))
    assert line.endswith("a process may have 200 files open, 214 required; as root: ulimit -Hn 214")


def test_the_floor_of_a_storm_names_the_slots_that_are_left(handles: Handles) -> None:
    floor = probed("reconnect_storm", handles, burst=0)["floor: connections_attempted"]
    assert floor.answer is Answer.YES
    assert floor.because.startswith("150 clients, 100 required; max_connections 100, 3 of them reserved, ")


def deleting(primary: Cluster, user: str = "postgres") -> Handles:
    straight = make_conninfo(dsn(primary), user=user, password=PASSWORD)
    return Handles(databases={"primary": Database(straight, {"api": straight}, "")})


def test_rows_that_could_not_be_deleted_are_refused_with_what_to_change(primary: Cluster) -> None:
    def refusal(user: str = "postgres", **params: Any) -> str:
        (line,) = refused(probed("bad_delete", deleting(primary, user), **params))
        return line

    assert refusal(table="nowhere").endswith("name a table of the API's database (`table`)")
    assert refusal(table="kept", key="seq").endswith("name a column of it (`key`)")
    assert refusal(table="kept", key="at").endswith("name a column of integers (`key`)")
    execute(primary, f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    execute(primary, "GRANT SELECT ON kept TO reader")
    line = refusal("reader", table="kept", key="n")
    execute(primary, line.split("; ", 1)[1])  # the grant that is printed works
    assert refused(probed("bad_delete", deleting(primary, "reader"), table="kept", key="n")) == []


def test_the_floor_of_a_delete_is_what_it_would_delete_now(primary: Cluster) -> None:
    execute(primary, "TRUNCATE kept")
    execute(primary, "INSERT INTO kept SELECT generate_series(1, 9)")
    found = probed("bad_delete", deleting(primary), table="kept", key="n", every=3, min_deleted=3)
    assert found["floor: rows_deleted"].because == "3 now, 3 required"
    assert found["floor: rows_deleted"].answer is Answer.YES
    more = probed("bad_delete", deleting(primary), table="kept", key="n", every=3, min_deleted=4)
    assert more["floor: rows_deleted"].answer is Answer.UNKNOWN
    with psycopg.connect(dsn(primary)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (9,)


@pytest.fixture
def alone(primary: Cluster, handles: Handles) -> Handles:
    """A primary without a standby, as a drill has it."""
    straight = dsn(primary)
    return Handles(
        servers={"primary": primary},
        databases={"primary": Database(straight, {"api": straight}, "")},
        volumes={"data": Volume(Path("/nowhere"), None, None)},
        replication=Replication(straight, straight, "the_standby"),
        proxies={"replication": handles.proxies["database"]},
    )


def test_a_loss_and_a_lag_without_the_standby_that_they_need_are_refused(alone: Handles) -> None:
    assert refused(probed("lose_primary", alone)) == []
    (line,) = refused(probed("lose_primary", alone, standby="asynchronous"))
    assert line == "the standby is asynchronous: no standby is connected; start it"
    (line,) = refused(probed("replication_lag", alone))
    assert line.startswith("standby the_standby streams: the primary has no standby of that name")


def test_a_standby_of_the_required_kind_is_enough(alone: Handles, postgres_servers: Servers) -> None:
    primary, access = postgres_servers.primary()
    standby = postgres_servers.standby(primary, access)
    straight = access.dsn(primary)
    proxies: dict[str, Proxy] = dict(alone.proxies)
    there = replace(
        alone,
        servers={"primary": primary},
        databases={"primary": Database(straight, {"api": straight}, "")},
        replication=Replication(straight, straight, standby.application_name),
        proxies=proxies,
    )
    found = probed("replication_lag", there)
    assert refused(found) == [] and found["floor: most_unflushed_bytes"].answer is Answer.UNKNOWN
    assert refused(probed("lose_primary", there, standby="asynchronous")) == []
    (line,) = refused(probed("lose_primary", there, standby="synchronous"))
    assert line.startswith("the standby is synchronous: it is async")


@pytest.mark.parametrize("by", ["full", "read_only"])
def test_a_disk_that_is_not_the_targets_own_is_not_spoilt(alone: Handles, by: str) -> None:
    (line,) = refused(probed("lose_primary", alone, by=by))
    assert line.endswith(
        "the target has no disk of its own; run `midnight doctor`, which says what one needs"
    )


def test_an_archive_that_takes_nothing_is_refused(alone: Handles) -> None:
    (line,) = refused(probed("lose_primary", alone, archive="5s"))
    assert "archive_mode is off; set archive_mode = on" in line


def test_a_disk_becomes_read_only_where_its_file_system_knows_how(alone: Handles) -> None:
    memory = replace(alone, volumes={"data": Volume(Path("/dev/shm"), None, None)})
    assert refused(probed("lose_primary", memory, by="full")) == []
    (line,) = refused(probed("lose_primary", memory, by="read_only"))
    assert "put the data on ext4 and run midnight as root" in line


@pytest.mark.parametrize(("command", "works"), [("true", True), ("false", False)])
def test_an_archive_is_checked_for_the_last_segment(
    alone: Handles, postgres_servers: Servers, command: str, works: bool
) -> None:
    primary, _ = postgres_servers.primary({"archive_mode": "on", "archive_command": command})
    execute(primary, "SELECT pg_switch_wal()")
    execute(primary, "CREATE TABLE more (n int)")
    wait_until(lambda: ask(primary, "SELECT archived_count + failed_count FROM pg_stat_archiver") > 0)
    databases = {"primary": Database(dsn(primary), {"api": dsn(primary)}, "")}
    there = replace(alone, servers={"primary": primary}, databases=databases)
    lines = refused(probed("lose_primary", there, archive="5s"))
    assert [line.endswith("was refused; check the server's log") for line in lines] == (
        [] if works else [True]
    )
