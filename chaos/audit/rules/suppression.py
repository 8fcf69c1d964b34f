"""Suppressions that say too little."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.suppress import Suppression


def check(estate: Estate) -> Iterator[Found]:
    for each in estate.suppressions:
        if (wrong := _wrong(each, estate.rules)) is not None:
            because = f"{each.item.shown}: suppression {wrong}"
            yield Found(each.item, each.item.node, because, line=each.line)


def _wrong(given: Suppression, known: frozenset[str]) -> str | None:
    if not given.rules:
        return "must be ignore=RULE reason"
    if unknown := [rule for rule in given.rules if rule not in known]:
        return f"names {unknown[0][:40]}, which is not a rule"
    return None if given.reason else "gives no reason"


RULE = Rule(
    id="suppression",
    severity=Severity.ERROR,
    what="a suppression that cannot be read, names an unknown rule, or gives no reason",
    why="in a year, no reader can tell whether it may be removed",
    fix="midnight-audit: ignore=RULE because of this",
    check=check,
)
