"""What names no namespace may be in that of the others: ConfigMaps, databases, clients and CronJobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, WHERE}
data: {DB_POOL_SIZE: "60", DB_HOST: database}
---"""
CLIENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, WHERE}
spec:
  template:
    spec:
      containers: [{name: api, image: "acme/api:1", envFrom: [{configMapRef: {name: settings}}]}]
---"""
DATABASE = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: database, WHERE}
spec:
  template:
    spec:
      containers: [{name: main, image: "postgres:17.6", args: [-c, max_connections=100]}]
---"""
JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: NAME, WHERE}
spec: {schedule: "0 0 * * *", timeZone: Etc/UTC, jobTemplate: {}}
---"""
SHOP, BANK, NONE = "namespace: shop", "namespace: bank", ""
TOO_MANY = (
    "error: api 1 x 1 x (60 + 0) = 60 + worker 1 x 1 x (60 + 0) = 60: 120 connections, "
    "and database permits 100 - 3 = 97"
)


def at(text: str, where: str, name: str = "") -> str:
    return text.replace("NAME", name).replace("WHERE", where)


def said(tmp_path: Path, *parts: str) -> set[str]:
    found = audited(tmp_path, "".join(parts)).standing
    return {f"{each.severity}: {each.because}" for each in found if each.rule == "connections"}


@pytest.mark.parametrize("settings", [SHOP, NONE])
@pytest.mark.parametrize("database", [SHOP, NONE])
@pytest.mark.parametrize(("api", "worker"), [(SHOP, SHOP), (SHOP, NONE), (NONE, SHOP)])
def test_connections_are_counted_whichever_object_names_the_namespace(
    tmp_path: Path, settings: str, database: str, api: str, worker: str
) -> None:
    clients = at(CLIENT, api, "api") + at(CLIENT, worker, "worker")
    assert said(tmp_path, at(SETTINGS, settings), clients, at(DATABASE, database)) == {TOO_MANY}


def test_clients_of_two_namespaces_are_not_added(tmp_path: Path) -> None:
    clients = at(CLIENT, SHOP, "api") + at(CLIENT, BANK, "worker")
    assert said(tmp_path, at(SETTINGS, NONE), clients, at(DATABASE, NONE)) == set()


def test_where_both_have_a_database_each_is_on_its_own(tmp_path: Path) -> None:
    shop = at(SETTINGS, SHOP) + at(CLIENT, SHOP, "api") + at(DATABASE, SHOP)
    others = at(SETTINGS, NONE) + at(CLIENT, NONE, "worker") + at(DATABASE, NONE)
    assert said(tmp_path, shop, others) == set()
    (found,) = said(tmp_path, shop, others, at(CLIENT, NONE, "more"))
    assert "worker 1 x 1 x (60 + 0) = 60 + more 1 x 1 x (60 + 0) = 60: 120 connections" in found


def test_a_config_map_of_ones_own_namespace_goes_first(tmp_path: Path) -> None:
    own = at(SETTINGS, SHOP).replace('"60"', '"5"')
    clients = at(CLIENT, SHOP, "api") + at(CLIENT, SHOP, "worker")
    for settings in (own + at(SETTINGS, NONE), at(SETTINGS, NONE) + own, own + at(SETTINGS, BANK)):
        assert said(tmp_path, settings, clients, at(DATABASE, SHOP)) == set()


def test_a_config_map_of_another_namespace_is_not_read(tmp_path: Path) -> None:
    clients = at(CLIENT, SHOP, "api") + at(CLIENT, SHOP, "worker")
    assert said(tmp_path, at(SETTINGS, BANK), clients, at(DATABASE, SHOP)) == set()


@pytest.mark.parametrize(
    ("one", "other", "name", "meet"),
    [
        (SHOP, NONE, "other", True),
        (NONE, SHOP, "other", True),
        (SHOP, SHOP, "other", True),
        (SHOP, BANK, "other", False),
        (SHOP, NONE, "one", False),  # the same job, so of another namespace
    ],
)
def test_cron_jobs_meet_at_midnight(tmp_path: Path, one: str, other: str, name: str, *, meet: bool) -> None:
    found = audited(tmp_path, at(JOB, one, "one") + at(JOB, other, name)).standing
    assert [each.rule for each in found].count("cronjobs-at-midnight") == (2 if meet else 0)
