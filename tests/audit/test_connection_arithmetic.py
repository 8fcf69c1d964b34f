"""The arithmetic of connections: every factor counts, and a missing number is a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.names import Map
from tests.audit.reading_audits import audited

SERVICES = """services:
  api:
    image: shop/api:1
    command: {command}
    environment: {{{environment}}}
    deploy: {{replicas: {replicas}}}
  database:
    image: postgres:17.6
    command: postgres {options}
"""


def because(
    tmp_path: Path,
    environment: str,
    *,
    options: str = "-c max_connections=100",
    command: str = "serve",
    replicas: int = 1,
    names: Map | None = None,
) -> str:
    """What the rule says; empty if the connections fit."""
    text = SERVICES.format(environment=environment, options=options, command=command, replicas=replicas)
    found = [each for each in audited(tmp_path, text, names).standing if each.rule == "connections"]
    assert len(found) <= 1
    return f"{found[0].severity}: {found[0].because}" if found else ""


DIFY = "SERVER_WORKER_AMOUNT: 2, SQLALCHEMY_POOL_SIZE: 20, SQLALCHEMY_MAX_OVERFLOW: 5"


@pytest.mark.parametrize(
    ("environment", "changed", "said"),
    [
        (DIFY, {}, ""),  # 50 of 97
        (
            DIFY,
            {"replicas": 2},
            "api 2 x 2 x (20 + 5) = 100: 100 connections, and database permits 100 - 3 = 97",
        ),
        (DIFY, {"options": "-c max_connections=50"}, "permits 50 - 3 = 47"),
        (
            DIFY,
            {"options": "-c max_connections=55 -c superuser_reserved_connections=10"},
            "permits 55 - 10 = 45",
        ),
        (DIFY.replace(": 2,", ": 4,"), {}, "api 1 x 4 x (20 + 5) = 100"),
        ("SQLALCHEMY_POOL_SIZE: 90", {}, "api 1 x 1 x (90 + 10) = 100"),
        ("DB_POOL_SIZE: 90", {}, ""),
        ("DB_POOL_SIZE: 30", {"command": "gunicorn --workers 4 app"}, "api 1 x 4 x (30 + 0) = 120"),
        ("DB_POOL_SIZE: 30", {"command": "gunicorn -w=4 app"}, "api 1 x 4 x (30 + 0) = 120"),
        ("DB_POOL_SIZE: 30, GUNICORN_CMD_ARGS: --workers=4", {"command": "gunicorn app"}, "= 120"),
        ("DB_POOL_SIZE: 30, WEB_CONCURRENCY: 4", {"command": "celery -A app worker -P gevent -c 99"}, ""),
        ("DB_POOL_SIZE: 30", {"command": "celery -A app worker -c 4"}, "api 1 x 4 x (30 + 0) = 120"),
        (DIFY.replace(": 2,", ": 9,") + ", MODE: worker", {}, ""),
    ],
)
def test_every_factor_counts(tmp_path: Path, environment: str, changed: dict[str, str], said: str) -> None:
    found = because(tmp_path, environment, **changed)  # type: ignore[arg-type]
    assert said in found
    assert bool(said) == found.startswith("error: ")


@pytest.mark.parametrize(
    ("environment", "changed", "missing"),
    [
        (DIFY, {"options": ""}, "max_connections of database"),
        ("DATABASE_URL: '${DATABASE_URL}'", {}, "the pool size of api"),
        ("DB_POOL_SIZE: '${POOL}', DB_HOST: database", {}, "the pool size of api"),
        ("DB_POOL_SIZE: 5", {"command": "celery -A app worker"}, "the concurrency of a Celery worker"),
    ],
)
def test_a_missing_number_is_a_note(
    tmp_path: Path, environment: str, changed: dict[str, str], missing: str
) -> None:
    found = because(tmp_path, environment, **changed)  # type: ignore[arg-type]
    assert found == f"note: connections unknown: {missing} is not in these files"


def test_names_of_a_team_come_from_its_map(tmp_path: Path) -> None:
    names = Map(workers=("PROCS",), pool_size=("CONNS",), max_overflow=("MORE",))
    assert because(tmp_path, "PROCS: 3, CONNS: 40, MORE: 1") == ""
    assert "3 x (40 + 1) = 123" in because(tmp_path, "PROCS: 3, CONNS: 40, MORE: 1", names=names)


def test_a_database_elsewhere_comes_from_the_map(tmp_path: Path) -> None:
    text = "services: {api: {image: 'a:1', environment: {DB_POOL_SIZE: 30}}}\n"
    found = audited(tmp_path, text, Map(database_max_connections=25, database_reserved=5))
    (said,) = [each.because for each in found.standing if each.rule == "connections"]
    assert "the database permits 25 - 5 = 20" in said
    assert "max_connections of the database" in " ".join(
        each.because for each in audited(tmp_path, text).standing
    )


def test_compose_takes_values_from_the_env_file_beside_it(tmp_path: Path) -> None:
    environment = "SQLALCHEMY_POOL_SIZE: '${POOL:-5}'"
    assert because(tmp_path, environment) == ""
    (tmp_path / ".env").write_text("# Dify's\nPOOL='95'\n")
    assert "(95 + 10) = 105" in because(tmp_path, environment)


POOLED = """services:
  api:
    image: shop/api:1
    environment: {{DB_HOST: {host}, DB_POOL_SIZE: 150}}
  pgbouncer:
    image: edoburu/pgbouncer:v1.24.1
    environment: {{MAX_CLIENT_CONN: {clients}, DEFAULT_POOL_SIZE: {servers}}}
  database: {{image: "postgres:17.6", command: postgres -c max_connections=100}}
