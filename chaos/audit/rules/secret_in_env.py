"""Secrets in plain text."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.compose import is_taken_over
from chaos.audit.estate import Estate
from chaos.audit.plain_secret import is_plain_secret
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.workloads:
        for container in workload.every_container:
            for variable in estate.variables(container).values():
                is_secret = is_plain_secret(variable.name, variable.written)
                if is_secret and not is_taken_over(estate, workload, variable):
                    because = f"{workload.shown}: {variable.name} holds a secret in plain text"
                    yield Found(workload.item, variable.node, because)


RULE = Rule(
    id="secret-in-env",
    severity=Severity.ERROR,
    what="a secret written as the value of an environment variable, a Compose default included",
    why=(
        "everyone who can read the repository, the cluster's events or a bug report has it; it cannot "
        "be rotated in an incident without a release"
    ),
    fix="valueFrom: {secretKeyRef: ...}; in Compose, a variable without default, or secrets:",
    check=check,
    like="kube-linter env-var-secret",
)
