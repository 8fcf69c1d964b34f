"""A service shows its gauges by names of its own: the target file says which of them are which gauges."""

from __future__ import annotations

import re
from textwrap import indent

import psycopg
import pytest

from chaos.record.events import GaugesFound, TargetReady
from chaos.record.journal import Journal
from tests.attach.files import experiment, target
from tests.attach.refusing import SECRET, URL, refused
from tests.attach.service import Service
from tests.midnight import PROJECT, Midnight
from tests.typed import typed

PAGE = """\
# TYPE db_pool_max gauge
db_pool_max 10
# TYPE db_pool_in_use gauge
db_pool_in_use{pool="main",pid="1"} 1
db_pool_in_use{pool="main",pid="2"} 2
db_pool_in_use{pool="other"} 7
# TYPE waits_seconds histogram
waits_seconds_count 3
waits_seconds_sum 1.5
waits_seconds_bucket{le="+Inf"} 3
"""
OWN = "map: {pool_size: db_pool_max, pool_in_use: 'db_pool_in_use{pool=\"main\"}'}"


def gauges(*sources: str) -> str:
    return "gauges:\n" + "".join(f"  - {{{source}}}\n" for source in sources)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("map: {pool_size: x}", "gauges[0]: needs one of prometheus: URL, json: URL and sql: QUERY"),
        ("prometheus: 'http://127.0.0.1:9'", "needs map: {GAUGE: ...} or preset: NAME (go-sql, "),
        ("prometheus: 'http://127.0.0.1:9', json: 'http://127.0.0.1:9'", "one of prometheus, json and sql"),
        (
            "prometheus: 'http://127.0.0.1:9', map: {pool_siz: x}",
            "is not a gauge of midnight's; did you mean pool_size?",
        ),
        (
            "prometheus: 'http://127.0.0.1:9', map: {pool_size: 'a b'}",
            "must be the name of a series or column",
        ),
        (
            "json: 'http://127.0.0.1:9', map: {pool_size: size}",
            "must be a JSONPath such as $.pool.active (RFC 9535); did you mean $.size?",
        ),
        ("prometheus: 'http://127.0.0.1:9', preset: hikari", "is not a preset; did you mean hikaricp?"),
        ("json: 'http://127.0.0.1:9', preset: hikaricp", "hikaricp is read from prometheus: URL"),
        (
            "prometheus: 'http://192.0.2.1', preset: redis",
            "192.0.2.1 is not this machine and not listed in `allow`",
        ),
        (
            "prometheus: '{metrics}', preset: redis",
            "{metrics} is not an address of this target; known: base_url",
        ),
        ("prometheus: 'http://{host}', preset: redis", "may begin with the name of an address in braces"),
        (f"prometheus: 'http://{SECRET}@127.0.0.1', preset: redis", "must not carry a user or a password"),
        ("sql: SELECT 1, database: primary, map: {queue_length: n}", "is not a database of this target"),
        (
            "sql: SELECT 1, map: {queue_length: n}",
            "needs database: NAME (of this target) or dsn: {env: NAME}",
        ),
        ("prometheus: 'http://127.0.0.1:9', dsn: {env: X}, preset: redis", "belongs to `sql`"),
        ("preset: pgbouncer", "needs database: NAME (of this target) or dsn"),
    ],
)
def test_a_source_that_cannot_be_one_is_refused_with_what_to_type(
    source: str, words: str, place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(place, capsys, target(place, URL, top=gauges(source)), words)


@pytest.mark.parametrize("old", ["metrics_url: http://127.0.0.1:9", "metrics: {pool_size: db}"])
def test_the_old_keys_are_refused_with_the_new_one(
    old: str, place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "is now `gauges:` at the top of the file, such as `gauges: [{prometheus: "
    refused(place, capsys, target(place, URL, f"  {old}\n"), words)


def test_a_secret_that_is_missing_is_told_before_anything_is_touched(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "prometheus: 'http://127.0.0.1:9', headers: {X-Key: {env: NOT_THERE}}, preset: redis"
    words = "gauges[0]: headers: X-Key: environment variable NOT_THERE is not set"
    refused(place, capsys, target(place, URL, top=gauges(source)), words)


def run(place: Midnight, service: Service, *sources: str, more: str = "") -> Journal:
    file = target(place, service.url, more, top=gauges(*sources))
    done = place("run", experiment(place), "--target", file)
    assert done.code == 0, done.err + done.out
    return Journal(place.run)


@pytest.mark.real
@pytest.mark.wide
def test_the_series_it_names_are_the_gauges_in_the_journal(place: Midnight, service: Service) -> None:
    service.metrics = PAGE
    journal = run(place, service, f'prometheus: "{{base_url}}/metrics", {OWN}')
    assert set(journal.series("api", "pool_size").value) == {10}
    assert set(journal.series("api", "pool_checked_out").value) == {3}
    found = journal.latest(GaugesFound)
    assert found is not None and journal.latest(TargetReady) is not None
    assert found.pool == f"{service.url}/metrics"
    assert found.gauges["pool_checked_out"] == {
        "from": f"{service.url}/metrics",
        "as": 'db_pool_in_use{pool="main"}',
        "value": 3.0,
    }


@pytest.mark.real
@pytest.mark.wide
@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            "pool_size: db_pool_mx",
            "nothing there is called db_pool_mx; did you mean db_pool_max",
        ),
        ("retries: waits_seconds", "is part of a histogram, not one value: name waits_seconds_count"),
    ],
)
def test_a_name_that_is_not_shown_ends_the_run_before_anything_is_sent(
    named: str, words: str, place: Midnight, service: Service
) -> None:
    service.metrics = PAGE
    source = f"prometheus: '{service.url}/metrics', map: {{{named}}}"
    refusing = target(place, service.url, top=gauges(source))
    done = place("run", experiment(place), "--target", refusing)
    assert done.code == 2 and words in done.err, done.err
    assert service.paths() <= {"/", "/metrics"}
    rehearsed = place("run", experiment(place), "--target", refusing, "--rehearse")
    assert rehearsed.code == 2 and words in rehearsed.out + rehearsed.err