"""


@pytest.mark.parametrize(
    ("host", "clients", "servers", "said"),
    [
        ("pgbouncer", 200, 50, ""),
        (
            "pgbouncer",
            100,
            50,
            "api 1 x 1 x (150 + 0) = 150: 150 connections, and pgbouncer takes 1 x 100 = 100 (MAX_CLIENT_CONN)",
        ),
        (
            "pgbouncer",
            200,
            98,
            "pgbouncer 1 x 98 = 98: 98 connections, and database permits 100 - 3 = 97",
        ),
        (
            "database",
            200,
            50,
            "pgbouncer 1 x 50 = 50 + api 1 x 1 x (150 + 0) = 150: 200 connections, "
            "and database permits 100 - 3 = 97",
        ),
    ],
)
def test_pgbouncer_in_between_is_understood(
    tmp_path: Path, host: str, clients: int, servers: int, said: str
) -> None:
    found = audited(tmp_path, POOLED.format(host=host, clients=clients, servers=servers)).standing
    assert "".join(each.because for each in found if each.rule == "connections") == said


SIDECAR = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: api}}
spec:
  replicas: 10
  template:
    spec:
      containers:
      - {{name: api, image: "shop/api:1", env: [{variables}]}}
      - name: pooler
        image: edoburu/pgbouncer:v1.24.1
        env: [{{name: DB_HOST, value: database}}, {{name: DEFAULT_POOL_SIZE, value: "{servers}"}}]
      - {{name: metrics, image: prometheuscommunity/pgbouncer-exporter:v0.11.0}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: database}}
spec:
  template:
    spec:
      containers:
      - {{name: main, image: "postgres:17.6", args: [-c, max_connections=100]}}
      - {{name: metrics, image: prometheuscommunity/postgres-exporter:v0.17.1}}
"""
_POOL = '{name: DB_POOL_SIZE, value: "30"}'


@pytest.mark.parametrize(
    ("variables", "servers", "said"),
    [
        (_POOL, 5, ""),
        (_POOL, 50, "pooler 10 x 50 = 500: 500 connections, and database permits 100 - 3 = 97"),
        ("", 50, "pooler 10 x 50 = 500: 500 connections, and database permits 100 - 3 = 97"),
        (f"{_POOL}, {{name: DB_HOST, value: localhost}}", 5, ""),
        (f"{_POOL}, {{name: DATABASE_URL, value: 'postgresql://127.0.0.1:6432/shop'}}", 5, ""),
        (
            f"{_POOL}, {{name: DB_HOST, value: database}}",
            5,
            "pooler 10 x 5 = 50 + api 10 x 1 x (30 + 0) = 300: 350 connections, "
            "and database permits 100 - 3 = 97",
        ),
        (
            _POOL.replace("30", "300"),
            5,
            "api 10 x 1 x (300 + 0) = 3000: 3000 connections, "
            "and pooler takes 10 x 100 = 1000 (MAX_CLIENT_CONN)",
        ),
    ],
)
def test_pgbouncer_as_a_sidecar_counts_once_for_each_replica(
    tmp_path: Path, variables: str, servers: int, said: str
) -> None:
    found = audited(tmp_path, SIDECAR.format(variables=variables, servers=servers)).standing
    assert "".join(each.because for each in found if each.rule == "connections") == said


TWO = """services:
  api: {{image: "shop/api:1", environment: {{{host}DB_POOL_SIZE: 30, PGVECTOR_HOST: vectors}}}}
  database: {{image: "postgres:17.6", command: postgres -c max_connections=20}}
  vectors: {{image: "pgvector/pgvector:pg17", command: postgres -c max_connections=500}}
"""


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (
            "DB_HOST: database, ",
            "error: api 1 x 1 x (30 + 0) = 30: 30 connections, and database permits 20 - 3 = 17",
        ),
        ("DATABASE_URL: 'postgresql://vectors/shop', ", ""),
        (
            "",
            "note: connections unknown: which database (database, vectors) each workload uses is not in these files",
        ),
    ],
)
def test_of_several_databases_the_one_that_the_variables_name_counts(
    tmp_path: Path, host: str, said: str
) -> None:
    found = [each for each in audited(tmp_path, TWO.format(host=host)).standing if each.rule == "connections"]
    assert "".join(f"{each.severity}: {each.because}" for each in found) == said


def test_what_is_known_may_be_too_much_already(tmp_path: Path) -> None:
    text = SERVICES.format(
        environment="DB_POOL_SIZE: 30", options="-c max_connections=20", command="x", replicas=1
    )
    text += "  other: {image: 'a:1', environment: {DB_HOST: database}}\n"
    found = [each for each in audited(tmp_path, text).standing if each.rule == "connections"]
    assert [each.severity.value for each in found] == ["note", "error"]
