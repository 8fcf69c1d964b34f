"""Liveness and readiness that ask the same."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.images import is_database
from chaos.audit.probes import asked, every
from chaos.audit.quoted import quoted
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for container, probe in every(estate, "liveness"):
        question = asked(container, "liveness")
        if question and not is_database(container) and question == asked(container, "readiness"):
            because = f"{container.workload.shown}: liveness and readiness ask the same ({quoted(question)})"
            yield Found(container.workload.item, probe, because)


RULE = Rule(
    id="liveness-like-readiness",
    severity=Severity.ERROR,
    what="a liveness probe that makes the same check as the readiness probe; databases are left out",
    why=(
        "what should only take a Pod out of service restarts it: all at once, when what they depend on is "
        "slow"
    ),
    fix="let liveness request /healthz, which depends on nothing else, and readiness /readyz",
    check=check,
    like="kube-score pod-probes-identical",
)
