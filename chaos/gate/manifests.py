"""Judge the manifests of a release: a case for each finding of the audit."""

from __future__ import annotations

from chaos.audit.finding import Audit, Finding
from chaos.audit.rule import Severity
from chaos.checks.text import many
from chaos.gate.case import Case, CaseOutcome

_OUTCOMES: dict[Severity, CaseOutcome] = {
    Severity.ERROR: "fail",
    Severity.WARNING: "warning",
    Severity.NOTE: "not exercised",
}


def judge_manifests(audit: Audit) -> list[Case]:
    """Return `fail` for an error, `warning` for a warning, `not exercised` for a note or what is suppressed; one pass
    for manifests without any finding."""
    if not audit.findings:
        because = f"no finding in {many(audit.items, 'object')} of {many(audit.files, 'file')}"
        return [Case("audit", "manifests", "pass", because)]
    return [_case(each) for each in audit.findings]


def _case(finding: Finding) -> Case:
    because = f"{finding.where}: {finding.because}"
    if finding.suppressed is not None:
        return Case("audit", finding.rule, "not exercised", f"{because} (suppressed: {finding.suppressed})")
    return Case("audit", finding.rule, _OUTCOMES[finding.severity], because)
