"""Every check: the shipped ones, then those that plug-ins register under `midnight.checks`.

A plug-in's check is imported when it judges. So one that cannot be imported, or is no check, is `unknown` with the
reason, like any other that raises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points

from chaos.checks import SHIPPED
from chaos.checks.check import Check
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged

GROUP = "midnight.checks"


@cache
def every() -> tuple[Check[Judged], ...]:
    """In the order in which a verdict tells them; those of plug-ins by name."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return (*SHIPPED, *(Check(point.name, partial(_judge, point)) for point in points))


@cache
def by_name() -> Mapping[str, Check[Judged]]:
    """In the same order. A name that is taken stays with the check that had it first."""
    found: dict[str, Check[Judged]] = {}
    for check in every():
        found.setdefault(check.name, check)
    return found


def _judge(point: EntryPoint, judged: Judged) -> list[Finding]:
    """The findings of a plug-in's check, once it is certain that a report can hold them."""
    if [check.name for check in every()].count(point.name) > 1:
        raise ValueError(f"{point.value}: there is another check of the name {point.name!r}")
    check = point.load()
    if not isinstance(check, Check):
        raise TypeError(f"{point.value}: must be a Check, got {check!r}")
    found = list(check.judge(judged))
    if strange := {finding.check for finding in found} - {point.name}:
        raise ValueError(
            f"{point.value}: its findings must bear the name {point.name!r}, not {sorted(strange)}"
        )
    json.dumps([asdict(finding) for finding in found])
    return found
