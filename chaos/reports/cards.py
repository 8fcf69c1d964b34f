"""The key figures: one card each, with the allowed value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks import loss, lost_writes, recovery
from chaos.checks.finding import Finding, Outcome
from chaos.checks.invariants import lost_updates
from chaos.checks.registered import described
from chaos.checks.slo import latency
from chaos.reports.show import show_bound, show_measured, show_value

_OUTAGE, _RTO = (recovery.NAME, "outage"), (recovery.NAME, "rto")
_BUDGETED = {_RTO, (loss.NAME, "rpo")}


@dataclass(frozen=True, slots=True)
class Card:
    label: str
    value: str
    allowed: str
    outcome: Outcome


def key_figures(findings: Sequence[Finding]) -> list[Card]:
    """Return the figures that readers look for first, without those not measured; several of a kind are labeled by
    name."""
    found = [
        finding for finding in findings if described(finding.check).cards and finding.measured is not None
    ]
    whole = any((each.check, each.name) == _OUTAGE for each in found)
    shown = [each for each in found if not (whole and _repeats(each))]
    times = Counter(_label(finding) for finding in shown)
    return [_card(finding, several=times[_label(finding)] > 1) for finding in shown]


def _repeats(finding: Finding) -> bool:
    """Return True for the worst outage against the budget, if it also has a limit of its own: it is one figure."""
    return (finding.check, finding.name) == _RTO and "spans" not in finding.evidence


def _label(finding: Finding) -> str:
    if finding.check == latency.NAME and "percentile" in finding.evidence:
        return f"p{finding.evidence['percentile']:g}"
    if finding.name == "rto" and "spans" in finding.evidence:
        return "RTO"
    if finding.name == lost_writes.NAME and finding.evidence.get("lost_with_it"):
        return f"lost besides the {finding.evidence['lost_with_it']} of the RPO"
    if finding.measured is not None and lost_updates(finding) == finding.measured:
        return "lost updates"
    labels = described(finding.check).cards
    return labels.get(finding.name) or labels.get("") or finding.name


def _card(finding: Finding, *, several: bool) -> Card:
    label = finding.name if several else _label(finding)
    return Card(label, _value(finding), _allowed(finding), finding.outcome)


def _value(finding: Finding) -> str:
    """Return the figure. A percentile that falls on a failed request has none: it is beyond its objective."""
    if finding.measured is not None and math.isinf(finding.measured):
        return "failed" if finding.allowed is None else f"> {show_value(finding.allowed, finding.unit)}"
    if (finding.check, finding.name) == _OUTAGE and not finding.measured:
        return "none"
    return show_measured(finding)


def _allowed(finding: Finding) -> str:
    if finding.allowed is None:
        return "no limit set"
    of_a_drill = "spans" in finding.evidence or "lost_with_it" in finding.evidence  # judged by its limit
    what = "budget" if (finding.check, finding.name) in _BUDGETED and not of_a_drill else "allowed"
    if described(finding.check).section == "objectives":
        what = "objective"
    sign = described(finding.check).sign(finding.unit)
    return f"{what} {show_bound(sign, finding.allowed, finding.unit)}"
