"""The key figures: one card each, with the allowed value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks.finding import Finding, Outcome
from chaos.reports.rows import at_least
from chaos.reports.show import show_value

_LABELS = {
    ("recovery", "recovery"): "recovery after undo",
    ("recovery", "rto"): "worst outage (RTO)",
    ("loss", "lost_writes"): "lost writes",
    ("loss", "rpo"): "RPO",
    ("logs", ""): "log lines lost",
    ("availability", ""): "availability",
    ("latency", ""): "latency",
    ("burn_rate", ""): "burn rate",
}
_BUDGETED = {("recovery", "rto"), ("loss", "rpo")}
_ORDER = ("availability", "latency", "burn_rate", "recovery", "loss", "logs")


@dataclass(frozen=True, slots=True)
class Card:
    label: str
    value: str
    allowed: str  # or the reason why there is no value
    outcome: Outcome


def key_figures(findings: Sequence[Finding]) -> list[Card]:
    """Return the figures that readers look for first, in that order; several of a kind are labeled by name."""
    shown = [finding for check in _ORDER for finding in findings if finding.check == check]
    times = Counter(_label(finding) for finding in shown)
    return [_card(finding, several=times[_label(finding)] > 1) for finding in shown]


def _label(finding: Finding) -> str:
    if finding.check == "latency" and "percentile" in finding.evidence:
        return f"p{finding.evidence['percentile']:g}"
    place = (finding.check, finding.name)
    return _LABELS.get(place) or _LABELS.get((finding.check, "")) or finding.name


def _card(finding: Finding, *, several: bool) -> Card:
    label = finding.name if several else _label(finding)
    return Card(label, show_value(finding.measured, finding.unit), _allowed(finding), finding.outcome)


def _allowed(finding: Finding) -> str:
    if finding.measured is None:
        return finding.because
    if finding.allowed is None:
        return "no limit set"
    of_a_drill = "spans" in finding.evidence or "lost_with_it" in finding.evidence  # judged by its limit
    what = "budget" if (finding.check, finding.name) in _BUDGETED and not of_a_drill else "allowed"
    if finding.check in ("availability", "latency", "burn_rate"):
        what = "objective"
    sign = "≥" if at_least(finding) else "≤"
    return f"{what} {sign} {show_value(finding.allowed, finding.unit)}"
