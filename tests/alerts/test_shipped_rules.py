"""The rules that ship: each fires on the samples of its tests and stays silent on the others, and says what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from chaos.alerts import mapping, rules
from chaos.record.gauges import Api
from tests.midnight import PROJECT

pytestmark = [
    pytest.mark.real,
    pytest.mark.wide,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
    ),
]

SHIPPED = PROJECT / "deploy" / "monitoring"
RULES = SHIPPED / "rules"
ALERTS = RULES / "alerts.yaml"
TESTS = sorted((RULES / "tests").glob("*.yaml"))


def read(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text())


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False)


def alerts() -> list[dict[str, Any]]:
    groups = read(ALERTS)["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def noticed(tmp_path: Path, expr: str) -> set[str]:
    """The alerts whose tests fail once every alert has this expression."""
    changed = tmp_path / "alerts.yaml"
    group = {"name": "all", "rules": [alert | {"expr": expr} for alert in alerts()]}
    changed.write_text(json.dumps({"groups": [group]}))
    for file in TESTS:
        (tmp_path / f"test-{file.name}").write_text(json.dumps(read(file) | {"rule_files": [str(changed)]}))
    done = promtool("test", "rules", *tmp_path.glob("test-*"))
    return set(re.findall(r'expr: "ALERTS\{alertname=\\"(\w+)', done.stdout + done.stderr))


def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_stays_silent() -> None:
    named = {each["name"] for file in TESTS for each in read(file)["tests"]}
    for alert in alerts():
        for what in ("fires", "silent"):
            assert any(name.startswith(f"{alert['alert']} {what}") for name in named), (alert, what)


def test_promtool_passes_every_test_of_them() -> None:
    done = promtool("test", "rules", *TESTS)
    assert done.returncode == 0, done


def test_the_tests_notice_an_alert_that_always_fires_and_one_that_never_does(tmp_path: Path) -> None:
    everything = {alert["alert"] for alert in alerts()}
    assert noticed(tmp_path, "vector(1) > 2") == everything
    assert noticed(tmp_path, "vector(1) < 2") == everything


def test_each_alert_says_how_urgent_it_is_and_what_to_look_at_first() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("page", "ticket"), alert
        assert set(alert["annotations"]) == {"summary", "runbook"}, alert


def test_midnight_itself_reads_them_for_a_replay() -> None:
    found = rules.load([RULES / "recording.yaml", ALERTS])
    assert {each.alert for each in found if each.alert} == {alert["alert"] for alert in alerts()}


def test_the_scrape_configuration_is_one_that_prometheus_accepts(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "monitoring")
    done = promtool("check", "config", tmp_path / "monitoring" / "prometheus.yaml")
    assert done.returncode == 0, done


def test_a_probe_that_the_rules_read_is_in_the_scrape_configuration_with_its_module() -> None:
    jobs = read(SHIPPED / "prometheus.yaml")["scrape_configs"]
    (probe,) = [job for job in jobs if job["job_name"] == "probe"]
    modules = read(SHIPPED / "blackbox.yaml")["modules"]
    assert set(probe["params"]["module"]) <= set(modules)
    (down,) = [alert for alert in alerts() if alert["alert"] == "ApiDown"]
    assert 'job="probe"' in down["expr"]


def test_a_replay_has_samples_of_whatever_the_rules_read_of_the_reference_api_but_its_requests() -> None:
    mapped = mapping.load(SHIPPED / "map.yaml")
    read_of_it = {
        selector.name
        for rule in rules.load([RULES / "recording.yaml", ALERTS])
        for selector in rule.selectors
        if selector.name.startswith("reference_")
    }
    assert read_of_it - set(mapped) == {"reference_requests_total"}
    assert {each.gauge for each in mapped.values()} <= {f"api/{gauge}" for gauge in Api}
