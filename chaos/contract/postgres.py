"""A PostgreSQL server to throw away, for the tests of plug-ins: `from chaos.contract.postgres import midnight_postgres`
in conftest.py."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chaos.errors import ToolMissing
from chaos.host.ports import free_port
from chaos.host.privileges import give, unprivileged_user
from chaos.host.processes import stop_marked
from chaos.plugin.handles import Database
from chaos.postgres import HOST, Cluster, connect
from chaos.tools import postgresql

SERVICE = "service"


@pytest.fixture(scope="session")
def midnight_postgres() -> Iterator[Database]:
    """An empty server of this session's own, found as `midnight doctor` finds it. `admin_dsn` is a superuser's;
    `dsns["api"]` signs in as the role `service`, which may create tables. Skips if there is no PostgreSQL."""
    try:
        installation = postgresql.installation()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    user, mark, password = unprivileged_user(), f"postgres-{secrets.token_hex(4)}", secrets.token_hex(8)
    place = Path(tempfile.mkdtemp(prefix="midnight-postgres-"))
    place.chmod(0o755)  # PostgreSQL does not run as root
    give(place, user)
    try:
        programs = installation.reachable_by(user, place)
        cluster = Cluster(programs, place / "data", free_port(), user, mark, place / "server.log")
        cluster.init(password=password, settings={"fsync": "off"})
        cluster.start()
        admin = cluster.dsn(password=password)
        with connect(admin) as connection:
            given = sql.Literal(password)
            connection.execute(sql.SQL(f"CREATE ROLE {SERVICE} LOGIN PASSWORD {{}}").format(given))
            connection.execute(f"GRANT ALL ON SCHEMA public TO {SERVICE}")
        service = make_conninfo(admin, user=SERVICE)
        yield Database(admin, {"api": service}, proxied=f"{HOST}:{cluster.port}")
    finally:
        stop_marked(mark, grace=2.0)
        shutil.rmtree(place)
