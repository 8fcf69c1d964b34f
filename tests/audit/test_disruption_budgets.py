"""Which budgets permit no drain: percentages are rounded up, as Kubernetes does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import FIXTURES, audited, rules

RED = (FIXTURES / "budget-permits-no-drain" / "red.yaml").read_text()


@pytest.mark.parametrize(
    ("budget", "blocks"),
    [
        ("minAvailable: 100%", True),
        ("minAvailable: 67%", True),  # of 3: 2.01
        ("minAvailable: 66%", False),
        ("minAvailable: 3", True),
        ("minAvailable: 2", False),
        ("minAvailable: '2'", False),
        ("maxUnavailable: 0", True),
        ("maxUnavailable: 0%", True),
        ("maxUnavailable: 1%", False),
        ("maxUnavailable: 1", False),
        ("maxUnavailable: many", False),
        ("minAvailable: 1e308%", False),
        ("minAvailable: .inf", False),
    ],
)
def test_a_budget_that_keeps_every_pod_is_found(tmp_path: Path, budget: str, *, blocks: bool) -> None:
    found = rules(audited(tmp_path, RED.replace("minAvailable: 100%", budget)))
    assert ("budget-permits-no-drain" in found) is blocks


def test_a_workload_without_replicas_blocks_nothing(tmp_path: Path) -> None:
    text = RED.replace("replicas: 3", "replicas: 0")
    assert "budget-permits-no-drain" not in rules(audited(tmp_path, text))


def test_an_autoscaler_counts_with_its_minimum(tmp_path: Path) -> None:
    scaler = (FIXTURES / "few-replicas" / "green.yaml").read_text().split("---\n")[1]
    text = RED.replace("minAvailable: 100%", "minAvailable: 3").replace("replicas: 3", "replicas: 9")
    assert "budget-permits-no-drain" not in rules(audited(tmp_path, text))
    assert "budget-permits-no-drain" in rules(audited(tmp_path, f"{text}---\n{scaler}"))


def deployment(name: str, replicas: int) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n"
        f"  template:\n    metadata: {{labels: {{app: {name}}}}}\n"
        f"    spec: {{containers: [{{name: main, image: 'acme/{name}:1', ports: [{{containerPort: 80}}]}}]}}\n---\n"
    )


def budget(spec: str, version: str = "policy/v1") -> str:
    return f"apiVersion: {version}\nkind: PodDisruptionBudget\nmetadata: {{name: kept}}\nspec: {spec}\n"


def blocked(tmp_path: Path, text: str) -> str:
    found = audited(tmp_path, text).standing
    return "".join(each.because for each in found if each.rule == "budget-permits-no-drain")


def is_protected(tmp_path: Path, text: str) -> bool:
    return "no-disruption-budget" not in rules(audited(tmp_path, text))


@pytest.mark.parametrize(
    ("expression", "selects"),
    [
        ("{key: app, operator: In, values: [api, web]}", True),
        ("{key: app, operator: In, values: [worker]}", False),
        ("{key: app, operator: NotIn, values: [worker]}", True),
        ("{key: app, operator: NotIn, values: [api]}", False),
        ("{key: tier, operator: NotIn, values: [api]}", True),
        ("{key: app, operator: Exists}", True),
        ("{key: tier, operator: Exists}", False),
        ("{key: app, operator: DoesNotExist}", False),
        ("{key: tier, operator: DoesNotExist}", True),
        ("{key: app, operator: Unheard}", False),
    ],
)
def test_a_budget_selects_by_expressions(tmp_path: Path, expression: str, *, selects: bool) -> None:
    text = deployment("api", 2) + budget(
        f"{{minAvailable: 2, selector: {{matchExpressions: [{expression}]}}}}"
    )
    said = "PodDisruptionBudget kept: minAvailable 2 keeps each of the 2 Pods of Deployment api"
    assert blocked(tmp_path, text) == (said if selects else "")
    assert is_protected(tmp_path, text) is selects


def test_a_budget_by_expressions_is_not_about_a_deployment_that_they_do_not_select(tmp_path: Path) -> None:
    """An unrelated Deployment of one replica was said to be kept whole."""
    selector = "{matchExpressions: [{key: app, operator: In, values: [api]}]}"
    text = (
        deployment("api", 3) + deployment("worker", 1) + budget(f"{{minAvailable: 2, selector: {selector}}}")
    )
    assert blocked(tmp_path, text) == ""


def test_labels_and_expressions_must_both_fit(tmp_path: Path) -> None:
    selector = "{matchLabels: {app: api}, matchExpressions: [{key: tier, operator: Exists}]}"
    text = deployment("api", 2) + budget(f"{{minAvailable: 2, selector: {selector}}}")
    assert blocked(tmp_path, text) == ""


@pytest.mark.parametrize(
    ("version", "selector", "selects"),
    [
        ("policy/v1", "selector: {}", True),
        ("policy/v1beta1", "selector: {}", False),
        ("policy/v1", "selector: null", False),
        ("policy/v1", "unhealthyPodEvictionPolicy: AlwaysAllow", False),
    ],
)
def test_an_empty_selector_selects_every_pod_and_none_selects_no_pod(
    tmp_path: Path, version: str, selector: str, *, selects: bool
) -> None:
    text = deployment("web", 3) + budget(f"{{minAvailable: 3, {selector}}}", version)
    assert bool(blocked(tmp_path, text)) is selects
    assert is_protected(tmp_path, text) is selects


def test_a_budget_counts_the_pods_of_all_that_it_selects(tmp_path: Path) -> None:
    two = deployment("web", 3) + deployment("api", 1)
    assert blocked(tmp_path, two + budget("{minAvailable: 3, selector: {}}")) == ""
    said = blocked(tmp_path, two + budget("{minAvailable: 4, selector: {}}"))
    assert said.endswith("minAvailable 4 keeps each of the 4 Pods of Deployment web, Deployment api")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("maxUnavailable: 0", "maxUnavailable 0 permits no drain"),
        ("maxUnavailable: 0%", "maxUnavailable 0% permits no drain"),
        ("minAvailable: 100%", "minAvailable 100% keeps each Pod that it selects"),
        ("maxUnavailable: 1", ""),
        ("minAvailable: 2", ""),
        ("minAvailable: 50%", ""),
    ],
)
def test_a_budget_for_pods_that_an_operator_runs_is_judged_by_itself(
    tmp_path: Path, spec: str, said: str
) -> None:
    text = deployment("api", 3) + budget(f"{{{spec}, selector: {{matchLabels: {{cluster: orders}}}}}}")
    assert blocked(tmp_path, text).removeprefix("PodDisruptionBudget kept: ") == said
