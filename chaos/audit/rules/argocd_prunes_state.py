"""Pruning of what holds data."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.argocd import held_by, is_automated, keeping_data, policy_of
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for application in estate.of_kind("Application", "ApplicationSet"):
        policy = policy_of(application)
        if policy is None or not (is_automated(policy) and policy.at("automated", "prune").is_true):
            continue
        if held := keeping_data(estate, application):
            names = ", ".join(each.shown for each in held[:3])
            because = f"{application.shown} prunes, and holds {names}"
            yield Found(application, policy.at("automated", "prune"), because)
        elif not held_by(estate, application):
            because = f"{application.shown} prunes, and none of its objects is in these files"
            yield Found(application, policy.at("automated", "prune"), because, is_note=True)


RULE = Rule(
    id="argocd-prunes-state",
    severity=Severity.ERROR,
    what=(
        "automated prune in an Application that has StatefulSets or PersistentVolumeClaims without the option "
        "Prune=false"
    ),
    why="a renamed or lost manifest deletes the database's volume without asking",
    fix="prune: false, or the annotation argocd.argoproj.io/sync-options: Prune=false on what holds data",
    check=check,
)
