"""The contract suite finds what a fault leaves on a database server, and passes one that leaves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.contracts import class_of, failed, project
from tests.contract.test_fault_contract import ELSEWHERE, TWICE, UNHELD
from tests.midnight import PROJECT
from tests.postgres.conftest import installation, servers
from tests.postgres.servers import Servers, dsn

__all__ = ["installation", "servers"]
pytestmark = [pytest.mark.real, pytest.mark.wide]

LEFT = {ELSEWHERE, UNHELD, TWICE}
FAULTS = {
    "locking": set[str](),
    "leaving_lock": LEFT,
    "nameless_lock": {ELSEWHERE, TWICE},  # before the hold has ended it may be a session that only watches
    "unlocking": {ELSEWHERE, TWICE},
    "own_lock": {ELSEWHERE, UNHELD},
    "preparing": LEFT,
    "setting": LEFT,
}
CONFTEST = """
import psycopg
import pytest
from chaos.plugin import Database, Handles

DSN = {dsn!r}

@pytest.fixture
def midnight_handles(monkeypatch):
    monkeypatch.setattr("chaos.contract.faults.HOLD", 0.05)
    monkeypatch.setattr("chaos.contract.traces.WITHIN", 1.5)
    yield Handles(databases={{"primary": Database(DSN, {{}}, proxied="")}})
    with psycopg.connect(DSN, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        for (gid,) in admin.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
            admin.execute(f"ROLLBACK PREPARED '{{gid}}'")
        admin.execute("ALTER SYSTEM RESET work_mem")
"""


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Path]:
    primary, _ = servers.primary({"max_prepared_transactions": 5})
    points = {name: f"planted_on_a_server:{class_of(name)}" for name in FAULTS}
    yield project(tmp_path, {"faults": points}, CONFTEST.format(dsn=dsn(primary)))
    primary.stop("immediate")


def test_the_example_of_the_docs_is_a_conftest(tmp_path: Path) -> None:
    page = (PROJECT / "docs/contract.md").read_text()
    (example,) = (
        each for each in re.findall(r"```python\n(.*?)```", page, re.S) if "midnight_postgres" in each
    )
    place = project(tmp_path, {"faults": {"locking": "planted_on_a_server:Locking"}}, example)
    assert failed(place, ["locking"]) == {"locking": set()}


def test_whatever_an_undo_leaves_on_a_server_is_found(place: Path) -> None:
    assert failed(place, FAULTS) == FAULTS
