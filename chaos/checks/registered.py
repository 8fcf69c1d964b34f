"""All checks: shipped ones, then those that plugins register under `midnight.checks`.

A plugin's check is imported when it judges. One that cannot be imported, or is not a check, is `unknown` with the
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
    """Return all checks in the order of a verdict; those of plugins sorted by name."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return (*SHIPPED, *(Check(point.name, partial(_judge, point)) for point in points))


@cache
def by_name() -> Mapping[str, Check[Judged]]:
    """Return all checks by name, in the same order. A duplicate name stays with the first check."""
    found: dict[str, Check[Judged]] = {}
    for check in every():
        found.setdefault(check.name, check)
    return found


def _judge(point: EntryPoint, judged: Judged) -> list[Finding]:
    """Return a plugin check's findings, after validating that reports can hold them."""
    if [check.name for check in every()].count(point.name) > 1:
        raise ValueError(f"{point.value}: duplicate check name {point.name!r}")
    check = point.load()
    if not isinstance(check, Check):
        raise TypeError(f"{point.value}: must be a Check, got {check!r}")
    found = list(check.judge(judged))
    if strange := {finding.check for finding in found} - {point.name}:
        raise ValueError(
            f"{point.value}: its findings must have the name {point.name!r}, not {sorted(strange)}"
        )
    json.dumps([asdict(finding) for finding in found])
    return found
