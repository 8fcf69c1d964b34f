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
