"""The index in a real PostgreSQL that several processes and machines share."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from chaos.history import Query, open_index
from chaos.host.ports import free_port
from chaos.host.privileges import unprivileged_user
from chaos.postgres import Cluster
from chaos.tools import postgresql
from tests.history.stored import Stored, write_concurrently

pytestmark = pytest.mark.real
PASSWORD = "p'w @/:"


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    # Not pytest's tmp_path: the user PostgreSQL runs as may not enter root's directories.
    place = Path(tempfile.mkdtemp(prefix="midnight-test-"))
    place.chmod(0o755)
    user, mark = unprivileged_user(), f"test-{secrets.token_hex(4)}"
    installation = postgresql.installation().reachable_by(user, place)
    cluster = Cluster(installation, place / "data", free_port(), user=user, mark=mark, log=place / "log")
    cluster.init(password=PASSWORD, settings={"max_connections": 20, "fsync": "off"})
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(place)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Cluster) -> Path:
    url = f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/postgres"
    monkeypatch.setenv("MIDNIGHT_DATABASE", url)
    path = tmp_path / "reports"
    path.mkdir()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(path))
    return path


def test_several_processes_create_the_table_and_write_concurrently(reports: Path) -> None:
    write_concurrently(reports, 5)
    index = open_index(pytest.fail)
    assert index.count(Query(target="embedded")) == 20
    index.rebuild()
    assert index.count(Query(target="embedded")) == 20
    index.close()


def test_a_run_is_found_as_it_was_stored_and_forgotten_when_deleted(reports: Path) -> None:
    run = Stored(7, target="other", figures={"p99": None}, budget=None).write(reports)
    index = open_index(pytest.fail)
    (entry,) = index.find(Query(target="other", git="0000007", since="2026-09-01", verdict="pass", limit=3))
    assert (entry.run, entry.path, entry.drill, entry.seed) == (run.id, run.path, False, 1)
    assert (entry.figures["p99"], entry.figures["budget"]) == (float("inf"), None)
    shutil.rmtree(run.path)
    index.refresh()
    assert index.find(Query(target="other")) == []
    index.close()
    assert not (reports / "index.sqlite").exists()
