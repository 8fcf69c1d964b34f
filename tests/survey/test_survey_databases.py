"""pg_cron's jobs and their durations, autovacuum and max_connections, from a real server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chaos.host.privileges import unprivileged_user
from chaos.survey import databases
from chaos.survey.root import Root
from chaos.tools import postgresql
from tests.postgres.servers import PASSWORD, Servers

# As pg_cron makes them: the extension itself is not needed to be read.
TABLES = """
    create schema cron;
    create table cron.job (jobid bigint, schedule text, command text, database text, username text, active bool);
    create table cron.job_run_details (jobid bigint, status text, start_time timestamptz, end_time timestamptz);
    insert into cron.job values (1, '30 3 * * *', 'vacuum analyze orders', 'shop', 'app', true),
        (2, '0 0 $ * *', 'select 1', 'shop', 'app', true), (3, '30 seconds', 'select 2', 'shop', 'app', true),
        (4, '0 1 * * *', 'alter role x password ''geheim123''', 'shop', 'app', false);
    insert into cron.job_run_details values
        (1, 'succeeded', '2026-11-26 03:30', '2026-11-26 03:40'), (1, 'failed', '2026-11-25 03:30', '2026-11-25 09:30'),
        (1, 'succeeded', '2026-11-24 03:30', '2026-11-24 03:50'), (1, 'running', '2026-11-27 03:30', null);
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    runtime = Path(tempfile.mkdtemp(prefix="midnight-programs-"))
    runtime.chmod(0o755)
    servers = Servers(postgresql.installation().reachable_by(unprivileged_user(), runtime))
    yield servers
    servers.remove()
    shutil.rmtree(runtime)


@pytest.mark.real
def test_a_server_gives_its_jobs_durations_and_limits(servers: Servers) -> None:
    cluster, _ = servers.primary({"max_connections": 23})
    dsn = cluster.dsn(password=PASSWORD)
    name = f"postgresql localhost:{cluster.port}"
    without = databases.from_server(dsn)
    assert [each.kind for each in without.found.entries] == ["autovacuum"]
    assert (without.found.unread, without.max_connections) == ([], {name: 23})
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    found = databases.from_server(dsn).found
    jobs = {each.name: each for each in found.entries if each.kind == "pg_cron"}
    assert {job: (each.zone, each.off, each.when is not None) for job, each in jobs.items()} == {
        "shop/1": ("GMT", "", True),
        "shop/3": ("GMT", "", False),
        "shop/4": ("GMT", "not active", True),
    }
    took = jobs["shop/1"].took
    assert took is not None
    assert (took.median, took.longest, took.runs) == (900, 1200, 2)
    assert jobs["shop/1"].uses.database == name
    assert [each.place for each in found.unread] == [f"{name}: cron.job 2"]
    cluster.stop()


def test_max_connections_is_read_from_the_configuration_of_a_cluster(tmp_path: Path) -> None:
    conf = tmp_path / "etc/postgresql/15/main/postgresql.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        "#max_connections = 5\nport = 5433\t# changed\nmax_connections = 40  # many\nlisten = '*'\n"
    )
    assert databases.from_files(Root.of(tmp_path)).max_connections == {"postgresql localhost:5433": 40}


def test_a_server_that_is_not_there_is_one_line() -> None:
    found = databases.from_server("host=127.0.0.1 port=1 password=geheim123")
    assert (found.found.entries, found.max_connections) == ([], {})
    (line,) = found.found.unread
    assert str(line).startswith("--dsn: ")
    assert "geheim123" not in str(line)
