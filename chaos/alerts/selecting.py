"""Selectors without a plain name, such as `{__name__=~"node_.*"}`: the metrics of the run that they select."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from chaos.alerts.rules import Rule, Selector
from chaos.alerts.series import Sampled


def resolved(rules: Sequence[Rule], series: Sequence[Sampled], names: Collection[str]) -> list[Rule]:
    """The rules with a plain selector for each metric that a selector selects of these names. One that selects none
    has its own text as the name, which no series has."""
    return [
        replace(
            rule,
            selectors=tuple(
                dict.fromkeys(plain for each in rule.selectors for plain in _plain(each, series, names))
            ),
        )
        for rule in rules
    ]


def _plain(selector: Selector, series: Sequence[Sampled], names: Collection[str]) -> list[Selector]:
    if selector.name or not selector.text:
        return [selector]
    if any(operator == "=~" for operator, _ in selector.named):
        candidates = set(names)
    else:  # by labels alone, which say what it is only if a series has them itself
        candidates = {each.name for each in series if selector.equal and _has(each, selector.equal)}
    found = sorted(each for each in candidates if all(_fits(each, *matcher) for matcher in selector.named))
    return [Selector(name, selector.equal) for name in found] or [Selector(selector.text)]


def _has(series: Sampled, labels: Collection[tuple[str, str]]) -> bool:
    return all(series.labels.get(label) == value for label, value in labels)


def _fits(name: str, operator: str, value: str) -> bool:
    if operator == "!=":
        return name != value
    if "[[" in value:  # a class of RE2, which means something else here
        return False
    try:
        found = re.fullmatch(value, name) is not None
    except re.error:  # RE2 knows more
        return False
    return found == (operator == "=~")
