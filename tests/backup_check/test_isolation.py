"""A copy of production starts nothing of production's, and reaches nothing: seen from the other end."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chaos.errors import ToolMissing
from chaos.host.confinement import Confinement
from chaos.postgres import Cluster
from chaos.postgres.access import address
from chaos.postgres.backup import take_backup
from chaos.postgres.seclusion import Seclusion
from chaos.tools import postgresql
from tests.backup_check.restoring import Restoring
from tests.postgres.servers import PASSWORD, Servers, ask, dsn, execute, insert
from tests.waiting import wait_until

pytestmark = pytest.mark.real

THOUSAND = {"name": "rows_of_the_backup", "sql": "SELECT count(*) FROM kept", "equals": 1000}
_SLOT = "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = 's'"


class Replicated:
    """A publisher, its subscriber, and a base backup of the subscriber; then 500 rows that only the slot has."""

    def __init__(self, servers: Servers) -> None:
        self.publisher, _ = servers.primary({"wal_level": "logical", "log_replication_commands": "on"})
        insert(self.publisher, 1, 1000)
        execute(self.publisher, "CREATE PUBLICATION p FOR TABLE kept")
        self.subscriber, access = servers.primary()
        where = make_conninfo(
            host="127.0.0.1", port=self.publisher.port, user="postgres", password=PASSWORD, dbname="postgres"
        )
        made = sql.SQL("CREATE SUBSCRIPTION s CONNECTION {} PUBLICATION p").format(sql.Literal(where))
        execute(self.subscriber, made.as_string())
        wait_until(lambda: ask(self.subscriber, "SELECT srsubstate FROM pg_subscription_rel") == "r")
        self.backup = servers.place / "of-the-subscriber"
        take_backup(self.subscriber, access, self.backup, label="s", durable=False)
        self.subscriber.stop()
        wait_until(lambda: not ask(self.publisher, "SELECT count(*) FROM pg_stat_replication"))
        insert(self.publisher, 1001, 1500)

    def slot(self) -> tuple[str, int]:
        """Where it is, and how often anybody has streamed from it."""
        streamed = self.publisher.log.read_text().count("START_REPLICATION")
        return str(ask(self.publisher, _SLOT)), streamed


@pytest.fixture(scope="module")
def replicated(servers: Servers) -> Replicated:
    return Replicated(servers)


@pytest.mark.parametrize("confined", [True, pytest.param(False, marks=pytest.mark.full)])
def test_a_copy_of_a_subscriber_takes_nothing_off_the_publishers_slot(
    replicated: Replicated, restoring: Restoring, monkeypatch: pytest.MonkeyPatch, *, confined: bool
) -> None:
    if not confined:
        monkeypatch.setattr(Confinement, "refusal", lambda *_: "Operation not permitted")
    before = replicated.slot()
    done = restoring("base", replicated.backup, heartbeat=None, queries=[THOUSAND])
    assert replicated.slot() == before
    assert done.ending.exit_code == 0, done.headline
    assert done.outcomes["rows_of_the_backup"] == "pass"
    said = done.findings["isolation"]
    assert said.outcome.value == ("pass" if confined else "not exercised")
    assert (
        confined or "by its settings alone, without its own network: Operation not permitted" in said.because
    )


def test_the_real_subscriber_then_gets_every_row_while_a_copy_that_nothing_holds_takes_them(
    replicated: Replicated, servers: Servers
) -> None:
    replicated.subscriber.start()
    wait_until(lambda: ask(replicated.subscriber, "SELECT count(*) FROM kept") == 1500)
    replicated.subscriber.stop()
    insert(replicated.publisher, 1501, 2000)
    before = replicated.slot()
    copy = servers.cluster()
    shutil.copytree(replicated.backup, copy.data)
    for path in (copy.data, *copy.data.rglob("*")):
        shutil.chown(path, copy.user.uid if copy.user else os.getuid())
    copy.start()
    wait_until(lambda: replicated.slot() != before)
    copy.stop()


class Listener:
    """Somebody whom a copy must not reach: it takes connections on TCP and on a socket, and counts them."""

    def __init__(self, place: Path) -> None:
        self.taken: list[str] = []
        self.directory = place
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(place / ".s.PGSQL.5432"))
        self.unix.listen()
        (place / ".s.PGSQL.5432").chmod(0o777)
        self.port = self.tcp.getsockname()[1]
        for name, one in (("tcp", self.tcp), ("unix", self.unix)):
            threading.Thread(target=self._take, args=(name, one), daemon=True).start()

    def _take(self, name: str, listening: socket.socket) -> None:
        while True:
            try:
                taken, _ = listening.accept()
            except OSError:
                return
            self.taken.append(name)
            taken.close()

    def close(self) -> None:
        for one in (self.tcp, self.unix):
            one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def listener(servers: Servers) -> Iterator[Listener]:
    place = servers.place / "run"
    place.mkdir(mode=0o755, exist_ok=True)
    (place / ".s.PGSQL.5432").unlink(missing_ok=True)
    listener = Listener(place)
    yield listener
    listener.close()


HOSTILE = r"""--
-- PostgreSQL database dump
--
-- Dumped from database version {major}.0
CREATE TABLE public.kept (n int);
INSERT INTO public.kept VALUES (1);
ALTER SYSTEM SET archive_command = 'touch {outside}/archived';
ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={port}';
ALTER SYSTEM SET listen_addresses = '*';
SELECT pg_reload_conf();
ALTER DATABASE postgres SET session_preload_libraries = 'gone';
ALTER ROLE postgres SET local_preload_libraries = 'gone';
CREATE SUBSCRIPTION over_tcp CONNECTION 'host=127.0.0.1 port={port} dbname=x' PUBLICATION p;
CREATE SUBSCRIPTION by_socket CONNECTION 'host={directory} dbname=x' PUBLICATION p;
COPY public.kept FROM PROGRAM 'bash -c "echo > /dev/tcp/127.0.0.1/{port}" 2>/dev/null; touch {outside}/made; echo 2';
\! bash -c "echo > /dev/tcp/127.0.0.1/{port}" 2>/dev/null; touch {outside}/by_psql
{more}
--
-- PostgreSQL database dump complete
--
"""
FOREIGN = r"""
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}');
CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE theirs (n int) SERVER elsewhere;
CREATE MATERIALIZED VIEW seen AS SELECT * FROM theirs WITH NO DATA;
REFRESH MATERIALIZED VIEW seen;
CREATE MATERIALIZED VIEW linked AS
  SELECT * FROM dblink('host={directory} dbname=x', 'SELECT 1') AS t (n int) WITH NO DATA;
