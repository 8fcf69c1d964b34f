"""What answers requests, without liveness probe."""

from __future__ import annotations

from chaos.audit.rule import Rule, Severity
from chaos.audit.without_probe import without_probe

RULE = Rule(
    id="no-liveness",
    severity=Severity.WARNING,
    what=(
        "a container that a Service leads to by its port, without liveness probe; else a workload that answers "
        "requests, none of whose containers has one"
    ),
    why="a process that hangs is never restarted",
    fix="livenessProbe: {httpGet: {path: /healthz, port: 8000}, periodSeconds: 10, timeoutSeconds: 5}",
    check=without_probe("liveness"),
    like="kube-linter no-liveness-probe; kube-score pod-probes",
)
