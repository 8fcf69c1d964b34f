"""What answers requests, without readiness probe."""

from __future__ import annotations

from chaos.audit.rule import Rule, Severity
from chaos.audit.without_probe import without_probe

RULE = Rule(
    id="no-readiness",
    severity=Severity.ERROR,
    what="a workload that answers requests, none of whose containers has a readiness probe",
    why="a Pod gets requests before it can answer, and goes on getting them when it no longer can",
    fix="readinessProbe: {httpGet: {path: /readyz, port: 8000}, periodSeconds: 5}",
    check=without_probe("readiness"),
    like="kube-linter no-readiness-probe; kube-score pod-probes",
)
