"""Rule files as teams have them: an operator's resources, newer keys, several rules with one name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaos.alerts import mapping, promtool, replay, rule_file, show
from chaos.alerts import rules as rule_files
from chaos.alerts.replay import Replay, State
from chaos.errors import ExitCode, FileError, UsageError
from tests.alerts import planted
from tests.typed import refusal

PROMTOOL = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing")
MEMORY = "machine/memory_available"
FALLING = [500.0 - at for at in range(61)]
LOW = "{alert: Low, expr: node_memory_MemAvailable_bytes < 470}"


def play(place: Path, text: str, mapped: str = "", **given: Any) -> Replay:
    file, map_file = place / "rules.yaml", place / "map.yaml"
    file.write_text(text)
    map_file.write_text(mapped)
    journal = planted.run(place, {MEMORY: FALLING}, injected={"storm": 20.0})
    how: dict[str, Any] = {"mapped": mapping.load(map_file) if mapped else {}, "scrape": 1.0, "every": 1.0}
    return replay.play(journal, rule_files.load([file]), [file], **{**how, **given})


@pytest.mark.real
@PROMTOOL
@pytest.mark.parametrize(
    "text",
    [
        f"groups: [{{name: g, rules: [{LOW}]}}]",
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: shop}\n"
        f"spec: {{groups: [{{name: g, rules: [{LOW}]}}]}}",
        "---\n# Source: shop/templates/service.yaml\napiVersion: v1\nkind: Service\nspec: {ports: []}\n---\n"
        f"kind: PrometheusRule\nspec: {{groups: [{{name: g, rules: [{LOW}]}}]}}\n---\n",
        f"kind: List\nitems: [{{kind: Secret}}, {{spec: {{groups: [{{name: g, rules: [{LOW}]}}]}}}}]",
        f"namespace: team\ngroups: [{{name: g, query_offset: 1m, source_tenants: [a], limit: 9, rules: [{LOW}]}}]",
    ],
    ids=["plain", "PrometheusRule", "rendered", "List", "newer keys"],
)
def test_a_file_of_rules_is_played_whatever_it_is_wrapped_in(tmp_path: Path, text: str) -> None:
    (found,) = play(tmp_path, text).alerts
    assert (found.state, found.seconds) == (State.FIRED, 11.0)


@pytest.mark.real
@PROMTOOL
def test_rules_with_one_name_are_told_apart_by_their_labels(tmp_path: Path) -> None:
    text = """
groups:
- name: g
  labels: {team: shop}
  rules:
  - {alert: Low, expr: node_memory_MemAvailable_bytes < 470, labels: {severity: ticket}}
  - {alert: Low, expr: node_memory_MemAvailable_bytes < 450, labels: {severity: page}}
  - {alert: Low, expr: node_memory_MemAvailable_bytes < 0, labels: {severity: never}}
