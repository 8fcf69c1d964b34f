"""Selectors that name no metric select those of the run that fit, or say that there are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chaos.alerts import mapping, replay, rules, show
from chaos.alerts.replay import Replay, State
from chaos.errors import ExitCode
from tests.alerts import planted

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
    ),
]

GAUGES = {"machine/memory_available": [500.0 - at for at in range(61)], "api/pool_busiest": [0.5] * 61}


def play(place: Path, *found: dict[str, str], mapped: str = "") -> Replay:
    (place / "map.yaml").write_text(mapped)
    chosen = mapping.load(place / "map.yaml") if mapped else {}
    journal = planted.run(place, GAUGES, injected={"storm": 20.0})
    file = planted.rules(place, *found)
    return replay.play(journal, rules.load([file]), [file], mapped=chosen, scrape=1.0, every=1.0)


def alert(expr: str) -> dict[str, str]:
    return {"alert": "A", "expr": expr}


@pytest.mark.parametrize(
    "expr",
    [
        '{__name__=~"node_memory_MemAvail.*"} < 470',
        '{__name__=~"node_memory_.*",__name__!~".*Total.*"} < 470',
        '{__name__=~"node_memory_(MemAvailable|Swap)_bytes",job="node"} < 470',
        '{__name__="node_memory_MemAvailable_bytes"} < 470',
        'min_over_time({__name__=~"node_memory_MemAvail.*"}[2s]) < 470',
        '{__name__=~"low:.*"} < 470',
        'count({pool="main"} > 0) == 1 and on() node_memory_MemAvailable_bytes < 470',
        '{__name__!="my_other",__name__!~"ALERTS.*",pool="main"} < 470',
        '{__name__=~"my_.*"} < 470',
    ],
)
def test_a_selector_selects_the_metrics_that_fit(tmp_path: Path, expr: str) -> None:
    low = {"record": "low:memory", "expr": '{__name__=~"node_memory_Mem[A].*"}'}
    mapped = "my_memory: {gauge: machine/memory_available, labels: {pool: main}}"
    found = play(tmp_path, low, alert(expr), mapped=mapped)
    (only,) = found.alerts
    assert (only.state, only.seconds) == (State.FIRED, 11.0), only
    assert found.unmapped == ()


@pytest.mark.parametrize(
    ("expr", "lacking"),
    [
        ('{__name__=~"rabbitmq_.*"} > 1', '{__name__=~"rabbitmq_.*"}'),
        ('{job="node"} < 470', '{job="node"}'),
        ('{__name__!="up",job=~"node|api"} < 470', '{__name__!="up",job=~"node|api"}'),
        ('{__name__=~"[[:alpha:]_]+"} < 470', '{__name__=~"[[:alpha:]_]+"}'),
        ('absent({__name__=~"rabbitmq_.*"})', '{__name__=~"rabbitmq_.*"}'),
    ],
)
def test_one_that_selects_nothing_of_the_run_is_not_judged(tmp_path: Path, expr: str, lacking: str) -> None:
    found = play(tmp_path, alert(expr))
    (only,) = found.alerts
    assert only.state is State.NO_SERIES
    assert only.because == f"the run has no samples of {lacking}: map them with --map FILE"
    assert found.unmapped == (lacking,)
    assert show.judged(found, {"A": 60.0})[0] is ExitCode.UNKNOWN


def test_one_that_fits_and_is_never_true_still_fails(tmp_path: Path) -> None:
    found = play(tmp_path, alert('{__name__=~"node_memory_MemAvail.*"} < 0'))
    assert found.alerts[0].state is State.SILENT
    assert show.judged(found, {"A": 60.0})[0] is ExitCode.VIOLATED


def test_a_map_whose_gauge_is_missing_is_named(tmp_path: Path) -> None:
    found = play(tmp_path, alert('{__name__=~"my_.*"} > 1'), mapped="my_queue: {gauge: api/pool_busyest}")
    assert list(found.mistaken) == ["my_queue"]
    assert found.alerts[0].state is State.NO_SERIES


def test_a_selector_is_read_with_what_it_demands(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": [alert('{__name__!~"a",b="c",d!="e"}')]}]}))
    (rule,) = rules.load([file])
    (one,) = rule.selectors
    assert sorted(one.named) == [("!~", "a")] and one.equal == (("b", "c"),)
