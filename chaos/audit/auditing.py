"""Audit files: read, apply every rule, and set aside what is suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chaos.audit.estate import Estate
from chaos.audit.finding import Audit, Finding
from chaos.audit.items import items
from chaos.audit.measured import Measured
from chaos.audit.names import Map
from chaos.audit.reading import File, read
from chaos.audit.registered import RULES
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.suppress import Suppression, suppressions
from chaos.errors import UsageError, on_one_line

_LONGEST = 400
"""Characters of what a manifest may put into a message."""


def audit(paths: Sequence[Path], names: Map | None = None, measured: Measured | None = None) -> Audit:
    """Audit every manifest under the paths. Raises UsageError if there is none."""
    files, unread = read(paths)
    estate = estate_of(files, names or Map(), measured)
    if not estate.items and not unread:
        shown = ", ".join(map(str, paths))
        raise UsageError(f"{shown}: no Kubernetes object and no Compose service in it")
    found = [_finding(estate, rule, each) for rule in RULES for each in rule.check(estate)]
    ordered = sorted(dict.fromkeys(found), key=lambda each: (str(each.path), each.line, each.rule))
    return Audit(ordered, unread, len(files), len(estate.items))


def estate_of(files: Sequence[File], names: Map, measured: Measured | None) -> Estate:
    by_file = [(file, items(file)) for file in files]
    return Estate(
        items=[item for _, found in by_file for item in found],
        lines={str(file.path): file.text.splitlines() for file in files},
        suppressions=[each for file, found in by_file for each in suppressions(file, found)],
        names=names,
        measured=measured,
        rules=frozenset(each.id for each in RULES),
    )


def _finding(estate: Estate, rule: Rule, found: Found) -> Finding:
    return Finding(
        rule=rule.id,
        severity=Severity.NOTE if found.is_note else rule.severity,
        path=found.node.path,
        line=found.line or found.node.line,
        item=on_one_line(found.item.shown, _LONGEST),
        because=on_one_line(found.because, _LONGEST),
        why=rule.why,
        fix=rule.fix,
        suppressed=_reason(estate.suppressions, found, rule.id),
    )


def _reason(given: Sequence[Suppression], found: Found, rule: str) -> str | None:
    reason = next((each.reason for each in given if each.covers(found.item, rule)), None)
    return None if reason is None else on_one_line(reason, _LONGEST)
