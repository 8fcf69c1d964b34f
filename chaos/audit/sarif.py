"""An audit as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chaos.audit.finding import Audit, Finding
from chaos.audit.registered import RULES
from chaos.audit.rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(audit: Audit) -> dict[str, Any]:
    """Return the log: all rules, each finding as a result; a suppressed one says why; what could not be read is a
    notification."""
    driver = {
        "name": "midnight audit",
        "version": version("midnight-chaos"),
        "rules": [_rule(each) for each in RULES],
    }
    invocation = {
        "executionSuccessful": not audit.unread,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": str(each)}} for each in audit.unread
        ],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": list(map(_result, audit.findings)),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(finding: Finding) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(finding.path)}, "region": {"startLine": finding.line}}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": [rule.id for rule in RULES].index(finding.rule),
        "level": finding.severity.value,
        "message": {"text": f"{finding.because}. {finding.why}. Fix: {finding.fix}"},
        "locations": [{"physicalLocation": place}],
    }
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.suppressed}]
    return result


def _uri(path: Path) -> str:
    """Relative to the working directory where possible: code hosts expect the repository's own paths."""
    absolute, here = path.absolute(), Path.cwd()
    return quote(str(absolute.relative_to(here))) if absolute.is_relative_to(here) else absolute.as_uri()