@pytest.mark.real
@pytest.mark.wide
def test_what_a_service_shows_now_is_printed_with_where_it_is_read(
    place: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.metrics = PAGE
    file = target(place, service.url, top=gauges(f"prometheus: '{service.url}/metrics', {OWN}"))
    done = typed(capsys, "target", "gauges", file)
    assert done.code == 0, done.err
    assert f'pool_in_use         3  db_pool_in_use{{pool="main"}}  ({service.url}/metrics)' in done.out
    assert done.out.splitlines()[-1] == f"pool: {service.url}/metrics"


@pytest.mark.real
@pytest.mark.wide
def test_without_gauges_the_pool_is_seen_from_the_database(
    place: Midnight, service: Service, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE pooled LOGIN PASSWORD 'of-the-pool' CONNECTION LIMIT 7")
    port = psycopg.conninfo.conninfo_to_dict(admin)["port"]
    dsn = f"host=127.0.0.1 port={port} user=pooled password=of-the-pool dbname=postgres"
    monkeypatch.setenv("MINE_POOLED", dsn)
    database = "  databases: {primary: {admin_dsn: {env: MINE_ADMIN}, dsns: {api: {env: MINE_POOLED}}}}\n"
    query = "sql: 'SELECT 4 AS size, 2 AS waiting', database: primary, map: {queue_length: waiting}"
    with psycopg.connect(dsn), psycopg.connect(dsn) as busy:
        busy.execute("SELECT 1")  # in a transaction: in use
        journal = run(place, service, query, more=database)
    seen = {
        name: set(journal.series("database", f"service_{name}").value)
        for name in ("sessions", "in_use", "limit")
    }
    assert seen == {"sessions": {2}, "in_use": {1}, "limit": {7}}
    assert set(journal.series("api", "queue_length").value) == {2}
    found = journal.latest(GaugesFound)
    assert found is not None
    assert found.pool == "seen from the database: sessions of role pooled, its size unknown"


@pytest.mark.real
@pytest.mark.wide
@pytest.mark.usefixtures("admin")
def test_a_query_for_gauges_can_change_nothing(
    place: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "sql: 'CREATE TABLE left_behind ()', dsn: {env: MINE_ADMIN}, map: {queue_length: n}"
    done = typed(capsys, "target", "gauges", target(place, service.url, top=gauges(query)))
    assert done.code == 2 and "read-only transaction" in done.err


def test_what_the_page_shows_can_be_typed_as_it_stands(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    section = (
        (PROJECT / "docs/own-service.md").read_text().partition("\n## Gauges\n")[2].partition("\n## ")[0]
    )
    blocks = re.findall(r"```yaml\n(.*?)```", section, re.S)
    assert len(blocks) >= 3
    database = "  databases: {primary: {admin_dsn: {env: MINE}}}\n"
    for block in blocks:
        source = "gauges:\n- prometheus: http://127.0.0.1:9\n" + indent(block, "  ")
        top = block if block.startswith("gauges:") else source
        done = typed(capsys, "validate", target(place, URL, database, top=top))
        assert done.code == 0, block + done.err
