"""A gate's verdict as JUnit XML, for CI systems that show test results.

There is no normative schema. This follows the widely used windyroad/JUnit-Schema (every required attribute
and element, in its order) and `skipped` as read by Jenkins, GitLab and GitHub. A violation by the target is
a failure; an error of the tool, or an unknown, is an error; not exercised is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from chaos.gate.case import RUN, Case, CaseOutcome
from chaos.gate.verdict import GateVerdict, RunVerdict
from chaos.reports.show import show_bound, show_bounded

# Characters that XML 1.0 forbids, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ELEMENTS: dict[CaseOutcome, str] = {
    "fail": "failure",
    "error": "error",
    "unknown": "error",
    "not exercised": "skipped",
    "warning": "skipped",
}


def render(gate: GateVerdict) -> str:
    """Render the document: one suite per experiment, and one each for the drill and the audit if required."""
    root = ET.Element("testsuites")
    for run in gate.runs:
        _suite(root, gate, run.played.experiment, run.cases, run)
    if gate.drill is not None:
        _suite(root, gate, "drill", [gate.drill])
    if gate.audit:
        _suite(root, gate, "audit", gate.audit)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(
    root: ET.Element, gate: GateVerdict, name: str, cases: Sequence[Case], run: RunVerdict | None = None
) -> None:
    counted = [_ELEMENTS.get(case.outcome) for case in cases]
    took = run.played.seconds if run else 0.0
    suite = ET.SubElement(
        root,
        "testsuite",
        id=str(len(root)),
        package="midnight",
        name=_clean(name),
        timestamp=gate.started[: len("2026-11-01T02:00:00")],
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(counted.count("failure")),
        errors=str(counted.count("error")),
        skipped=str(counted.count("skipped")),
        time=f"{took:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in _properties(gate, run):
        ET.SubElement(properties, "property", name=key, value=_clean(value))
    for case in cases:
        _case(suite, name, case, took if case.check == RUN else 0.0)
    ET.SubElement(suite, "system-out").text = _clean("\n".join(case.because for case in cases))
    ET.SubElement(suite, "system-err").text = _clean("\n".join(run.played.errors if run else ()))


def _case(suite: ET.Element, name: str, case: Case, took: float) -> None:
    classname = _clean(f"{name}.{case.check}")
    element = ET.SubElement(
        suite, "testcase", classname=classname, name=_clean(case.name), time=f"{took:.3f}"
    )
    kind = _ELEMENTS.get(case.outcome)
    if kind is not None:
        told = ET.SubElement(element, kind, message=_clean(case.because))
        if kind != "skipped":
            told.set("type", case.outcome)
            told.text = _clean(case.because + _numbers(case))


def _numbers(case: Case) -> str:
    if case.allowed is None:
        return ""
    measured = show_bounded(case.measured, case.unit, lower_bound=case.lower_bound)
    return f"\nmeasured {measured}, allowed {show_bound(case.sign, case.allowed, case.unit)}"


def _properties(gate: GateVerdict, run: RunVerdict | None) -> list[tuple[str, str]]:
    pairs = [("target", gate.target), ("profile", gate.profile or ""), ("seed", str(gate.seed))]
    if run is not None:
        baseline = run.baseline.shown if run.baseline else ""
        pairs += [("run", run.played.run), ("baseline", baseline), ("exit_code", str(run.exit_code))]
    return pairs


def _clean(text: str) -> str:
    """Replace characters that XML forbids."""
    return _FORBIDDEN.sub("\ufffd", text)
