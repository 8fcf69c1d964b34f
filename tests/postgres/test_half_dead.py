"""A server that is frozen, or was killed while frozen, and its orphans."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest

from chaos.errors import TargetError
from chaos.host.processes import marked
from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import Unanswered, run_within
from chaos.postgres.family import lives, members, wait
from chaos.postgres.shared_memory import shared_memory_of
from chaos.postgres.writes import attempt_write, refuses_writes
from tests.postgres.servers import Servers, dsn, insert, rows

pytestmark = [pytest.mark.real, pytest.mark.full]


@pytest.fixture(scope="module")
def known(servers: Servers) -> tuple[Cluster, Access]:
    return servers.primary()


@pytest.fixture
def cluster(known: tuple[Cluster, Access]) -> Cluster:
    if not known[0].running():
        known[0].start()
    return known[0]


def test_with_the_postmaster_frozen_sessions_go_on_and_new_ones_are_not_let_in(cluster: Cluster) -> None:
    with psycopg.connect(dsn(cluster), autocommit=True) as session:
        assert len(cluster.freeze("postmaster")) == 1
        try:
            assert session.execute("SELECT 1").fetchone() == (1,)
            attempt = attempt_write(dsn(cluster), commit=False, deadline=2)
            assert attempt.outcome == "unreachable"
        finally:
            cluster.thaw()
    assert attempt_write(dsn(cluster), commit=False).outcome == "accepted"


def test_wholly_frozen_it_answers_nothing_and_our_own_deadline_holds(cluster: Cluster) -> None:
    assert len(cluster.freeze("all")) == len(members(cluster.data)) > 3
    try:
        with pytest.raises(Unanswered, match="not known"):
            refuses_writes(dsn(cluster), deadline=2)
    finally:
        cluster.thaw()
    assert not refuses_writes(dsn(cluster))


def test_a_statement_that_never_answers_is_given_up_by_ourselves(cluster: Cluster) -> None:
    with pytest.raises(Unanswered, match=r"within 0\.3 s"):
        run_within(dsn(cluster), "SELECT pg_sleep(600);", 0.3)


def test_a_frozen_server_is_stopped_in_order(cluster: Cluster) -> None:
    before = cluster.log.stat().st_size
    cluster.freeze()
    cluster.stop()
    assert b"database system is shut down" in cluster.log.read_bytes()[before:]
    assert members(cluster.data) == marked(cluster.mark) == []


def system_v_segments() -> set[int]:
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {int(row.split()[1]) for row in rows}


def test_a_killed_server_takes_its_sessions_and_its_frozen_children_with_it(cluster: Cluster) -> None:
    insert(cluster, 1, 10)
    session = psycopg.connect(dsn(cluster), autocommit=True)
    backend = psutil.Process(session.info.backend_pid)
    backend.send_signal(signal.SIGSTOP)
    memory = shared_memory_of(members(cluster.data))
    assert memory.files
    assert memory.identifiers
    cluster.kill()
    assert not lives(backend)
    assert not [file for file in memory.files if file.exists()]
    assert memory.identifiers.isdisjoint(system_v_segments())
    assert members(cluster.data) == []
    cluster.start()
    assert rows(cluster) == list(range(1, 11))


def test_leftovers_of_an_external_kill_are_removed_by_the_next_start(cluster: Cluster) -> None:
    pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
    family = members(cluster.data)
    os.kill(pid, signal.SIGKILL)
    assert not wait([process for process in family if process.pid != pid], 10, lives)
    assert (cluster.data / "postmaster.pid").exists()
    cluster.start()
    assert attempt_write(dsn(cluster), commit=True).outcome == "accepted"


def test_a_second_server_is_not_started_while_orphans_use_its_files(cluster: Cluster) -> None:
    session = psycopg.connect(dsn(cluster), autocommit=True)
    backend = psutil.Process(session.info.backend_pid)
    backend.send_signal(signal.SIGSTOP)
    family = [process for process in members(cluster.data) if process.pid != backend.pid]
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert not wait([process for process in family if process.pid != postmaster], 10, lives)
    try:
        with pytest.raises(TargetError, match=f"still run in {cluster.data}: {backend.pid}"):
            cluster.start()
    finally:
        backend.send_signal(signal.SIGCONT)
    assert not wait([backend], 10, lives)
    cluster.start()


def test_a_server_that_is_not_running_cannot_be_frozen(servers: Servers) -> None:
    with pytest.raises(TargetError, match="is not running"):
        servers.cluster().freeze()
