"""A gate's verdict as Markdown, for a CI job summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from chaos.checks.fixes import HEADING
from chaos.gate.case import Case, CaseOutcome
from chaos.gate.verdict import GateVerdict, RunVerdict
from chaos.reports.show import show_bound, show_bounded
from chaos.spec.units import show_seconds

MARKS: dict[CaseOutcome, str] = {
    "fail": "❌ fail",
    "error": "💥 error",
    "unknown": "❔ unknown",
    "advisory": "⚠️ advisory",
    "warning": "⚠️ warning",
    "not exercised": "➖ not exercised",
    "pass": "✅ pass",
}
_ORDER = tuple(MARKS)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&])")
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f]+")


def render(gate: GateVerdict) -> str:
    """Render the document: the outcome, then for each experiment what decided it and all cases."""
    profile = f", profile {_text(gate.profile)}" if gate.profile else ""
    lines = [
        f"## midnight gate: {_text(gate.headline)}",
        "",
        f"Target {_text(gate.target)}{profile}, seed {gate.seed}, {gate.started}; exit code {gate.exit_code}.",
    ]
    for run in gate.runs:
        lines += _run(run)
    if gate.drill is not None:
        lines += ["", "### Drill", "", f"{MARKS[gate.drill.outcome]}: {_text(gate.drill.because)}"]
    if gate.audit:
        lines += ["", "### Audit", "", *_table(gate.audit)]
    return "\n".join(lines) + "\n"


def _run(run: RunVerdict) -> list[str]:
    played = run.played
    lines = ["", f"### {_text(played.experiment)}", ""]
    if played.verdict is not None:
        lines += [f"**{_text(played.verdict['headline'])}**", "", *_to_fix(played.verdict)]
    if run.baseline is not None:
        lines += [f"Compared with {_text(run.baseline.shown)}.", ""]
    lines += _table(run.cases)
    if played.run:
        lines += ["", f"Run {_text(played.run)} took {show_seconds(round(played.seconds))}."]
    return lines


def _to_fix(verdict: dict[str, Any]) -> list[str]:
    fixes = verdict.get("fixes") if verdict["verdict"] == "fail" else None
    if not fixes:
        return []
    return [f"{HEADING}:", "", *(f"1. {_text(each['what'])}" for each in fixes), ""]


def _table(cases: Sequence[Case]) -> list[str]:
    """Sort cases, worst first."""
    rows = ["| outcome | check | measured | allowed | because |", "| --- | --- | ---: | ---: | --- |"]
    for case in sorted(cases, key=lambda case: _ORDER.index(case.outcome)):
        label = case.check if case.check == case.name else f"{case.check}: {case.name}"
        measured = show_bounded(case.measured, case.unit, lower_bound=case.lower_bound)
        numbers = [measured, show_bound(case.sign, case.allowed, case.unit)]
        cells = [MARKS[case.outcome], *(_text(cell) for cell in (label, *numbers, case.because))]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _text(text: str) -> str:
    """Escape the text for Markdown and HTML, on one line."""
    return _SPECIAL.sub(r"\\\1", _NOT_PRINTED.sub(" ", text))