REFRESH MATERIALIZED VIEW linked;
"""


@pytest.mark.parametrize("major", [18, pytest.param(15, marks=pytest.mark.full)])
def test_a_dump_with_outbound_references_contacts_nothing_outside(
    restoring: Restoring, listener: Listener, tmp_path: Path, major: int
) -> None:
    if major == 15:
        try:
            postgresql.installation_of(15)
        except ToolMissing as missing:
            pytest.skip(str(missing))
    outside = listener.directory / "outside"
    outside.mkdir(exist_ok=True)
    outside.chmod(0o777)
    names = {"port": listener.port, "directory": listener.directory, "outside": outside, "major": major}
    dump = tmp_path / "hostile.sql"
    dump.write_text(HOSTILE.format(**names, more=FOREIGN.format(**names) if major == 15 else ""))
    queries = [{"name": "kept", "sql": "SELECT count(*) FROM kept", "equals": 2}]
    done = restoring("dump", dump, heartbeat=None, queries=queries)
    assert listener.taken == []
    assert list(outside.iterdir()) == []
    assert done.ending.exit_code == 0, done.headline
    assert done.outcomes["isolation"] == "pass"


class Eventful:
    """A cluster that does something of its own at each login, and loads what is not here."""

    def __init__(self, servers: Servers) -> None:
        cluster, access = servers.primary()
        execute(cluster, "CREATE TABLE heartbeat (at timestamptz NOT NULL)")
        execute(cluster, "INSERT INTO heartbeat VALUES (clock_timestamp())")
        insert(cluster, 1, 1000)
        execute(
            cluster,
            "CREATE FUNCTION beat() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO public.heartbeat VALUES (clock_timestamp()); END $$;"
            "CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION beat();"
            "ALTER EVENT TRIGGER at_login ENABLE ALWAYS",
        )
        with psycopg.connect(dsn(cluster), autocommit=True) as connection:
            connection.execute("ALTER DATABASE postgres SET local_preload_libraries = '$libdir/plugins/gone'")
            connection.execute("ALTER ROLE postgres SET session_preload_libraries = 'gone'")
            # That of this login, the last that can be made.
            (self.newest,) = connection.execute("SELECT max(at) FROM heartbeat").fetchone() or (None,)
        self.backup = servers.place / "eventful"
        # By itself, because nobody else can log in any more.
        options: list[str | Path] = [
            "-D",
            self.backup,
            "-d",
            access.replication(address(cluster)),
            "--checkpoint=fast",
            "--no-sync",
        ]
        cluster.programs.must("pg_basebackup", *options, timeout=60)
        cluster.stop()


@pytest.mark.full
def test_the_heartbeat_is_read_before_anything_refreshes_it(servers: Servers, restoring: Restoring) -> None:
    eventful = Eventful(servers)
    (eventful.backup / "postgresql.auto.conf").write_text("archive_mode = on\narchive_command = 'false'\n")
    (eventful.backup / "backup_manifest").unlink()
    done = restoring("base", eventful.backup)
    assert done.ending.exit_code == 0, done.headline
    read = done.event("heartbeat", "read").detail["value"]
    assert datetime.fromisoformat(read) == eventful.newest


def test_a_setting_that_does_not_hold_is_not_a_pass(
    restoring: Restoring, replicated: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Seclusion.arguments

    def without(self: Seclusion, version: str) -> list[str]:
        return [*whole(self, version), "-c", "autovacuum=on"]

    monkeypatch.setattr(Seclusion, "arguments", without)
    done = restoring("base", replicated.backup, heartbeat=None, queries=[THOUSAND])
    assert done.ending.exit_code == 3
    assert "autovacuum is 'on'" in done.ending.errors[0]
    assert "a autovacuum launcher runs" in done.ending.errors[0]


def test_a_confined_server_is_a_process_like_any_other(servers: Servers, tmp_path: Path) -> None:
    """It is found, stopped and killed by its directory, mark and pid."""
    cluster: Cluster = servers.cluster()
    cluster.init(password=PASSWORD, settings={})
    root, sockets = servers.place / "tree", servers.place / "sockets"
    for place in (root, sockets):
        place.mkdir()
        shutil.chown(place, cluster.user.uid if cluster.user else os.getuid())
    visible = (servers.place, cluster.installation.bin.parent)
    cluster.seclusion = Seclusion(sockets, tmp_path, Confinement(root, visible))
    cluster.start()
    assert cluster.running()
    assert (cluster.data / "postmaster.pid").read_text().startswith(f"{cluster.pid}\n")
    cluster.kill()
    assert not cluster.running()
    cluster.start()
    cluster.stop()
    assert not cluster.running()
