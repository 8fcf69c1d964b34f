"""An audit as text and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chaos.audit.finding import Audit, Finding
from chaos.audit.rule import Severity
from chaos.checks.text import many

VERSION = 1


def as_text(audit: Audit, fail_on: Severity) -> list[str]:
    """Return the lines: findings, then what is suppressed, then one line for the whole."""
    lines = []
    for each in audit.standing:
        lines.append(f"{each.where}: {each.severity}: {each.because} [{each.rule}]")
        if each.severity is not Severity.NOTE:
            lines += [f"    why: {each.why}", f"    fix: {each.fix}"]
    lines += [
        f"{each.where}: suppressed: {each.because} [{each.rule}]: {each.suppressed}"
        for each in audit.suppressed
    ]
    return [*lines, _headline(audit, fail_on)]


def _headline(audit: Audit, fail_on: Severity) -> str:
    counted = Counter(each.severity for each in audit.standing)
    found = [many(counted[each], each.value) for each in Severity if counted[each]]
    if audit.suppressed:
        found.append(f"{len(audit.suppressed)} suppressed")
    read = f"{many(audit.items, 'object')} in {many(audit.files, 'file')}"
    if audit.unread:
        read += f", {len(audit.unread)} unreadable"
    return f"{audit.exit_code(fail_on).words}: {', '.join(found) or 'no finding'}; {read}"


def as_json(audit: Audit, fail_on: Severity) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "audit",
        "exit_code": int(audit.exit_code(fail_on)),
        "fail_on": fail_on.value,
        "files": audit.files,
        "objects": audit.items,
        "findings": [_finding(each) for each in audit.findings],
        "unread": [str(each) for each in audit.unread],
    }


def _finding(each: Finding) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "severity": each.severity.value,
        "file": str(each.path),
        "line": each.line,
        "object": each.item,
        "because": each.because,
        "why": each.why,
        "fix": each.fix,
        "suppressed": each.suppressed,
    }