"""
    found = play(tmp_path, text)
    assert [each.seconds for each in found.alerts] == [11.0, 31.0, None]
    assert found.alerts[1].episodes[0].labels == {"team": "shop", "severity": "page"}
    assert [line.partition(": ")[0] for line in show.lines(found)[:3]] == [
        'Low{team="shop",severity="ticket"}',
        'Low{team="shop",severity="page"}',
        'Low{team="shop",severity="never"}',
    ]
    assert show.judged(found, {"Low": 20.0}) == (ExitCode.PASS, [])
    code, (said,) = show.judged(found, {"Low": 5.0})
    assert (code, said) == (ExitCode.VIOLATED, "FAIL: Low fired after 11 s; must fire within 5 s")


@pytest.mark.real
@PROMTOOL
def test_what_no_run_has_is_not_absent(tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [{alert: Gone, expr: absent(shop_orders_total)}]}]"
    found = play(tmp_path, text)
    assert (found.alerts[0].state, found.unmapped) == (State.NO_SERIES, ("shop_orders_total",))
    assert show.judged(found, {"Gone": 60.0})[0] is ExitCode.UNKNOWN


@pytest.mark.real
@PROMTOOL
def test_an_alert_on_other_alerts_needs_no_map(tmp_path: Path) -> None:
    inhibitor = 'ALERTS{alertname="Low", alertstate="firing"} == 1'
    text = f"groups: [{{name: g, rules: [{LOW}, {{alert: Inhibitor, expr: '{inhibitor}'}}]}}]"
    found = play(tmp_path, text)
    assert found.unmapped == ()
    assert found.alerts[1].state is State.FIRED


@pytest.mark.real
@PROMTOOL
def test_a_rule_that_reads_the_clock_is_named(tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [{alert: Day, expr: up == 0 and on() hour() > 8}]}]"
    assert any(
        line.startswith("hour() begins at 00:00 on 1 January 1970")
        for line in show.lines(play(tmp_path, text))
    )


@pytest.mark.real
@PROMTOOL
def test_a_map_that_names_what_the_run_does_not_have_is_told_so(tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [{alert: A, expr: a + b > 1}]}]"
    mapped = "a: {gauge: machine/memory_availabel}\nb: {outcomes: [good], routes: [raed]}\nc: {gauge: x/y}\n"
    found = play(tmp_path, text, mapped)
    assert found.unmapped == ()
    assert [line for line in show.lines(found) if line.startswith("--map")] == [
        "--map: a: the run has no gauge machine/memory_availabel; did you mean machine/memory_available?",
        "--map: b: the run has no route raed; did you mean read?",
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "groups: [{name: g, rules: [{alert: A, expr: up, fro: 5m}]}]",
            "fro: unknown key; did you mean for?",
        ),
        ("groups: [{name: g, intervall: 5m, rules: []}]", "intervall: unknown key; did you mean interval?"),
        (
            "groups: [{name: g, rules: [{alert: A, expr: up, for: 3}]}]",
            "must be a duration such as 5m, got 3",
        ),
        ("groups: [{name: g, rules: [{alert: A, expr: up, keep_firing_for: x}]}]", "must be a duration"),
        ("kind: Service\n---\nkind: Secret\n", "must be a file of Prometheus rules"),
        ("kind: PrometheusRule\nspec: {groups: {name: g}}\n", "must be a file of Prometheus rules"),
        ("groups: [3]", "must have `rules:`"),
        ("groups: [{name: g, rules: [{alert: A, expr: up, labels: {a: [b]}}]}]", "must be text"),
        ("groups: [{name: g, rules: [3]}]", "must have `alert:` or `record:`"),
    ],
)
def test_a_mistake_in_a_group_is_one_line(tmp_path: Path, text: str, rule: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as refused:
        rule_files.load([file])
    assert rule in str(refused.value)
    assert str(refused.value).startswith(f"{file}:1")


def test_promtool_gets_the_labels_of_a_group_with_each_rule_and_no_key_that_it_does_not_know(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "groups: [{name: g, labels: {a: x, b: x}, query_offset: 1m, rules: [{alert: A, expr: up, labels: {b: y}}]}]"
    )
    (group,) = json.loads(rule_file.for_promtool(file))["groups"]
    assert group == {"name": "g", "rules": [{"alert": "A", "expr": "up", "labels": {"a": "x", "b": "y"}}]}


def test_values_that_yaml_does_not_read_as_text_are_text_as_prometheus_has_them(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    labels = "{page: true, tier: 1, since: 2026-11-27, none: }"
    more = "annotations: {since: 2026-11-27}"
    file.write_text(f"groups: [{{name: g, rules: [{{alert: A, expr: up, labels: {labels}, {more}}}]}}]")
    wanted = {"page": "true", "tier": "1", "since": "2026-11-27"}
    (group,) = json.loads(rule_file.for_promtool(file))["groups"]
    assert group["rules"][0]["labels"] == wanted
    assert group["rules"][0]["annotations"] == {"since": "2026-11-27"}
    (rule,) = rule_files.load([file])
    assert dict(rule.labels) == wanted


def test_a_label_that_promtool_quotes_is_that_of_the_rule() -> None:
    said = '    expr: "ALERTS", time: 1s,\n        exp: x\n        got: {team="the \\"night\\" watch", odd="\\x00"} 1\n'
    (value,) = promtool._parsed(said)["ALERTS"]
    assert value.labels == {"team": 'the "night" watch', "odd": "\\x00"}


@pytest.mark.real
@PROMTOOL
def test_a_label_that_is_not_plain_text_hides_no_alert(tmp_path: Path) -> None:
    quoted = "'the \"night\" watch'"
    rule = f"{LOW.removesuffix('}')}, labels: {{page: true, none: , since: 2026-11-27, team: {quoted}}}}}"
    (found,) = play(tmp_path, f"groups: [{{name: g, rules: [{rule}]}}]").alerts
    assert (found.state, found.seconds) == (State.FIRED, 11.0)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a-b: {gauge: api/x}", "to be a metric"),
        ("a: {gauge: api/x, labels: {a-b: x}}", "to be a label"),
        ("a: {gauge: api/x, routes: [read]}", "a gauge has no routes"),
    ],
)
def test_a_mistake_in_a_map_is_one_line(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(FileError, match=rule):
        mapping.load(tmp_path / "map.yaml")


@pytest.mark.parametrize("words", [["Low=-1s"], ["Low=1s", "Low=2s"]])
def test_a_requirement_that_cannot_be_meant_is_refused(words: list[str]) -> None:
    found = Replay((replay.Replayed("Low", State.SILENT, (), ""),), (), (), 1.0, 1.0, 0.0)
    with pytest.raises(UsageError, match="--require"):
        show.required(words, found)


def test_a_stretch_is_not_negative(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rules.yaml").write_text(f"groups: [{{name: g, rules: [{LOW}]}}]")
    journal = planted.run(tmp_path, {MEMORY: FALLING})
    words = ["alerts", str(journal.run.path), "--rules", str(tmp_path / "rules.yaml"), "--hold", "-5s"]
    assert "--hold -5s: must not be negative" in refusal(capsys, *words)
