"""What `midnight init` proposes for a store: a proxy that midnight can start, the right to measure, a read-back."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from chaos.first_target import sqlite_files, stores, variables, writing
from chaos.first_target.draft import Draft, Item
from chaos.plan import build
from chaos.record import redact
from chaos.targets.attach.options import AttachOptions
from tests.first_target.uncommented import switched_on

NIGHT = """\
name: night
title: x
load: {timeout: 1s, mix: {read: 1}, baseline: {for: 4s, rate: 20}, phases: [{name: day, for: 20s, rate: 20}]}
slos: [{name: availability, availability: 99%}]
steps: [{name: slow, fault: latency, at: 5s, hold: 2s}]
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOXIPROXY_URL", "http://127.0.0.1:1")


def _draft(environment: dict[str, str], *files: Path) -> Draft:
    draft = Draft("shop", "attach")
    stores.describe(draft, list(variables.addresses(environment)), None, "the environment", files)
    redact.known.forget()
    return draft


def _text(draft: Draft) -> str:
    text = writing.target(draft, None, date(2026, 11, 27))
    return " ".join(text.replace("#", " ").split())


def test_the_proxies_that_are_proposed_are_ones_that_midnight_starts(tmp_path: Path) -> None:
    there = {
        "A_DB": "mysql+pymysql://u:word-1-of-it@127.0.0.1:33909/parts",
        "B_CACHE": "redis://:word-2-of-it@127.0.0.1:60379/0",
        "C_OTHER": "mysql://u:word-3-of-it@127.0.0.1:3307/more",
    }
    draft = _draft(there)
    draft.add("routes", Item("", ("read: {path: /}",)))
    draft.option("base_url", Item("", ("base_url: http://127.0.0.1:9",)))
    made = switched_on(draft, tmp_path, "proxies")
    proxies = AttachOptions.model_validate(made.options).proxies
    assert {name: (each.upstream, each.listen, each.kind) for name, each in proxies.items()} == {
        "database": ("127.0.0.1:33909", "127.0.0.1:43909", "mysql"),
        "redis": ("127.0.0.1:60379", "127.0.0.1:50379", "redis"),
        "mysql": ("127.0.0.1:3307", "127.0.0.1:13307", "mysql"),
    }
    (tmp_path / "night.yaml").write_text(NIGHT)
    assert not build.build(str(tmp_path / "night.yaml"), str(tmp_path / "shop.yaml")).left_out


def test_a_proxy_to_another_machine_needs_its_owners_consent() -> None:
    text = _text(_draft({"CACHE": "redis://cache.internal:6379"}))
    assert 'redis: {upstream: "cache.internal:6379", listen: "127.0.0.1:16379", kind: redis}' in text
    assert "with its owner's consent, add `allow: [cache.internal]`" in text


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DATABASE_URL": "postgresql://app:word-of-it@127.0.0.1:5432/app"},
        {"DATABASE_URL": "user=miniflux password=word-of-it dbname=miniflux host=127.0.0.1 sslmode=disable"},
    ],
)
def test_a_database_that_is_off_says_which_right_the_measuring_role_needs(
    environment: dict[str, str],
) -> None:
    text = _text(_draft(environment))
    assert "GRANT pg_monitor TO midnight;" in text and "GRANT CONNECT ON DATABASE" in text
    assert "word-of-it" not in text
    if environment:
        assert "DATABASE_URL in the environment leads to PostgreSQL at 127.0.0.1:5432" in text


@pytest.mark.parametrize("value", ["a=b", "host=shop.internal", "dbname", "--dbname = 3", "dbname=a;b =c d"])
def test_other_settings_are_no_connection_string(value: str) -> None:
    assert not list(variables.addresses({"X": value}))


def test_a_store_that_sql_can_ask_is_named_for_the_read_back(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table notes (id integer)")
    connection.close()
    (tmp_path / "other.db").write_text("no database")
    environment = {"NOTES": f"sqlite:///{file}", "SAME": str(file), "OTHER": str(tmp_path / "other.db")}
    assert sqlite_files.found(environment, None) == [file]
    text = _text(_draft({"DB": "mysql://u:word-of-it@127.0.0.1/app"}, file))
    assert f"database: sqlite:///{file}}}`" in text and "database: {env: DB}}`" in text
    assert "No connection string of a PostgreSQL" not in text
