"""Pruning of what holds data."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.argocd import held_by, keeping_data, keeps_all, prunes
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for application in estate.of_kind("Application", "ApplicationSet"):
        place = prunes(application)
        if place is None:
            continue
        if held := keeping_data(estate, application):
            names = ", ".join(each.shown for each in held[:3])
            yield Found(application, place, f"{application.shown} prunes, and holds {names}")
        elif not held_by(estate, application) and not keeps_all(application):
            because = f"{application.shown} prunes, and none of its objects is in these files"
            yield Found(application, place, because, is_note=True)


RULE = Rule(
    id="argocd-prunes-state",
    severity=Severity.ERROR,
    what=(
        "automated prune in an Application that has StatefulSets or PersistentVolumeClaims without the option "
        "Prune=false or Prune=confirm, their own or the Application's"
    ),
    why="a renamed or lost manifest deletes the database's volume without asking",
    fix="prune: false, or the annotation argocd.argoproj.io/sync-options: Prune=false on what holds data",
    check=check,
)
