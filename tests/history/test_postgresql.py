"""The index in a real PostgreSQL that several processes and machines share."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.postgres import Cluster
from tests.history.stored import Stored, write_concurrently
from tests.postgres.servers import PASSWORD, Servers

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server(servers: Servers) -> Cluster:
    return servers.primary()[0]


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
    run = Stored(7, target="other", figures={"p99": None, "leaked": 2.5}, budget=None).write(reports)
    index = open_index(pytest.fail)
    (entry,) = index.find(Query(target="other", git="0000007", since="2026-09-01", verdict="pass", limit=3))
    assert (entry.run, entry.path, entry.drill, entry.seed) == (run.id, run.path, False, 1)
    assert (entry.figures["p99"], entry.figures["budget"]) == (float("inf"), None)
    assert entry.figures["leaked"] == 2.5, "of a plug-in that is not installed here"
    shutil.rmtree(run.path)
    index.refresh()
    assert index.find(Query(target="other")) == []
    index.close()
    assert not (reports / "index.sqlite").exists()
