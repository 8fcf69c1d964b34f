"""A real PostgreSQL cluster is created, started, reloaded and stopped, as root and as an ordinary user."""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from chaos.errors import TargetError
from chaos.host.ports import PortTaken, free_port
from chaos.host.privileges import is_root, unprivileged_user
from chaos.host.processes import alive, marked, ref_of, stop_marked
from chaos.postgres import Cluster, Installation
from chaos.tools import postgresql

pytestmark = pytest.mark.real
PASSWORD = "p'w \\ with everything"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # Not pytest's tmp_path: the user PostgreSQL runs as may not enter root's directories.
    place = Path(tempfile.mkdtemp(prefix="midnight-test-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def installation(place: Path) -> Installation:
    return postgresql.installation().reachable_by(unprivileged_user(), place)


def new_cluster(installation: Installation, place: Path) -> Cluster:
    name = f"test-{secrets.token_hex(4)}"
    return Cluster(
        installation,
        place / name,
        free_port(),
        user=unprivileged_user(),
        mark=name,
        log=place / f"{name}.log",
    )


@pytest.fixture(scope="module")
def cluster(installation: Installation, place: Path) -> Iterator[Cluster]:
    cluster = new_cluster(installation, place)
    cluster.init(password=PASSWORD, settings={"max_connections": 20, "work_mem": "5MB"})
    cluster.start()
    yield cluster
    cluster.stop()
    assert marked(cluster.mark) == []


def ask(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.dsn(password=PASSWORD)) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def test_the_settings_given_are_in_force_and_writes_are_durable(cluster: Cluster) -> None:
    assert ask(cluster, "show max_connections") == "20"
    assert ask(cluster, "show work_mem") == "5MB"
    assert ask(cluster, "show fsync") == "on"
    assert ask(cluster, "show server_encoding") == "UTF8"


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.dsn(password="wrong"))


def test_the_server_listens_on_loopback_only_and_leaves_no_socket_file(cluster: Cluster) -> None:
    assert ask(cluster, "show listen_addresses") == "127.0.0.1"
    assert ask(cluster, "show unix_socket_directories") == ""


def test_reload_makes_an_edited_setting_hold(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(password=PASSWORD), autocommit=True) as connection:
        connection.execute("alter system set idle_session_timeout = '7s'")
        cluster.reload()
        for _ in range(200):
            if ask(cluster, "show idle_session_timeout") == "7s":
                return
    pytest.fail("the reloaded setting never held")


def test_a_committed_row_survives_an_immediate_stop_and_the_server_is_reaped(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(password=PASSWORD)) as connection:
        connection.execute("create table if not exists kept (n int)")
        connection.execute("insert into kept values (1)")
    postmaster = marked(cluster.mark)[0]
    cluster.stop("immediate")
    assert not cluster.running()
    assert not psutil.pid_exists(postmaster.pid)
    cluster.start()
    assert ask(cluster, "select count(*) from kept") == 1


def test_a_second_object_finds_and_stops_a_server_it_did_not_start(
    installation: Installation, place: Path
) -> None:
    first = new_cluster(installation, place)
    first.init(password=PASSWORD, settings={})
    first.start()
    other = Cluster(installation, first.data, first.port, user=first.user, mark=first.mark, log=first.log)
    assert other.running()
    with pytest.raises(TargetError, match="already running"):
        other.start()
    other.stop()
    assert not first.running()
    first.stop()
    assert marked(first.mark) == []


def test_the_mark_finds_the_server_and_stops_its_sessions_too(
    installation: Installation, place: Path
) -> None:
    cluster = new_cluster(installation, place)
    cluster.init(password=PASSWORD, settings={})
    cluster.start()
    with psycopg.connect(cluster.dsn(password=PASSWORD)) as connection:
        backend = ref_of(connection.info.backend_pid)
        stop_marked(cluster.mark, grace=0.2)
        assert not alive(backend)
    assert not cluster.running()
    cluster.start()
    cluster.stop()


def test_a_taken_port_is_a_distinct_error_so_that_the_caller_can_choose_another(
    installation: Installation, place: Path
) -> None:
    cluster = new_cluster(installation, place)
    cluster.init(password=PASSWORD, settings={})
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        cluster.port = squatter.getsockname()[1]
        with pytest.raises(PortTaken, match=str(cluster.port)):
            cluster.start()
    cluster.port = free_port()
    cluster.start()
    assert ask(cluster, "select 1") == 1
    cluster.stop()


def test_a_bad_setting_is_named_by_the_servers_own_words(installation: Installation, place: Path) -> None:
    cluster = new_cluster(installation, place)
    cluster.init(password=PASSWORD, settings={"max_connections": "many"})
    with pytest.raises(TargetError, match='invalid value for parameter "max_connections": "many"'):
        cluster.start()
    assert marked(cluster.mark) == []


def test_a_directory_that_is_not_empty_is_refused_by_initdbs_own_words(cluster: Cluster) -> None:
    with pytest.raises(TargetError, match="exists but is not empty"):
        cluster.init(password=PASSWORD, settings={})


@pytest.mark.skipif(not is_root(), reason="only root drops to another user")
def test_binaries_the_user_cannot_reach_are_copied_once_and_the_copy_says_so(
    installation: Installation, place: Path
) -> None:
    hidden = place / "hidden"
    theirs = installation.bin.parent
    shutil.copytree(theirs, hidden / "package" / theirs.name, symlinks=True)
    libraries = hidden / installation.libraries.name if installation.libraries else None
    if libraries and installation.libraries:
        shutil.copytree(installation.libraries, libraries)
    hidden.chmod(0o700)
    locked = Installation(
        hidden / "package" / theirs.name / "bin", installation.version, "a wheel", libraries
    )
    runtime = place / "runtime"
    runtime.mkdir(mode=0o755)
    copy = locked.reachable_by(unprivileged_user(), runtime)
    assert copy.source == f"a wheel, copied to {runtime / f'postgresql-{installation.version}'}"
    assert locked.reachable_by(unprivileged_user(), runtime) == copy
    cluster = new_cluster(copy, place)
    cluster.init(password=PASSWORD, settings={})
    cluster.start()
    assert ask(cluster, "select 1") == 1
    cluster.stop()


@pytest.mark.skipif(not is_root(), reason="only root drops to another user")
def test_a_data_directory_below_a_forbidden_one_is_refused_before_initdb(
    installation: Installation, place: Path
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(TargetError, match="cannot enter"):
        new_cluster(installation, closed).init(password=PASSWORD, settings={})
