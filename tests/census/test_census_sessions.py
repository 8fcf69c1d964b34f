"""Each session of a real server is joined to the process and descriptor that holds it, also behind a Toxiproxy."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.census.sessions import LONGEST, counts, masked, sessions
from chaos.errors import TargetError, ToolMissing
from chaos.host.ports import free_port
from chaos.host.privileges import give, unprivileged_user
from chaos.host.processes import stop_marked
from chaos.plugin.handles import Database
from chaos.postgres import Cluster
from chaos.tools import postgresql
from tests.census import session_hoard
from tests.proxying import toxiproxy_server
from tests.waiting import wait_until


@contextmanager
def holding(dsn: str, idle: int, in_transaction: int) -> Iterator[tuple[int, dict[int, int]]]:
    """The pid of a service, and its descriptor of each session by the server's process."""
    argv = [sys.executable, session_hoard.PROGRAM, dsn, str(idle), str(in_transaction)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            told = json.loads(child.stdout.readline())
            yield child.pid, {int(backend): fd for backend, fd in told.items()}
        finally:
            child.kill()


@pytest.mark.real
def test_a_session_is_joined_to_the_descriptor_that_holds_it(midnight_postgres: Database) -> None:
    admin, service = midnight_postgres.admin_dsn, midnight_postgres.dsns["api"]
    wait_until(lambda: counts(admin)["sessions"] == 0, "those that set it up have ended")
    before = counts(admin)
    with holding(service, 3, 2) as (pid, held), psycopg.connect(service, autocommit=True) as ours:
        ours.execute("select 'ours', %s", ["z" * 500])
        found = sessions(admin, [pid])
        now = counts(admin)
    assert {name: now[name] - before[name] for name in now} == {
        "sessions": 6,
        "sessions:active": 0,
        "sessions:idle": 4,
        "sessions:idle in transaction": 2,
    }
    mine = {each["pid"]: each for each in found if each["pid"] in held}
    assert {backend: each["holder"]["fd"] for backend, each in mine.items()} == held
    assert {each["holder"]["pid"] for each in mine.values()} == {pid}
    assert sorted(each["state"] for each in mine.values()) == ["idle"] * 3 + ["idle in transaction"] * 2
    assert all(each["age"] is not None for each in mine.values())
    open_ = [each for each in mine.values() if each["state"] == "idle in transaction"]
    assert all(each["query"].startswith("select 1 /*") and each["transaction"] is not None for each in open_)
    (other,) = [each for each in found if each["query"].startswith("select 'ours'")]
    assert other["holder"]["pid"] not in (None, pid)  # another process's: named, too
    assert len(other["query"]) <= LONGEST
    with psycopg.connect(admin):
        (hidden,) = [each for each in sessions(service, []) if each["user"] == "postgres"]
    assert (hidden["state"], hidden["holder"]) == ("unknown", None)
    assert "pg_read_all_stats" in hidden["why"]
    wait_until(lambda: counts(admin)["sessions"] == before["sessions"], "the sessions have ended")


@pytest.mark.real
def test_a_session_behind_a_toxiproxy_is_joined_by_the_bytes_that_it_carried(
    midnight_postgres: Database,
) -> None:
    admin, service = midnight_postgres.admin_dsn, midnight_postgres.dsns["api"]
    with toxiproxy_server() as proxy:
        listen = f"127.0.0.1:{free_port()}"
        proxy.create("postgres", listen, midnight_postgres.proxied)
        through = make_conninfo(
            service, port=listen.rpartition(":")[2], sslmode="disable", gssencmode="disable"
        )
        with holding(through, 3, 4) as (pid, held):
            found = {each["pid"]: each for each in sessions(admin, [pid]) if each["pid"] in held}
    assert len(found) == 7
    assert {each["holder"]["pid"] for each in found.values()} == {pid}
    assert all("toxiproxy" in each["holder"]["through"] for each in found.values())
    named = {
        backend: each["holder"]["fd"] for backend, each in found.items() if each["holder"]["fd"] is not None
    }
    assert named == {backend: held[backend] for backend in named}  # where it cannot be told, none is named
    apart = [each for each in found.values() if each["state"] == "idle in transaction"]
    assert len(apart) == 4
    assert all(each["holder"]["fd"] is not None for each in apart)
    assert all(each["why"] for each in found.values() if each["holder"]["fd"] is None)


@pytest.fixture
def on_a_unix_socket() -> Iterator[tuple[str, Path]]:
    """A superuser's DSN, and the directory of the socket."""
    try:
        installation = postgresql.installation()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    user, mark = unprivileged_user(), f"test-{secrets.token_hex(4)}"
    place = Path(tempfile.mkdtemp(prefix="midnight-sessions-"))
    place.chmod(0o755)
    give(place, user)
    try:
        programs = installation.reachable_by(user, place)
        cluster = Cluster(programs, place / "data", free_port(), user, mark, place / "server.log")
        cluster.init(password="secret-of-the-test", settings={"unix_socket_directories": str(place)})
        rules = place / "data/pg_hba.conf"
        rules.write_text(f"local all all trust\n{rules.read_text()}")
        cluster.start()
        yield cluster.dsn(password="secret-of-the-test"), place
    finally:
        stop_marked(mark, grace=2.0)
        shutil.rmtree(place)


@pytest.mark.real
@pytest.mark.full
def test_a_session_on_a_unix_socket_is_joined_by_the_servers_end(on_a_unix_socket: tuple[str, Path]) -> None:
    admin, place = on_a_unix_socket
    with holding(make_conninfo(admin, host=str(place)), 3, 1) as (pid, held):
        found = {each["pid"]: each for each in sessions(admin, [pid])}
        apart = sessions(admin, [])
    assert {backend: each["holder"]["fd"] for backend, each in found.items()} == held
    assert {each["holder"]["pid"] for each in found.values()} == {pid}
    assert {each["client"] for each in found.values()} == {""}
    assert {each["holder"]["pid"] for each in apart} == {pid}  # without knowing the service


def test_a_server_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(TargetError) as error:
        counts(f"host=127.0.0.1 port={free_port()} user=app password=hunter2hunter2")
    assert "sessions cannot be read" in str(error.value)
    assert "\n" not in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select 1\n  from\tusers", "select 1 from users"),
        ("alter role app password 'it''s secret'", "alter role app password «secret»"),
        ("create user a with PASSWORD E'abc' login", "create user a with PASSWORD «secret» login"),
        ("alter role app password 'cut off by the serv", "alter role app password «secret»"),
        ("set app.token = 'abcdef123'", "set app.token = «secret»"),
    ],
)
def test_a_query_is_one_line_without_secrets(query: str, shown: str) -> None:
    assert masked(query) == shown


def test_a_long_query_is_cut_after_its_secrets_were_masked() -> None:
    query = f"select '{'x' * 180}', password='supersecret'"
    assert "supersec" not in masked(query)
    assert len(masked(query)) == LONGEST
