"""Which images are databases, whose probes ask themselves, and which are only named after one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited

TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
      - name: api
        image: IMAGE
        ports: [{containerPort: 80}]
        livenessProbe: {httpGet: {path: /db, port: 80}}
        readinessProbe: {httpGet: {path: /db, port: 80}}
"""
OWN = {"few-replicas", "liveness-like-readiness", "liveness-asks-database"}


@pytest.mark.parametrize(
    "image",
    [
        "postgrest/postgrest:v12",
        "mongo-express:1.0.2",
        "prometheuscommunity/postgres-exporter:v0.15.0",
        "oliver006/redis_exporter:v1.62.0",
        "rediscommander/redis-commander:0.8.1",
        "redis/redisinsight:2.58",
        "dpage/pgadmin4:8",
        "phpmyadmin:5.2",
        "adminer:4",
        "quay.io/mongodb/mongodb-kubernetes-operator:0.11",
        "ghcr.io/zalando/postgres-operator:v1.13",
        "supabase/postgres-meta:v0.83",
        "acme/api:1",
    ],
)
def test_what_is_only_named_after_a_database_is_checked(tmp_path: Path, image: str) -> None:
    found = {each.rule for each in audited(tmp_path, TEXT.replace("IMAGE", image)).standing}
    assert found >= OWN


@pytest.mark.parametrize(
    "image",
    [
        "postgres:17.6",
        "bitnami/postgresql-repmgr:17",
        "registry.example/ops/spilo-17:4",
        "timescale/timescaledb-ha:pg17",
        "edoburu/pgbouncer:v1.24.1",
        "mysql:8",
        "redis/redis-stack-server:7",
        "valkey/valkey:8",
        "mongo:8",
        "percona/percona-server-mongodb:7",
        "cassandra:5",
    ],
)
def test_a_database_may_ask_itself(tmp_path: Path, image: str) -> None:
    found = {each.rule for each in audited(tmp_path, TEXT.replace("IMAGE", image)).standing}
    assert not found & OWN


def test_a_tool_beside_a_database_is_no_second_one(tmp_path: Path) -> None:
    text = """services:
  api: {image: "shop/api:1", environment: {DB_POOL_SIZE: 98}}
  database: {image: "postgres:17.6", command: postgres -c max_connections=100}
  tool: {image: "supabase/postgres-meta:v0.83"}
"""
    found = [each.because for each in audited(tmp_path, text).standing if each.rule == "connections"]
    assert found == [
        "api 1 x 1 x (98 + 0) = 98: 98 connections, and database permits 100 - 3 = 97",
    ]
