"""All checks: shipped ones, then those that plugins register under `midnight.checks`.

A plugin's check is imported when it judges. One that cannot be imported, or is not a check, is `unknown` with the
reason, like any other that raises.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points

from chaos.checks.check import Check
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.shipped import SHIPPED

GROUP = "midnight.checks"

log = logging.getLogger(__name__)


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


@cache
def described(name: str) -> Check[Judged]:
    """Return the check as it describes itself; a plain one if none of that name can be loaded, so that findings of a
    plugin that is gone are still shown."""
    check = next((each for each in SHIPPED if each.name == name), None)
    if check is not None:
        return check
    for point in entry_points(group=GROUP, name=name):
        try:
            return _load(point)
        except Exception as error:  # told by its finding
            log.debug("check %s: %s", name, error)
    return Check(name, lambda _: [])


def _judge(point: EntryPoint, judged: Judged) -> list[Finding]:
    """Return a plugin check's findings, after validating that reports can hold them."""
    if [check.name for check in every()].count(point.name) > 1:
        raise ValueError(f"{point.value}: duplicate check name {point.name!r}")
    found = list(_load(point).judge(judged))
    for finding in found:
        if not isinstance(finding.outcome, Outcome):
            raise TypeError(f"{point.value}: an outcome must be an Outcome, got {finding.outcome!r}")
        json.dumps(asdict(finding))
    return found


def _load(point: EntryPoint) -> Check[Judged]:
    check = point.load()
    if not isinstance(check, Check):
        raise TypeError(f"{point.value}: must be a Check, got {check!r}")
    if check.name != point.name:
        raise ValueError(f"{point.value}: must have the name {point.name!r}, got {check.name!r}")
    return check
