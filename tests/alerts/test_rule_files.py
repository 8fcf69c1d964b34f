"""Files of rules are read, and what is wrong in one is one line with file, line and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.alerts import rules
from chaos.alerts.rules import Selector
from chaos.errors import FileError, UsageError


def load(tmp_path: Path, text: str) -> list[rules.Rule]:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    return rules.load([file])


def test_an_alert_is_read_with_what_it_asks_for(tmp_path: Path) -> None:
    (found,) = load(
        tmp_path,
        """
groups:
  - name: api
    rules:
      - alert: Errors
        expr: sum(rate(requests_total{job="api",code=~"5.."}[5m])) / sum(rate(requests_total{job="api"}[5m])) > 0.05
        for: 2m30s
""",
    )
    assert (found.alert, found.held, found.comparison) == ("Errors", 150.0, "> 0.05")
    assert found.selectors == (Selector("requests_total", (("job", "api"),)),)


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("up == 0", ["up"]),
        ("absent(up{job='a'})", ["up"]),
        ("a / b > 1 and c unless d", ["a", "b", "c", "d"]),
        ("max_over_time(rate(a[1m])[5m:10s]) > 1", ["a"]),
        ("quantile(0.9, -a)", ["a"]),
        ('{__name__="a"} > 1', ["a"]),
        ("histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m])))", ["a_bucket"]),
        ("vector(1)", []),
    ],
)
def test_every_series_of_an_expression_is_found(tmp_path: Path, expr: str, names: list[str]) -> None:
    (found,) = load(tmp_path, f"groups: [{{name: g, rules: [{{alert: A, expr: {expr!r}}}]}}]")
    assert sorted({each.name for each in found.selectors}) == names


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("alerts: []", "must be a file of Prometheus rules"),
        ("groups: [{name: g}]", "must have `rules:`"),
        ("groups: [{name: g, rules: [{expr: up}]}]", "must have `alert:` or `record:`"),
        ("groups: [{name: g, rules: [{alert: A, expr: 'sum(('}]}]", "is not PromQL"),
        ("groups: [{name: g, rules: [{alert: A, expr: up, for: soon}]}]", "must be a duration such as 5m"),
    ],
)
def test_a_broken_file_is_one_line_with_its_rule(tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(FileError, match=rule) as refused:
        load(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "rules.yaml"))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["for", "keep_firing_for"])
@pytest.mark.parametrize("text", ["0", "0s", "0m", "0h", "0d", "0ms", "00m", "0h0m"])
def test_no_time_at_all_is_a_duration(tmp_path: Path, key: str, text: str) -> None:
    (found,) = load(tmp_path, f"groups: [{{name: g, rules: [{{alert: A, expr: up, {key}: {text}}}]}}]")
    assert found.held == 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("250ms", 0.25), ("1y2w3d4h5m6s7ms", 33_019_506.007)],
)
def test_a_duration_is_that_of_prometheus(tmp_path: Path, text: str, seconds: float) -> None:
    (found,) = load(tmp_path, f"groups: [{{name: g, rules: [{{alert: A, expr: up, for: {text}}}]}}]")
    assert found.held == seconds


@pytest.mark.parametrize("text", ["0x", "0.0", "0m0h", "-0m", "0 m", "m", "", "-5", "300y"])
def test_what_prometheus_refuses_as_a_duration_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="must be a duration such as 5m"):
        load(tmp_path, f"groups: [{{name: g, rules: [{{alert: A, expr: up, for: {text!r}}}]}}]")


def test_files_without_an_alert_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only recording rules"):
        load(tmp_path, "groups: [{name: g, rules: [{record: a, expr: b}]}]")


@pytest.mark.parametrize("text", ["groups: []", "groups: [{name: g, rules: []}]"])
def test_files_without_a_rule_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"no alert in .*: there are no rules"):
        load(tmp_path, text)


CHART = "groups:\n- name: g\n  rules:\n"


@pytest.mark.parametrize(
    "text",
    [
        "  - alert: {{ .Values.name }}\n    expr: up == 0\n",
        "{{- if .Values.alerts }}\n  - alert: A\n    expr: up == 0\n{{- end }}\n",
        "  - alert: A\n    expr: up == 0\n    labels:\n      {{- toYaml .Values.labels | nindent 6 }}\n",
    ],
    ids=["a value", "a condition", "an include"],
)
def test_a_chart_that_is_not_rendered_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match=r"holds Helm templates .*; type: helm template CHART") as refused:
        load(tmp_path, CHART + text)
    assert len(str(refused.value).splitlines()) == 1


def test_templates_of_prometheus_are_none_of_helm(tmp_path: Path) -> None:
    note = "    annotations:\n      summary: |\n        {{ $labels.job }}\n      value: '{{ $value }}'\n"
    (found,) = load(tmp_path, f"{CHART}  - alert: A\n    expr: up == 0\n{note}")
    assert found.alert == "A"
    for mistake, rule in (("up ==", "is not PromQL"), ("[up", "the closing ] is missing")):
        with pytest.raises(FileError, match=rule):
            load(tmp_path, f"{CHART}  - alert: A\n    expr: {mistake}\n{note}")
