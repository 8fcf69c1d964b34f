"""A group's own interval: what it makes of an alert, and of what is required of it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chaos.alerts import intervals, replay, show
from chaos.alerts import rules as rule_files
from chaos.alerts.intervals import Fires
from chaos.alerts.promtool import Value
from chaos.alerts.replay import Replay
from chaos.alerts.virtual import Grid
from chaos.errors import ExitCode, FileError
from tests.alerts import planted

PROMTOOL = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
)
MEMORY = "machine/memory_available"
FALLING = [500.0 - at for at in range(121)]
BLIP = "node_memory_MemAvailable_bytes < 470 > 465"  # true for 4 s, 11 s after the injection
LOW = "node_memory_MemAvailable_bytes < 470"


def play(place: Path, text: str, every: float = 1.0, **given: Any) -> Replay:
    file = place / "rules.yaml"
    file.write_text(text)
    journal = planted.run(place, {MEMORY: FALLING}, injected={"storm": 20.0}, length=120)
    rules = rule_files.load([file])
    return replay.play(journal, rules, [file], mapped={}, **{"scrape": 1.0, "every": every, **given})


def group(expr: str, interval: str = "", more: str = "", name: str = "g") -> str:
    own = f"interval: {interval}, " if interval else ""
    return f"{{name: {name}, {own}rules: [{{alert: A, expr: '{expr}'{more}}}]}}"


def groups(*found: str) -> str:
    return f"groups: [{', '.join(found)}]"


def code(found: Replay, within: float) -> ExitCode:
    return show.judged(found, {"A": within})[0]


@pytest.mark.real
@PROMTOOL
def test_a_blip_that_a_slower_group_may_miss_is_unknown(tmp_path: Path) -> None:
    found = play(tmp_path, groups(group(BLIP, "1m")))
    assert found.alerts[0].slower == Fires(31.0, None)
    assert code(found, 15.0) is code(found, 600.0) is ExitCode.UNKNOWN
    assert code(found, 5.0) is ExitCode.VIOLATED
    first, *_, last = show.lines(found)
    assert first.endswith(
        "; its group g is evaluated every 1m: a Prometheus fires it 11 s after the first injection at the soonest, "
        "or never"
    )
    assert last.endswith(
        "a Prometheus is up to 2 s later (except as said above), and with longer intervals more"
    )


@pytest.mark.real
@PROMTOOL
@pytest.mark.parametrize(
    ("interval", "wait", "soonest", "latest"),
    [("20s", "0s", 11.0, 30.0), ("20s", "20s", 31.0, 50.0), ("20s", "30s", 51.0, 70.0)],
)
def test_a_slower_group_fires_between_its_soonest_and_its_latest(
    tmp_path: Path, interval: str, wait: str, soonest: float, latest: float
) -> None:
    found = play(tmp_path, groups(group(LOW, interval, f", for: {wait}")))
    assert found.alerts[0].slower == Fires(20.0 + soonest, 20.0 + latest)
    assert [code(found, within) for within in (soonest - 1, soonest, latest - 1, latest)] == [
        ExitCode.VIOLATED,
        ExitCode.UNKNOWN,
        ExitCode.UNKNOWN,
        ExitCode.PASS,
    ]


@pytest.mark.real
@PROMTOOL
def test_a_slower_group_never_fires_what_lasts_for_less_than_two_of_its_evaluations(tmp_path: Path) -> None:
    found = play(tmp_path, groups(group("node_memory_MemAvailable_bytes < 470 > 440", "1m", ", for: 10s")))
    assert found.alerts[0].seconds == 21.0 and found.alerts[0].slower == Fires(None, None)
    assert code(found, 60.0) is ExitCode.VIOLATED
    assert "evaluated every 1m: a Prometheus never fires it" in show.lines(found)[0]


@pytest.mark.real
@PROMTOOL
def test_a_faster_group_is_replayed_at_its_own_interval(tmp_path: Path) -> None:
    found = play(
        tmp_path, groups(group(BLIP, "2s"), group(BLIP, name="h").replace("alert: A", "alert: B")), 15.0
    )
    own, other = found.alerts
    assert (own.seconds, own.slower, other.seconds) == (12.0, None, None)
    assert code(found, 15.0) is ExitCode.PASS
    assert show.lines(found)[0].endswith("; its group g is evaluated every 2 s")


@pytest.mark.real
@PROMTOOL
@pytest.mark.parametrize("interval", ["", "1s", "0s", "1000ms"])
def test_the_interval_of_the_replay_changes_nothing(tmp_path: Path, interval: str) -> None:
    found = play(tmp_path, groups(group(BLIP, interval)))
    (only,) = found.alerts
    assert (only.seconds, only.interval, only.slower, only.behind) == (11.0, None, None, {})
    assert code(found, 15.0) is ExitCode.PASS
    assert show.lines(found) == [
        "A: fired 11 s after the first injection, after storm; resolved 4 s later",
        "scraped every 1 s, evaluated every 1 s: a Prometheus is up to 2 s later, and with longer intervals more",
    ]


@pytest.mark.real
@PROMTOOL
def test_what_a_slower_group_records_makes_the_alert_unknown(tmp_path: Path) -> None:
    recorded = (
        "{name: r, interval: 1m, rules: [{record: 'low:memory', expr: node_memory_MemAvailable_bytes}]}"
    )
    found = play(tmp_path, groups(recorded, group("low:memory < 470")))
    assert found.alerts[0].behind == {"low:memory": 60.0}
    assert code(found, 15.0) is ExitCode.UNKNOWN
    assert "; it reads low:memory, recorded every 1m: a Prometheus may differ" in show.lines(found)[0]


@pytest.mark.real
@PROMTOOL
def test_what_its_own_group_records_is_as_new_as_the_alert(tmp_path: Path) -> None:
    rules = (
        "{record: 'low:memory', expr: node_memory_MemAvailable_bytes}, {alert: A, expr: 'low:memory < 470'}"
    )
    found = play(tmp_path, groups(f"{{name: g, interval: 20s, rules: [{rules}]}}"))
    assert (found.alerts[0].behind, found.alerts[0].slower) == ({}, Fires(31.0, 50.0))


@pytest.mark.real
@PROMTOOL
def test_an_expression_of_several_lines_is_evaluated(tmp_path: Path) -> None:
    selector = 'node_memory_MemAvailable_bytes{job!~"a\\\\.b"}'
    expr = f'      # a comment: "é"\n      {selector}\n        < 470\n'
    text = f"groups:\n- name: g\n  interval: 20s\n  rules:\n  - alert: A\n    expr: |\n{expr}"
    assert play(tmp_path, text).alerts[0].slower == Fires(31.0, 50.0)


@pytest.mark.parametrize("interval", ["1 m", "5", "-1m", "soon"])
def test_an_interval_that_prometheus_refuses_is_refused(tmp_path: Path, interval: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(groups(group(LOW, interval)))
    with pytest.raises(FileError, match="interval: must be a duration such as 5m"):
        rule_files.load([file])


def obvious(values: list[bool], begin: int, interval: int, held: int) -> int | None:
    """Read off the rule: true at each evaluation from one that is `held` before."""
    looks = range(begin, len(values), interval)
    for at in looks:
        since = [then for then in looks if then <= at - held]
        if values[at] and since and all(values[then] for then in looks if since[-1] <= then <= at):
            return at
    return None


def test_random_conditions_fire_when_an_obvious_reading_says() -> None:
    draw = random.Random(3)
    for _ in range(300):
        values: list[bool] = []
        while len(values) < 90:
            values += [draw.random() < 0.6] * draw.randint(1, 25)
        values, interval, held = values[:90], draw.choice([2, 5, 15, 40]), draw.choice([0, 5, 12, 30])
        rule = rule_files.Rule("A", "", "x", float(held), (), interval=float(interval))
        seen = [Value(float(at), {}, 1.0) for at, value in enumerate(values) if value]
        grid = Grid(np.arange(90.0), 1.0)
        firsts = [obvious(values, begin, interval, held) for begin in range(interval)]
        fired = [float(at) for at in firsts if at is not None]
        wanted = Fires(min(fired, default=None), max(fired) if fired and None not in firsts else None)
        assert intervals.fires(rule, seen, grid, 1.0) == wanted
