"""The Grafana dashboards that ship: they are what their builders make, and Grafana will find what they ask for.

Grafana itself is not run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from chaos.alerts import rules
from chaos.checks.judged import Judged
from chaos.spec import experiment
from deploy import dashboards
from deploy.dashboards import bounds
from tests.checks.synthetic import Night
from tests.dashboards import checking
from tests.dashboards.checking import Document, Problems
from tests.midnight import PROJECT

MONITORING = PROJECT / "deploy/monitoring"
GRAFANA = MONITORING / "grafana"
RULES = sorted((MONITORING / "rules").glob("*.yaml"))
SHIPPED = {path.name: json.loads(path.read_text()) for path in sorted(dashboards.FOLDER.glob("*.json"))}
SIMPLE = re.compile(r"([a-z][\w:]*) [<>] ([\d.]+)")
"""An alert on one series, as `service:connections:ratio > 0.9`."""

every = pytest.mark.parametrize("name", SHIPPED)


def stale(folder: Path) -> list[str]:
    """Dashboards that are not what their builder makes, and those that have no builder."""
    made = {name: dashboards.as_text(build()) for name, build in dashboards.ALL.items()}
    there = {path.name: path.read_text() for path in folder.glob("*.json")}
    return [name for name in sorted(made | there) if made.get(name) != there.get(name)]


def bounded() -> dict[str, Collection[float]]:
    """The values at which a metric has a bound: by an SLO, a limit or the budget of the night, or by an alert."""
    night = experiment.load(PROJECT / "experiments/midnight.yaml")
    slo, p99, _ = night.slos
    assert slo.availability and p99.latency and night.limits.recovery is not None
    assert night.limits.lost_writes is not None
    of_alerts = {
        found[1]: [float(found[2])]
        for rule in rules.load(RULES)
        if rule.alert and (found := SIMPLE.match(rule.expr))
    }
    return {
        **of_alerts,
        "service:pool_in_use:ratio": [0.8],
        "probe_success": [0.5],
        "node_disk_io_time_seconds_total": [0.9],
        "node_cpu_seconds_total": [0.95],
        "slo:sli_error:ratio_rate5m": [slo.availability, 14.4 * 0.01],
        "slo:sli_error:ratio_rate6h": [6 * 0.01],
        "midnight_run_availability_ratio": [slo.availability],
        "midnight_run_latency_p99_seconds": [p99.latency.below],
        "midnight_run_recovery_seconds": [night.limits.recovery],
        "midnight_run_lost_writes": [night.limits.lost_writes],
        "midnight_run_rto_seconds": [night.budget.rto],
        "midnight_run_rpo_seconds": [night.budget.rpo],
        "midnight_run_error_budget_consumed_ratio": [1],
        "midnight_drill_last_pass_timestamp_seconds": [31],
    }


def test_what_ships_is_what_the_builders_make() -> None:
    assert stale(dashboards.FOLDER) == [], "type: make dashboards"


def test_a_dashboard_edited_by_hand_and_one_without_a_builder_are_found(tmp_path: Path) -> None:
    for name, document in SHIPPED.items():
        (tmp_path / name).write_text((dashboards.FOLDER / name).read_text())
        if name == "one-night.json":
            (tmp_path / name).write_text(json.dumps(document | {"title": "mine"}))
    (tmp_path / "other.json").write_text("{}")
    assert stale(tmp_path) == ["one-night.json", "other.json"]


@every
@pytest.mark.parametrize("check", checking.CHECKS, ids=lambda check: check.__name__)
def test_a_shipped_dashboard_passes(name: str, check: Callable[[Document], Problems]) -> None:
    assert check(SHIPPED[name]) == []


@every
def test_every_metric_of_midnights_own_is_one_that_it_exports(name: str) -> None:
    exported = checking.of_midnight()
    own = [each for each in checking.unknown_metrics(SHIPPED[name], exported) if ": midnight_" in each]
    assert own == []


def test_many_nights_needs_nothing_but_midnight() -> None:
    assert checking.unknown_metrics(SHIPPED["many-nights.json"], checking.of_midnight()) == []


def test_an_age_that_stands_still_in_a_textfile_is_asked_by_no_dashboard_and_no_rule() -> None:
    asked = {
        each
        for document in SHIPPED.values()
        for _, expr in checking.queries(document)
        for each in checking.names(expr)
    }
    asked |= {selector.name for rule in rules.load(RULES) for selector in rule.selectors}
    assert "midnight_drill_last_pass_timestamp_seconds" in asked
    assert "midnight_drill_age_seconds" not in asked


@every
def test_every_recorded_series_has_its_rule(name: str) -> None:
    recorded = {rule.record for rule in rules.load(RULES) if rule.record}
    asked = {each for _, expr in checking.queries(SHIPPED[name]) for each in checking.names(expr)}
    assert {each for each in asked if ":" in each} <= recorded


@every
def test_a_metric_with_a_bound_has_a_line_at_it(name: str) -> None:
    assert checking.without_line(SHIPPED[name], bounded()) == []


def test_the_bounds_of_every_simple_alert_are_demanded() -> None:
    found = bounded()
    assert found["service:connections:ratio"] == [0.9]
    assert found["service:context_entries:sum"] == [1000]
    assert found["midnight_runs_unhealed"] == [0]


def test_one_night_has_the_links_of_the_chain_in_their_order(tmp_path: Path) -> None:
    rows = [each["title"] for each in SHIPPED["one-night.json"]["panels"] if each["type"] == "row"]
    story = [link.title for link in Judged(*Night().write(tmp_path)).links]
    numbered = [each for each in rows if each[0].isdigit()]
    assert [each.lower() for each in numbered] == [
        f"{number}. {title.lower()}" for number, title in enumerate(story, start=1)
    ]


def test_faults_are_regions_with_the_name_of_the_step() -> None:
    (faults,) = SHIPPED["one-night.json"]["annotations"]["list"]
    assert checking.names(faults["expr"]) == {"midnight_fault_active"}
    assert (faults["titleFormat"], faults["step"], faults["enable"]) == ("{{step}}", "1s", True)


def test_the_dashboards_have_ids_of_their_own_and_a_tag_by_which_they_link_to_each_other() -> None:
    assert len({each["uid"] for each in SHIPPED.values()}) == len(SHIPPED) == 2
    for each in SHIPPED.values():
        assert [link["tags"] for link in each["links"]] == [each["tags"]]


def test_the_number_of_an_alert_is_read_from_its_rule() -> None:
    found = {name: bounds.alert(name) for name in ("ErrorBudgetBurnsFast", "DrillTooOld", "MemoryLow")}
    assert found == {"ErrorBudgetBurnsFast": 14.4 * 0.01, "DrillTooOld": 31 * 86400, "MemoryLow": 0.1}


def test_the_data_source_and_the_folder_of_dashboards_are_given_by_environment() -> None:
    yaml = YAML(typ="safe")
    sources = yaml.load((GRAFANA / "provisioning/datasources/midnight.yaml").read_text())
    providers = yaml.load((GRAFANA / "provisioning/dashboards/midnight.yaml").read_text())
    assert sources["apiVersion"] == providers["apiVersion"] == 1
    (source,), (provider,) = sources["datasources"], providers["providers"]
    assert (source["type"], source["url"]) == ("prometheus", "${PROMETHEUS_URL}")
    assert (provider["type"], provider["options"]["path"]) == ("file", "${MIDNIGHT_DASHBOARDS}")
    scraped = yaml.load((MONITORING / "prometheus.yaml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped
