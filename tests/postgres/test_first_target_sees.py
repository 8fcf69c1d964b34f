"""A connection string is switched on in a first target file only if its role sees the sessions of others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from chaos.first_target import stores, variables
from chaos.first_target.draft import Draft
from chaos.postgres import Cluster
from tests.postgres.servers import Servers, dsn, execute

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def primary(servers: Servers) -> Iterator[Cluster]:
    cluster, _ = servers.primary()
    yield cluster
    cluster.stop()


@pytest.mark.parametrize(
    ("rights", "sees"),
    [
        ("SUPERUSER", True),
        ("INHERIT IN ROLE pg_monitor", True),
        ("NOINHERIT IN ROLE pg_monitor", False),  # a run does not SET ROLE
        ("", False),
    ],
)
def test_a_role_is_used_if_it_sees_the_sessions_of_others(
    primary: Cluster, monkeypatch: pytest.MonkeyPatch, rights: str, sees: bool
) -> None:
    execute(primary, "DROP ROLE IF EXISTS looker")
    execute(primary, f"CREATE ROLE looker LOGIN PASSWORD 'word-of-the-night' {rights}")
    given = conninfo_to_dict(dsn(primary))
    url = f"postgresql://looker:word-of-the-night@{given['host']}:{given['port']}/postgres"
    monkeypatch.setenv("ADMIN_DSN", url)
    monkeypatch.setenv("TOXIPROXY_URL", "http://127.0.0.1:1")
    draft = Draft("shop", "attach")
    stores.describe(draft, list(variables.addresses({"ADMIN_DSN": url})), None, "the environment")
    (found,) = draft.options["databases"]
    assert (found.on, "sees its own sessions only" in found.why) == (sees, not sees)
