"""An Application that does not heal itself."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.argocd import policy_of
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for application in estate.of_kind("Application", "ApplicationSet"):
        policy = policy_of(application)
        if policy is not None and not policy.at("automated", "selfHeal").is_true:
            because = f"{application.shown} has no automated selfHeal"
            yield Found(application, policy, because)


RULE = Rule(
    id="argocd-no-self-heal",
    severity=Severity.WARNING,
    what="an Argo CD Application without syncPolicy.automated.selfHeal",
    why="a change that a person or a controller made at night stays until someone notices",
    fix="syncPolicy: {automated: {selfHeal: true, prune: false}}",
    check=check,
)
