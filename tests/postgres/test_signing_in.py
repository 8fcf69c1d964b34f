"""Whoever signs in wrongly, or may not do what a fault needs, is told what to type; what is typed then works."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.host.ports import free_port
from chaos.plugin.probe import Answer, Probe
from chaos.postgres import Cluster
from chaos.postgres.signing_in import probe_administrator, probe_role, probe_setting, probe_through
from tests.postgres.servers import Servers, dsn, execute

pytestmark = pytest.mark.real

WRONG = "not the password"


@pytest.fixture(scope="module")
def primary(servers: Servers) -> Iterator[Cluster]:
    cluster, _ = servers.primary()
    yield cluster
    cluster.stop()


def test_an_administrator_who_may_do_everything_passes_every_probe(primary: Cluster) -> None:
    found = [*probe_administrator(dsn(primary), "admin"), *probe_setting(dsn(primary), "work_mem", "admin")]
    assert [probe.answer for probe in found] == [Answer.YES] * 3


@pytest.mark.parametrize(
    ("wrong", "because", "remedy"),
    [
        ({"password": WRONG}, "password authentication failed", "correct the user or the password"),
        ({"user": "stranger", "password": WRONG}, "password authentication failed", "correct the user"),
        ({"password": ""}, "requires a password", "put it into the connection string"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist', "name an existing database"),
        ({"sslmode": "require"}, "does not support SSL", "sslmode=disable"),
        ({"port": "closed"}, "Connection refused", "correct the host and port"),
    ],
)
def test_a_connection_string_with_one_mistake_is_refused_with_its_remedy(
    primary: Cluster, wrong: dict[str, str], because: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    if wrong.get("port"):
        wrong = {"port": str(free_port())}
    (found,) = probe_role(make_conninfo(dsn(primary), **wrong), "dsns: api")
    assert found.answer is Answer.NO
    assert because in found.because and remedy in found.remedy
    assert "\n" not in found.line and WRONG not in found.line


def test_a_role_that_cannot_see_the_sessions_of_others_is_given_the_grant_that_works(
    primary: Cluster,
) -> None:
    watcher = role(primary, "watcher")
    *_, sees = probe_administrator(watcher, "admin")
    assert sees.answer is Answer.NO
    execute(primary, sees.remedy)
    assert all(probe.answer is Answer.YES for probe in probe_administrator(watcher, "admin"))


def test_an_administrator_who_is_not_a_superuser_gets_the_grants_a_setting_needs(
    primary: Cluster,
) -> None:
    """Like the administrator of a hosted server."""
    hosted = role(primary, "hosted")
    found = setting(hosted)
    assert found.answer is Answer.NO and "lacks the rights" in found.because
    execute(primary, found.remedy.removeprefix("as a superuser: "))
    assert setting(hosted).answer is Answer.YES
    with psycopg.connect(hosted, autocommit=True) as connection:
        connection.execute("alter system set idle_session_timeout = '1h'")
        connection.execute("alter system reset idle_session_timeout")


def test_a_setting_that_the_server_does_not_know_is_refused(primary: Cluster) -> None:
    (found,) = probe_setting(dsn(primary), "no_such_setting", "admin")
    assert found.answer is Answer.NO and "not supported by PostgreSQL" in found.because


def test_a_setting_of_the_command_line_is_refused(primary: Cluster) -> None:
    (found,) = probe_setting(dsn(primary), "port", "admin")
    assert found.answer is Answer.NO and "command line sets it" in found.because


def test_a_setting_of_every_role_is_refused_with_the_statement_that_works(primary: Cluster) -> None:
    execute(primary, "ALTER ROLE ALL SET idle_session_timeout = '1h'")
    found = setting(dsn(primary))
    assert found.answer is Answer.NO and "ALTER ROLE ALL sets it" in found.because
    execute(primary, found.remedy)
    assert setting(dsn(primary)).answer is Answer.YES


def test_a_way_through_leads_to_the_very_server_or_is_refused(primary: Cluster, servers: Servers) -> None:
    other, _ = servers.primary()
    ways = {
        primary.port: (Answer.YES, ""),
        other.port: (Answer.NO, "different server"),
        free_port(): (Answer.NO, "Connection refused"),
    }
    for port, (answer, because) in ways.items():
        (found,) = probe_through(dsn(primary), f"127.0.0.1:{port}", "proxied")
        assert found.answer is answer and because in found.because
    other.stop()


def setting(given: str) -> Probe:
    (found,) = probe_setting(given, "idle_session_timeout", "admin")
    return found


def role(primary: Cluster, name: str) -> str:
    """The connection string of a new role without any rights."""
    execute(primary, f"CREATE ROLE {name} LOGIN PASSWORD 'pass of {name}'")
    return make_conninfo(dsn(primary), user=name, password=f"pass of {name}")
