"""An audit as JUnit XML: a test case for each finding, and one that passes for each rule without any."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from chaos.audit.finding import Audit, Finding
from chaos.audit.registered import RULES
from chaos.audit.rule import Severity

_FORBIDDEN = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # by XML 1.0, even escaped


def as_junit(audit: Audit, fail_on: Severity) -> str:
    """Render the document: a finding at or above `fail_on` is a failure, any other is skipped, and a file that
    cannot be read is an error."""
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name="midnight audit")
    failing = set(map(id, audit.deciding(fail_on)))
    for each in audit.findings:
        _case(suite, each, fails=id(each) in failing)
    for rule in RULES:
        if not any(each.rule == rule.id for each in audit.findings):
            ET.SubElement(suite, "testcase", classname="audit", name=rule.id)
    for error in audit.unread:
        case = ET.SubElement(suite, "testcase", classname="audit.unread", name=_clean(str(error.path)))
        ET.SubElement(case, "error", message=_clean(str(error)))
    for name, tag in (
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ):
        suite.set(name, str(len(list(suite.iter(tag)))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, finding: Finding, *, fails: bool) -> None:
    name = _clean(f"{finding.where} {finding.item}")
    case = ET.SubElement(suite, "testcase", classname=f"audit.{finding.rule}", name=name)
    text = f"{finding.where}: {finding.severity}: {finding.because}"
    if finding.suppressed is not None:
        text += f" (suppressed: {finding.suppressed})"
    told = ET.SubElement(case, "failure" if fails else "skipped", message=_clean(text))
    if fails:
        told.set("type", finding.severity.value)
        told.text = _clean(f"why: {finding.why}\nfix: {finding.fix}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
