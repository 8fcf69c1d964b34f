"""Alerts replayed by the real promtool: each fires when an obvious reading of its rule says, or says why not."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaos import cli
from chaos.alerts import replay, show
from chaos.alerts import rules as rule_files
from chaos.alerts.mapping import Mapped
from chaos.alerts.replay import Replay, State
from chaos.errors import ExitCode, UsageError
from chaos.record.journal import Journal
from tests.alerts import planted

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
    ),
]

POOL = "api/pool_busiest"
BUSY = {"alert": "PoolFull", "expr": "midnight_api_pool_busiest_ratio > 0.8", "for": "5s"}


def play(journal: Journal, file: Path, **given: Any) -> Replay:
    how: dict[str, Any] = {"mapped": {}, "scrape": 1.0, "every": 1.0, **given}
    return replay.play(journal, rule_files.load([file]), [file], **how)


def square(start: int, end: int) -> list[float]:
    return [1.0 if start <= at < end else 0.0 for at in range(61)]


def test_an_alert_fires_after_its_time_and_resolves(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, injected={"storm": 18.0})
    (found,) = play(journal, planted.rules(tmp_path, BUSY)).alerts
    (episode,) = found.episodes
    assert (episode.pending, episode.firing, episode.resolved) == (20.0, 25.0, 40.0)
    assert (found.state, found.after, found.seconds, found.early) == (State.FIRED, "storm", 7.0, False)


def fires(values: list[bool], held: int) -> int | None:
    """When it fires, read off the rule: true at each of so many evaluations in a row, and at the next."""
    since = None
    for at, value in enumerate(values):
        since = (since if since is not None else at) if value else None
        if since is not None and at - since >= held:
            return at
    return None


def test_sixty_random_rules_fire_when_an_obvious_reading_says(tmp_path: Path) -> None:
    draw = random.Random(1)
    gauges: dict[str, list[float]] = {}
    alerts, expected = [], {}
    for number in range(60):
        values: list[float] = []
        while len(values) < 61:
            values += [draw.random()] * draw.randint(1, 12)
        threshold, held = draw.random(), draw.choice([0, 1, 3, 8, 20])
        gauges[f"process:p{number}/threads"] = values[:61]
        expr = f'midnight_process_threads{{role="p{number}"}} > {threshold:.6f}'
        alerts.append({"alert": f"A{number}", "expr": expr, "for": f"{held}s"})
        expected[f"A{number}"] = fires([value > round(threshold, 6) for value in values[:61]], held)
    found = play(planted.run(tmp_path, gauges), planted.rules(tmp_path, *alerts))
    first = {
        each.alert: min((one.firing for one in each.episodes if one.firing is not None), default=None)
        for each in found.alerts
    }
    assert first == expected
    assert None in expected.values() and len(set(expected.values())) > 10


def test_one_that_never_fires_says_why(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)})
    found = play(
        journal,
        planted.rules(
            tmp_path,
            BUSY | {"alert": "Slow", "for": "15m"},
            {"alert": "High", "expr": "midnight_api_pool_busiest_ratio > 7"},
            {"alert": "Foreign", "expr": "rabbitmq_queue_messages > 100"},
        ),
    )
    why = {each.alert: (each.state, each.because) for each in found.alerts}
    assert why["Slow"][0] is State.PENDING and "pending for 20 s at most, and `for` is 15m" in why["Slow"][1]
    assert why["High"] == (State.SILENT, "threshold not reached: 0 to 1, must be > 7")
    assert why["Foreign"][0] is State.NO_SERIES and "rabbitmq_queue_messages" in why["Foreign"][1]
    assert found.unmapped == ("rabbitmq_queue_messages",)


def test_a_stretched_worst_moment_lets_a_slow_rule_fire(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, bad=(30.0, 31.0))
    file = planted.rules(tmp_path, BUSY | {"for": "15m"})
    assert play(journal, file).alerts[0].state is State.PENDING
    (found,) = play(journal, file, hold=1200.0).alerts
    assert found.state is State.FIRED and found.episodes[0].firing == 920.0


def test_labels_that_a_rule_demands_are_those_of_its_prometheus(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {}, bad=(20.0, 50.0))
    rate = 'sum(rate(http_requests_total{job="api",code=~"5.."}[5s])) / sum(rate(http_requests_total{job="api"}[5s]))'
    down = {"alert": "Down", "expr": 'probe_success{job="blackbox",instance="https://shop"} == 0'}
    found = play(journal, planted.rules(tmp_path, down, {"alert": "Errors", "expr": f"{rate} > 0.5"}))
    assert {each.alert: each.state for each in found.alerts} == {"Down": State.FIRED, "Errors": State.FIRED}


@pytest.mark.parametrize(
    ("patience", "fired"), [(None, 21.0), (1.0, 21.0), (2.5, 23.0), (3.5, None)], ids=str
)
def test_a_probe_fails_where_requests_take_longer_than_it_waits(
    tmp_path: Path, patience: float | None, fired: float | None
) -> None:
    down = {"alert": "Down", "expr": "probe_success == 0"}
    journal = planted.run(tmp_path, {}, slow=(20.0, 30.0))
    (found,) = play(journal, planted.rules(tmp_path, down), patience=patience).alerts
    assert [episode.firing for episode in found.episodes] == ([] if fired is None else [fired])


def reached(evaluated: float, interval: float = 1.0) -> list[dict[str, Any]]:
    detail = {"url": "http://127.0.0.1:9090", "interval": interval, "evaluated": {"PoolFull": evaluated}}
    return [{"at": 2.0, "source": "alerts", "name": "prometheus", "phase": "reached", "detail": detail}]


def test_an_alert_is_evaluated_at_the_instants_at_which_the_runs_own_prometheus_did(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, injected={"storm": 18.0}, more=reached(1.4))
    file = planted.rules(tmp_path, BUSY, BUSY | {"alert": "Other"})
    own, other = play(journal, file).alerts
    (episode,) = own.episodes
    assert (episode.pending, episode.firing, episode.resolved) == (20.4, 25.4, 40.4)
    assert own.seconds == pytest.approx(7.4) and own.aligned
    assert (other.episodes[0].firing, other.seconds, other.aligned) == (25.0, 7.0, False)


def test_with_another_interval_those_instants_mean_nothing(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, more=reached(1.4, interval=15.0))
    (found,) = play(journal, planted.rules(tmp_path, BUSY)).alerts
    assert found.episodes[0].firing == 25.0 and not found.aligned


def test_metrics_of_ones_own_come_from_a_map(tmp_path: Path) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, bad=(20.0, 40.0))
    file = planted.rules(
        tmp_path,
        {"alert": "Pool", "expr": 'my_pool_percent{pool="main"} > 80'},
        {"alert": "Failed", "expr": "rate(my_failed_total[5s]) > 5"},
    )
    mapped = {
        "my_pool_percent": Mapped(gauge=POOL, labels={"pool": "main"}, scale=100.0),
        "my_failed_total": Mapped(outcomes=("bad_status",)),
    }
    assert {each.state for each in play(journal, file).alerts} == {State.NO_SERIES}
    found = play(journal, file, mapped=mapped)
    assert {each.alert: each.state for each in found.alerts} == {"Pool": State.FIRED, "Failed": State.FIRED}


@pytest.mark.parametrize(
    ("injected", "values", "limit", "code"),
    [
        (18.0, square(20, 40), 10.0, ExitCode.PASS),
        (18.0, square(20, 40), 5.0, ExitCode.VIOLATED),
        (18.0, square(70, 80), 5.0, ExitCode.VIOLATED),
        (30.0, square(20, 40), 60.0, ExitCode.UNKNOWN),
        (18.0, [], 60.0, ExitCode.UNKNOWN),
    ],
    ids=["in time", "late", "never", "active before", "no samples"],
)
def test_a_required_alert_decides_the_exit_code(
    tmp_path: Path, injected: float, values: list[float], limit: float, code: ExitCode
) -> None:
    gauges = {POOL: values} if values else {}
    found = play(planted.run(tmp_path, gauges, injected={"storm": injected}), planted.rules(tmp_path, BUSY))
    assert show.judged(found, {"PoolFull": limit})[0] is code


@pytest.mark.parametrize("words", ["PoolFul=5s", "PoolFull", "PoolFull=soon", "=5s"])
def test_a_requirement_that_names_no_alert_and_time_is_refused(tmp_path: Path, words: str) -> None:
    found = play(planted.run(tmp_path, {}), planted.rules(tmp_path, BUSY))
    with pytest.raises(UsageError, match="--require"):
        show.required([words], found)


def test_rules_that_promtool_refuses_are_one_line(tmp_path: Path) -> None:
    file = planted.rules(tmp_path, BUSY | {"labels": {"bad-name": "x"}})
    with pytest.raises(UsageError, match="promtool refuses the rules") as refused:
        play(planted.run(tmp_path, {}), file)
    assert len(str(refused.value).splitlines()) == 1


def test_the_command_prints_json_and_exits_with_what_is_required(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = planted.run(tmp_path, {POOL: square(20, 40)}, injected={"storm": 18.0})
    rules = str(planted.rules(tmp_path, BUSY))
    words = ["alerts", str(journal.run.path), "--rules", rules, "--scrape", "1s", "--evaluate", "1s"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--require", "PoolFull=5s", "--json"])
    assert ended.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert found["alerts"][0]["seconds"] == 7.0 and found["exit_code"] == 1
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert not ended.value.code
    said = capsys.readouterr().out
    assert said.startswith(
        "PoolFull: fired 7 s after the first injection, after storm; resolved 15 s later\n"
    )
