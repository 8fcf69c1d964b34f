"""A job that outlasts its hold leaves no statement running on the team's server."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chaos.faults.batch_job import BatchJob
from chaos.host.processes import marked, spawn
from chaos.postgres import Cluster
from tests.postgres.servers import Servers, ask, dsn

pytestmark = pytest.mark.real

RUNNING = (
    "select count(*) from pg_stat_activity"
    " where state = 'active' and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
)


def test_a_statement_that_psql_had_begun_is_cancelled_at_the_server(
    primary: Cluster, postgres_servers: Servers, tmp_path: Path
) -> None:
    psql = postgres_servers.installation.program("psql")
    mark = f"{postgres_servers.mark}/job"
    with (tmp_path / "said").open("wb") as said:
        job = spawn(
            ["sh", "-c", f'{psql} "$DSN" -c "select pg_sleep(600)"; true'],
            mark=mark,
            env={**os.environ, "DSN": dsn(primary)},
            stdout=said,
            stderr=said,
        )
    while not ask(primary, RUNNING):
        assert job.poll() is None, (tmp_path / "said").read_text()
        time.sleep(0.02)

    told = BatchJob.undo({"mark": mark})

    assert told["ended"] == "after SIGINT"
    assert marked(mark) == [] and ask(primary, RUNNING) == 0
