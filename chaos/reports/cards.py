"""The key figures: one card each, beside what was allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks.finding import Finding, Outcome
from chaos.reports.show import show_value

_LABELS = {
    ("recovery", "recovery"): "recovery after restore",
    ("recovery", "rto"): "worst outage (RTO)",
    ("loss", "lost_writes"): "lost writes",
    ("loss", "rpo"): "RPO",
    ("logs", ""): "log lines lost",
    ("availability", ""): "availability",
    ("latency", ""): "latency",
}
_PROMISES = {("recovery", "rto"), ("loss", "rpo")}
_ORDER = ("availability", "latency", "recovery", "loss", "logs")


@dataclass(frozen=True, slots=True)
class Card:
    label: str
    value: str
    allowed: str  # or why there is no value
    outcome: Outcome


def key_figures(findings: Sequence[Finding]) -> list[Card]:
    """The figures a reader asks for first, in that order."""
    return [_card(finding) for check in _ORDER for finding in findings if finding.check == check]


def _card(finding: Finding) -> Card:
    place = (finding.check, finding.name)
    label = _LABELS.get(place) or _LABELS.get((finding.check, "")) or finding.name
    if finding.check == "latency" and "percentile" in finding.evidence:
        label = f"p{finding.evidence['percentile']:g}"
    return Card(label, show_value(finding.measured, finding.unit), _allowed(finding), finding.outcome)


def _allowed(finding: Finding) -> str:
    if finding.measured is None:
        return finding.because
    if finding.allowed is None:
        return "no limit set"
    what = "promise" if (finding.check, finding.name) in _PROMISES else "allowed"
    if finding.check in ("availability", "latency"):
        what = "objective"
    sign = "≥" if finding.check == "availability" else "≤"
    return f"{what} {sign} {show_value(finding.allowed, finding.unit)}"
