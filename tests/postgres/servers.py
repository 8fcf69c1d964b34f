"""Clusters for one test module: created alike, and removed with everything they left."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from chaos.host.ports import free_port
from chaos.host.privileges import give, unprivileged_user
from chaos.host.processes import marked, stop_marked
from chaos.postgres import Cluster, Installation
from chaos.postgres.access import Access, address, grant_access
from chaos.postgres.settings import Settings
from chaos.postgres.standby import Standby, make_standby

SEGMENT_SIZE = 1 << 20  # small, because an archive keeps whole ones
PASSWORD = "p'w \\ with everything"


class Servers:
    """A directory, and the clusters in it, all bearing one mark."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.mark = f"test-{secrets.token_hex(4)}"
        self.place = Path(tempfile.mkdtemp(prefix="midnight-test-", dir=_memory()))
        self.place.chmod(0o755)
        give(self.place, unprivileged_user())

    def cluster(self, name: str | None = None) -> Cluster:
        """One that does not exist yet."""
        name = name or f"c{secrets.token_hex(4)}"
        user = unprivileged_user()
        return Cluster(
            self.installation,
            self.place / name,
            free_port(),
            user=user,
            mark=f"{self.mark}/{name}",
            log=self.place / f"{name}.log",
        )

    def primary(self, settings: Settings | None = None, name: str | None = None) -> tuple[Cluster, Access]:
        """A running one, with a table `kept (n)`."""
        cluster = self.cluster(name)
        # What is killed here are processes: the system keeps what they wrote, flushed or not.
        ours: Settings = {"wal_log_hints": "on", "fsync": "off", "wal_init_zero": "off"}
        cluster.init(password=PASSWORD, settings={**ours, **(settings or {})}, wal_segment_mib=1)
        cluster.start()
        access = grant_access(cluster, PASSWORD, self.place / f"{cluster.data.name}.pgpass")
        execute(cluster, "CREATE TABLE kept (n int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        return cluster, access

    def describe(self, primary: Cluster, upstream: str | None = None) -> Standby:
        """A standby that does not exist yet."""
        cluster = self.cluster()
        return Standby(cluster, upstream or address(primary), f"slot_{cluster.data.name}", cluster.data.name)

    def standby(self, primary: Cluster, access: Access, *, synchronous: bool = False) -> Standby:
        standby = self.describe(primary)
        make_standby(primary, standby, access, synchronous=synchronous)
        return standby

    def remove(self) -> None:
        stop_marked(self.mark, grace=2)
        shutil.rmtree(self.place)
        assert marked(self.mark) == []


def _memory() -> Path | None:
    """Where files need no disk: a dozen clusters are made and removed, and a disk takes its time for that."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > (2 << 30)
    return memory if roomy else None


def dsn(cluster: Cluster) -> str:
    return cluster.dsn(password=PASSWORD)


def execute(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(dsn(cluster), autocommit=True) as connection:
        connection.execute(statement.encode())


def ask(cluster: Cluster, query: str) -> Any:
    """The first column of the first row."""
    with psycopg.connect(dsn(cluster), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def insert(cluster: Cluster, first: int, last: int) -> None:
    execute(cluster, f"INSERT INTO kept SELECT generate_series({first}, {last})")


def slots(cluster: Cluster) -> list[str]:
    with psycopg.connect(dsn(cluster), autocommit=True) as connection:
        found = connection.execute("SELECT slot_name FROM pg_replication_slots ORDER BY 1").fetchall()
        return [str(name) for (name,) in found]


def rows(cluster: Cluster) -> list[int]:
    with psycopg.connect(dsn(cluster), autocommit=True) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM kept ORDER BY n")]
