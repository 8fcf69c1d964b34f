"""Each preset reads what its exporter really shows, and the page lists all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chaos.plugin.handles import GaugeSource
from chaos.sampling import gauges
from chaos.sampling.shown import Document
from chaos.sampling.shown.documents import Document as JsonDocument
from chaos.sampling.shown.pages import parsed
from chaos.sampling.shown.rows import Rows
from chaos.spec import presets
from tests.midnight import PROJECT

SHOWN = Path(__file__).parent / "expositions"
READ: dict[str, dict[str, float]] = {
    "go-sql": {"pool_size": 5, "pool_checked_out": 5, "pool_waits": 4},
    "gunicorn-statsd": {"requests": 5},
    "hikaricp": {"pool_size": 10, "pool_checked_out": 0, "pool_waiters": 0, "pool_waits_timed_out": 0},
    "node-postgres": {"pool_size": 10, "pool_checked_out": 10, "pool_waiters": 1},
    "node-postgres-json": {"pool_size": 10, "pool_checked_out": 5, "pool_waiters": 2},
    "opentelemetry": {"pool_checked_out": 0},
    "pgbouncer": {"pool_size": 5, "pool_checked_out": 3, "pool_waiters": 4, "clients": 7},
    "php-fpm": {"pool_checked_out": 1, "pool_waiters": 0, "pool_waits": 0, "in_flight": 1},
    "psycopg-pool": {
        "pool_size": 4,
        "pool_checked_out": 3,
        "pool_waiters": 10,
        "pool_waits": 10,
        "pool_waits_timed_out": 0,
    },
    "rabbitmq": {"queue_length": 0, "in_flight": 0, "clients": 0},
    "redis": {"cache_entries": 3, "clients": 1},
    "resilience4j": {"breaker_state_proxyService": 0},
    "sqlalchemy": {"pool_size": 15, "pool_checked_out": 12},
}
"""What is read of each recorded answer."""


def documents(name: str) -> list[Document]:
    """What the exporter answered, once for each part of the preset."""
    preset = presets.named(name)
    (file,) = SHOWN.glob(f"{name}.[tj]*")
    if preset.kind == "prometheus":
        return [parsed(file.read_text(), None, is_open=False)]
    content = json.loads(file.read_text())
    if preset.kind == "json":
        return [JsonDocument(content)]
    return [Rows(content[part.sql]["columns"], content[part.sql]["rows"]) for part in preset.parts]


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_reads_what_its_exporter_shows(name: str) -> None:
    preset = presets.named(name)
    found: dict[str, float] = {}
    for part, document in zip(preset.parts, documents(name), strict=True):
        source = GaugeSource(preset.kind, name, may=part.formulas)
        seen = gauges.looked(source, document)
        assert [each.wrong for each in seen if each.values and each.wrong] == []
        found |= gauges.values(source, document)
    assert found == READ[name]


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_is_of_a_documented_exporter(name: str) -> None:
    preset = presets.named(name)
    assert preset.title and preset.source.startswith("https://") and preset.gauges


def test_a_preset_of_which_nothing_is_shown_is_refused() -> None:
    source = GaugeSource("prometheus", "", may=presets.named("redis").parts[0].formulas, preset="redis")
    for page, words in (("other 1\n", ": there is other"), ("pg_pool_max 1\n", "preset: node-postgres?")):
        seen = gauges.looked(source, parsed(page, None, is_open=False))
        assert all(each.required and not each.values for each in seen)
        assert all("nothing of preset redis is shown" in each.wrong and words in each.wrong for each in seen)


def test_the_page_lists_every_preset_with_its_gauges() -> None:
    page = (PROJECT / "docs/own-service.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| `(prometheus|json|sql)` \| (.*?) \| (.*?) \|$", page, re.M)
    listed = {name: (kind, re.findall(r"`(\w+)`", told)) for name, kind, _, told in rows}
    known = {each: presets.named(each) for each in presets.names()}
    assert listed == {name: (each.kind, list(each.gauges)) for name, each in known.items()}
