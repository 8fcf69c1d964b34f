"""A run as OpenMetrics: every sample of its journal, at its instant."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from chaos.record.gauges import GAUGES
from chaos.record.hits import DTYPE, Outcome
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import openmetrics

ZERO = 1_795_780_656.25
UTC = "2026-11-27T11:57:36.250000+00:00"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Two seconds of one gauge, one step, and four requests."""
    run = RunDir(tmp_path / "20261127T115736Z-a1b2c3")
    run.path.mkdir()
    run.run_file.write_text(
        json.dumps(
            {
                "version": 2,
                "id": run.id,
                "experiment": {"name": "night"},
                "target": {"name": "shop"},
                "plan": [{"step": "slow", "fault": "latency"}],
                "started": UTC,
            }
        )
    )
    events = [
        {"at": 0.0, "source": "run", "name": "run", "phase": "begun", "detail": {"utc": UTC}},
        {"at": 0.5, "source": "step", "name": "slow", "phase": "injecting", "detail": {}},
        {"at": 1.25, "source": "step", "name": "slow", "phase": "undone", "detail": {}},
        {"at": 2.0, "source": "run", "name": "run", "phase": "ended", "detail": {}},
    ]
    run.events.write_text("\n".join(map(json.dumps, [{"version": 2}, *events])) + "\n")
    samples = [
        {
            "at": at / 4,
            "values": {"process:api": {"rss": 1e6 + at}, "api": {"pool_waits_timed_out": float(at)}},
        }
        for at in range(9)
    ]
    run.samples.write_text("\n".join(map(json.dumps, [{"version": 2}, *samples])) + "\n")
    hits = np.zeros(4, DTYPE)
    hits["due"], hits["done"] = (0.1, 0.6, 1.1, 1.6), (0.103, 0.7, 1.3, np.nan)
    hits["outcome"] = (Outcome.GOOD, Outcome.GOOD, Outcome.BAD_STATUS, Outcome.PENDING)
    np.save(run.hits, hits)
    header = {"version": 1, "routes": ["read"], "writes": [], "timeouts": [5.0], "outcomes": []}
    run.hits_header.write_text(json.dumps(header))
    return Journal(run)


Found = dict[str, list[tuple[float, float, dict[str, str]]]]


LINE = re.compile(r"(\w+)\{(.*)\} (\S+) (\S+)")


def read(text: str) -> Found:
    """Line by line; that Prometheus reads it, too, is promtool's test."""
    found: Found = {}
    assert text.endswith("# EOF\n")
    for name, labels, value, at in (
        match.groups() for match in map(LINE.fullmatch, text.splitlines()) if match
    ):
        of = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found.setdefault(name, []).append((float(at) - ZERO, float(value), of))
    return found


def test_every_sample_has_its_value_at_its_instant(journal: Journal) -> None:
    found = read(openmetrics.render(journal))
    memory = found["midnight_process_rss_bytes"]
    assert [(at, value) for at, value, _ in memory] == [(at / 4, 1e6 + at) for at in range(9)]
    assert memory[0][2] == {"experiment": "night", "target": "shop", "profile": "", "role": "api"}
    waits = found["midnight_api_pool_waits_timed_out_total"]
    assert [value for _, value, _ in waits] == list(range(9))


def test_a_fault_is_one_from_its_injection_until_it_is_undone(journal: Journal) -> None:
    acts = [at for at, value, _ in read(openmetrics.render(journal))["midnight_fault_active"] if value]
    assert acts == [0.5, 0.75, 1.0]


def test_requests_are_counted_when_they_have_ended(journal: Journal) -> None:
    found = read(openmetrics.render(journal))
    by_outcome: dict[str, list[float]] = {}
    for _, value, labels in found["midnight_requests_total"]:
        by_outcome.setdefault(labels["outcome"], []).append(value)
    assert by_outcome == {"good": [0, 1, 1, 2, 2, 2, 2, 2, 2], "bad_status": [0, 0, 0, 0, 0, 0, 1, 1, 1]}
    last = {
        labels["le"]: value
        for at, value, labels in found["midnight_request_duration_seconds_bucket"]
        if at == 2
    }
    assert (last["0.005"], last["0.05"], last["0.25"], last["+Inf"]) == (1, 1, 2, 2)


def test_the_id_of_the_run_is_no_label(journal: Journal) -> None:
    assert journal.run.id not in openmetrics.render(journal)


@pytest.mark.parametrize(
    ("source", "gauge"), [(f"{source}x", gauge) for source, kind in GAUGES.items() for gauge in kind]
)
def test_units_are_base_units(source: str, gauge: str) -> None:
    name = openmetrics.named(source.removesuffix("x") if ":" not in source else source, gauge).name
    assert name.startswith("midnight_") and not name.endswith(("_ms", "_bps", "_mb"))


def test_a_gauge_of_a_plugin_keeps_its_name() -> None:
    assert openmetrics.named("redis-1", "keys left").name == "midnight_redis_1_keys_left"


@pytest.mark.real
@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed: apt-get install prometheus"
)
def test_promtool_makes_a_block_of_it(journal: Journal, tmp_path: Path) -> None:
    file = tmp_path / "run.om"
    file.write_text(openmetrics.render(journal))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(tmp_path / "blocks")]
    subprocess.run(command, check=True, capture_output=True)
    assert [each for each in (tmp_path / "blocks").iterdir() if (each / "meta.json").is_file()]
