"""A database is recognised by its image, its port or its directories; what only works on one is not."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.targets.compose.kinds import is_toxiproxy, kind_of
from tests.compose.containers import found


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("postgres:15-alpine", "postgresql"),
        ("pgvector/pgvector:pg16", "postgresql"),
        ("pgvector-local:pg16", "postgresql"),
        ("postgres-local:15-alpine", "postgresql"),
        ("timescale/timescaledb:latest-pg16", "postgresql"),
        ("docker.io/bitnami/postgresql:16", "postgresql"),
        ("postgis/postgis:16-3.4", "postgresql"),
        ("supabase/postgres:15.1.0", "postgresql"),
        ("registry.example:5000/admin-team/postgres@sha256:00", "postgresql"),
        ("mariadb:11", "mysql"),
        ("mysql/mysql-server", "mysql"),
        ("percona:8", "mysql"),
        ("valkey/valkey:8", "redis"),
        ("redis/redis-stack-server", "redis"),
        ("mongo:7", "mongodb"),
        ("langgenius/dify-api:1.0", None),
        ("bitnami/pgbouncer:1", None),
        ("prometheuscommunity/postgres-exporter", None),
        ("supabase/postgres-meta:v0.80", None),
        ("postgrest/postgrest", None),
        ("prodrigestivill/postgres-backup-local", None),
        ("rediscommander/redis-commander", None),
        ("phpmyadmin:5", None),
        ("mongo-express", None),
        ("nginx", None),
    ],
)
def test_a_database_is_recognised_by_its_image(image: str, kind: str | None) -> None:
    seen = kind_of(found("it", image=image))
    assert (seen.name if seen else None) == kind


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"exposed": frozenset({5432})}, "postgresql"),
        ({"exposed": frozenset({3306, 33060})}, "mysql"),
        ({"exposed": frozenset({8000})}, None),
        ({"environment": {"PGDATA": "/x"}, "volumes": {"/var/lib/postgresql/data": "v"}}, "postgresql"),
        ({"environment": {"MYSQL_ROOT_PASSWORD": "x"}, "volumes": {"/var/lib/mysql": "v"}}, "mysql"),
        ({"environment": {"MYSQL_ROOT_PASSWORD": "x"}}, None),  # one .env file for all services
        ({"environment": {"POSTGRES_PASSWORD": "x", "POSTGRES_HOST": "db"}}, None),
    ],
)
def test_a_database_is_recognised_by_its_port_or_its_environment_with_its_directory(
    given: dict[str, Any], kind: str | None
) -> None:
    seen = kind_of(found("it", image="acme/house:1", **given))
    assert (seen.name if seen else None) == kind


def test_a_toxiproxy_is_recognised_by_its_image() -> None:
    assert is_toxiproxy(found("p", image="ghcr.io/shopify/toxiproxy:2.12.0"))
    assert not is_toxiproxy(found("p", image="haproxy:3"))
