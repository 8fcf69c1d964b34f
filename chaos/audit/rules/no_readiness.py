"""What answers requests, without readiness probe."""

from __future__ import annotations

from chaos.audit.rule import Rule, Severity
from chaos.audit.without_probe import without_probe

RULE = Rule(
    id="no-readiness",
    severity=Severity.ERROR,
    what=(
        "a container that a Service leads to by its port, without readiness probe; else a workload that answers "
        "requests, none of whose containers has one"
    ),
    why="a Pod gets requests before it can answer, and goes on getting them when it no longer can",
    fix="readinessProbe: {httpGet: {path: /readyz, port: 8000}, periodSeconds: 5}",
    check=without_probe("readiness"),
    like="kube-linter no-readiness-probe; kube-score pod-probes",
)
