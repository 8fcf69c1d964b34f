"""An Application that does not heal itself."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.argocd import is_automated, policy_of
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for application in estate.of_kind("Application", "ApplicationSet"):
        policy = policy_of(application)
        if policy is None:
            continue
        if not is_automated(policy):
            because = f"{application.shown} has its automated sync disabled, so nothing heals it"
            yield Found(application, policy.at("automated", "enabled"), because)
        elif not policy.at("automated", "selfHeal").is_true:
            yield Found(application, policy, f"{application.shown} has no automated selfHeal")


RULE = Rule(
    id="argocd-no-self-heal",
    severity=Severity.WARNING,
    what="an Argo CD Application without syncPolicy.automated.selfHeal, or with enabled: false",
    why="a change that a person or a controller made at night stays until someone notices",
    fix="syncPolicy: {automated: {selfHeal: true, prune: false}}",
    check=check,
)
